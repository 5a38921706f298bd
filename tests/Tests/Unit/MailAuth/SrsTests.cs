using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class SrsTests
{
    private const long Day = 86_400;
    private const long Now = 1_790_000_000;

    private static readonly byte[] Old = "an older secret"u8.ToArray(), New = "a newer secret"u8.ToArray();

    private static Srs At(long seconds, params byte[][] secrets) => new(secrets.Length == 0 ? [New] : secrets, new FixedClock(seconds));

    private static string Local(string address) => address[..address.LastIndexOf('@')];

    [Theory]
    [InlineData("alice@sender.example")]
    [InlineData("a=b+c@sender.example")]
    [InlineData("SRS0fake@sender.example")]
    public void A_forwarded_sender_comes_back(string sender)
    {
        var forwarded = At(Now).Forward(sender, "example.org");
        Assert.EndsWith("@example.org", forwarded, StringComparison.Ordinal);
        Assert.Equal(sender, At(Now + (3 * Day)).Reverse(Local(forwarded)).Address);
    }

    [Fact]
    public void A_local_part_in_another_case_comes_back_in_that_case()
    {
        var forwarded = At(Now).Forward("alice@sender.example", "example.org");
        Assert.Equal("alice@sender.example", At(Now).Reverse(Local(forwarded).ToLowerInvariant()).Address);
        Assert.Equal("ALICE@SENDER.EXAMPLE", At(Now).Reverse(Local(forwarded).ToUpperInvariant()).Address);
    }

    [Fact]
    public void It_lasts_three_weeks()
    {
        var local = Local(At(Now).Forward("alice@sender.example", "example.org"));
        Assert.NotNull(At(Now + (21 * Day)).Reverse(local).Address);
        Assert.Equal("too old", At(Now + (22 * Day)).Reverse(local).Problem);
        Assert.NotNull(At(Now - Day).Reverse(local).Address);
    }

    [Fact]
    public void A_replaced_secret_still_verifies_and_a_strangers_never_does()
    {
        var local = Local(At(Now, Old).Forward("alice@sender.example", "example.org"));
        Assert.NotNull(At(Now, New, Old).Reverse(local).Address);
        Assert.Equal("the hash is not ours", At(Now, New).Reverse(local).Problem);
        Assert.Equal("the hash is not ours", At(Now).Reverse("SRS0=ABCDEF=AA=victim.example=bob").Problem);
    }

    [Fact]
    public void What_was_changed_in_it_is_noticed()
    {
        var local = Local(At(Now).Forward("alice@sender.example", "example.org"));
        Assert.Null(At(Now).Reverse(local.Replace("alice", "mallory", StringComparison.Ordinal)).Address);
        Assert.Null(At(Now).Reverse(local.Replace("sender", "victim", StringComparison.Ordinal)).Address);
    }

    [Fact]
    public void A_second_forwarder_sends_bounces_to_the_first()
    {
        var first = At(Now, Old).Forward("alice@sender.example", "first.example");
        var second = At(Now, New).Forward(first, "second.example");
        var third = new Srs(["third"u8.ToArray()], new FixedClock(Now)).Forward(second, "third.example");
        Assert.StartsWith("SRS1=", second, StringComparison.Ordinal);
        Assert.Equal(first, At(Now, New).Reverse(Local(second)).Address);
        // The third one goes past the second, straight to the first.
        Assert.Equal(first, new Srs(["third"u8.ToArray()], new FixedClock(Now)).Reverse(Local(third)).Address);
        Assert.Equal("alice@sender.example", At(Now, Old).Reverse(Local(first)).Address);
    }

    [Fact]
    public void One_kind_does_not_pass_for_the_other()
    {
        var first = At(Now).Forward("alice@sender.example", "first.example");
        var second = At(Now).Forward(first, "second.example");
        Assert.Null(At(Now).Reverse("SRS1" + Local(first)[4..]).Address);
        Assert.Null(At(Now).Reverse("SRS0" + Local(second)[4..]).Address);
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("SRS0=")]
    [InlineData("SRS0=a=b=c")]
    [InlineData("SRS1=x=y")]
    [InlineData("SRS0")]
    public void What_is_no_srs_address_is_said_to_be_none(string local) => Assert.Null(At(Now).Reverse(local).Address);
}
