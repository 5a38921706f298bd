using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Tests.Unit.Base;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class SrsTests
{
    private const long Day = 86_400;
    private const long Now = 1_790_000_000;

    private static readonly byte[] Old = "an older secret"u8.ToArray(), New = "a newer secret"u8.ToArray();

    private static Srs At(long seconds, params byte[][] secrets) => new(secrets.Length == 0 ? [New] : secrets, new FixedClock(seconds));

    private static MailAddress Forward(Srs srs, string sender, string domain) => srs.Forward(Addresses.Of(sender), Addresses.Domain(domain));

    [Theory]
    [InlineData("alice@sender.example")]
    [InlineData("a=b+c@sender.example")]
    [InlineData("SRS0fake@sender.example")]
    [InlineData("\"john doe\"@sender.example")]
    [InlineData("\"a..b\"@sender.example")]
    [InlineData("\"a\\\"b\\\\c@d\"@sender.example")]
    [InlineData("\"=\"@sender.example")]
    [InlineData("иван@пример.test")]
    [InlineData("ivan@пример.test")]
    public void A_forwarded_sender_comes_back(string sender)
    {
        var forwarded = Forward(At(Now), sender, "example.org");
        Assert.Equal("example.org", forwarded.Domain.Ascii);
        Assert.Equal(Addresses.Of(sender), At(Now + (3 * Day)).Reverse(forwarded.LocalPart).Address);
    }

    // RFC 5321 §4.1.2: what is written must be a path, quotes around the whole and never inside.
    [Theory]
    [InlineData("\"john doe\"@sender.example", "=john doe\"@example.org")]
    [InlineData("\"a..b\"@sender.example", "=a..b\"@example.org")]
    public void A_quoted_local_part_is_quoted_as_a_whole(string sender, string end)
    {
        var wire = Forward(At(Now), sender, "example.org").Wire;
        Assert.StartsWith("\"SRS0=", wire, StringComparison.Ordinal);
        Assert.EndsWith(end, wire, StringComparison.Ordinal);
        var path = new Aviso.Smtp.PathGrammar(System.Text.Encoding.UTF8.GetBytes($"<{wire}>"), Aviso.Smtp.PathLeniency.LongLocalPart);
        Assert.True(path.TryPath(out var read) && path.AtEnd, wire);
        Assert.Equal(Addresses.Of(sender), At(Now).Reverse(read.Address.LocalPart).Address);
    }

    [Fact]
    public void Every_sender_comes_back_whatever_its_local_part()
    {
        var random = new Random(4713);
        const string Letters = "aZ9.=+- \"\\@<>();,ü";
        for (var i = 0; i < 5_000; i++)
        {
            var local = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => Letters[random.Next(Letters.Length)]));
            var sender = new MailAddress(local, Addresses.Domain("sender.example"));
            var forwarded = At(Now).Forward(sender, Addresses.Domain("example.org"));
            Assert.True(MailAddress.TryParse(forwarded.Wire, out var read), forwarded.Wire);
            Assert.Equal(sender, At(Now).Reverse(read.LocalPart).Address);
        }
    }

    [Fact]
    public void A_local_part_in_another_case_comes_back_in_that_case()
    {
        var forwarded = Forward(At(Now), "alice@sender.example", "example.org");
        Assert.Equal(Addresses.Of("alice@sender.example"), At(Now).Reverse(forwarded.LocalPart.ToLowerInvariant()).Address);
        Assert.Equal(Addresses.Of("ALICE@sender.example"), At(Now).Reverse(forwarded.LocalPart.ToUpperInvariant()).Address);
    }

    [Fact]
    public void It_lasts_three_weeks()
    {
        var local = Forward(At(Now), "alice@sender.example", "example.org").LocalPart;
        Assert.NotNull(At(Now + (21 * Day)).Reverse(local).Address);
        Assert.Equal("too old", At(Now + (22 * Day)).Reverse(local).Problem);
        Assert.NotNull(At(Now - Day).Reverse(local).Address);
    }

    [Fact]
    public void A_replaced_secret_still_verifies_and_a_strangers_never_does()
    {
        var local = Forward(At(Now, Old), "alice@sender.example", "example.org").LocalPart;
        Assert.NotNull(At(Now, New, Old).Reverse(local).Address);
        Assert.Equal("the hash is not ours", At(Now, New).Reverse(local).Problem);
        Assert.Equal("the hash is not ours", At(Now).Reverse("SRS0=ABCDEF=AA=victim.example=bob").Problem);
    }

    [Fact]
    public void What_was_changed_in_it_is_noticed()
    {
        var local = Forward(At(Now), "alice@sender.example", "example.org").LocalPart;
        Assert.Null(At(Now).Reverse(local.Replace("alice", "mallory", StringComparison.Ordinal)).Address);
        Assert.Null(At(Now).Reverse(local.Replace("sender", "victim", StringComparison.Ordinal)).Address);
    }

    [Fact]
    public void A_second_forwarder_sends_bounces_to_the_first()
    {
        var first = Forward(At(Now, Old), "alice@sender.example", "first.example");
        var second = At(Now, New).Forward(first, Addresses.Domain("second.example"));
        var third = new Srs(["third"u8.ToArray()], new FixedClock(Now)).Forward(second, Addresses.Domain("third.example"));
        Assert.StartsWith("SRS1=", second.LocalPart, StringComparison.Ordinal);
        Assert.Equal(first, At(Now, New).Reverse(second.LocalPart).Address);
        // The third one goes past the second, straight to the first.
        Assert.Equal(first, new Srs(["third"u8.ToArray()], new FixedClock(Now)).Reverse(third.LocalPart).Address);
        Assert.Equal(Addresses.Of("alice@sender.example"), At(Now, Old).Reverse(first.LocalPart).Address);
    }

    [Fact]
    public void One_kind_does_not_pass_for_the_other()
    {
        var first = Forward(At(Now), "alice@sender.example", "first.example");
        var second = At(Now).Forward(first, Addresses.Domain("second.example"));
        Assert.Null(At(Now).Reverse("SRS1" + first.LocalPart[4..]).Address);
        Assert.Null(At(Now).Reverse("SRS0" + second.LocalPart[4..]).Address);
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("SRS0=")]
    [InlineData("SRS0=a=b=c")]
    [InlineData("SRS1=x=y")]
    [InlineData("SRS0")]
    public void What_is_no_srs_address_is_said_to_be_none(string local) => Assert.Null(At(Now).Reverse(local).Address);
}
