using System.Text;
using Aviso.Delivery;
using Aviso.MailAuth;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Where mail that is sent on goes, under which sender, and what comes back.</summary>
public sealed class FilteredForwardTests : FilteredScene
{
    [Fact]
    public async Task A_forward_has_a_sender_of_ours_a_seal_and_its_bounce_finds_the_way_back()
    {
        await PublishAsync("caught.example");
        await SendAsync(Plain, "out@caught.example");
        var (sender, text) = await QueuedAsync("dan@elsewhere.example");
        Assert.StartsWith("SRS0=", sender, StringComparison.Ordinal);
        Assert.EndsWith("@caught.example", sender, StringComparison.Ordinal);
        Assert.StartsWith("ARC-Seal:", text, StringComparison.Ordinal);
        Assert.Contains("\r\nDelivered-To: out@caught.example\r\n", text, StringComparison.Ordinal);
        using var body = Unit.MailAuth.Bodies.Raw(Encoding.UTF8.GetBytes(text));
        Assert.Equal(ArcResult.Pass, (await new ArcVerifier(Zone, new(), Store.Clock).VerifyAsync(body, default)).Result);

        await SendAsync("Subject: failed\r\n\r\nsorry\r\n", [sender], from: "");
        Assert.Equal("", (await QueuedAsync("x@sender.example")).Sender);
    }

    [Theory]
    [InlineData("", "SRS0=AAAAAA=AA=victim.example=bob@caught.example")]
    [InlineData("spammer@bad.example", null)]
    public async Task Nobody_sends_through_us_by_an_srs_address(string from, string? address)
    {
        address ??= (await Srs.ForwardAsync(Addresses.Of("x@sender.example"), Addresses.Domain("example.org"), default)).Wire;
        var transaction = Begin(from, "192.0.2.9");
        var no = await RcptAsync(transaction, new(Addresses.Of(address), null, null));
        // The catch-all takes what is nobody's; it never goes out.
        if (no is null) Assert.EndsWith("@caught.example", address, StringComparison.Ordinal);
        else Assert.Equal("550 5.1.1 No such mailbox here", no.ToString());
    }

    [Fact]
    public async Task Spam_is_not_forwarded_but_kept()
    {
        Filter.Score = 7;
        await SendAsync(Plain, "out@caught.example");
        await SendAsync(Plain, "carol@example.org");
        await OneAsync("keeper@example.org", "Junk");
        await OneAsync("carol@example.org", "Junk");
        Assert.Empty(await Store.Store.ListQueueAsync(new(), 10, default));
    }

    [Theory]
    [InlineData("192.0.2.7", "x@sender.example", 0, 1)]
    [InlineData("203.0.113.9", "x@sender.example", 1, 0)]
    [InlineData("192.0.2.7", "x@unproven.example", 1, 0)]
    [InlineData("192.0.2.7", "", 1, 0)]
    public async Task A_full_mailbox_bounces_only_to_a_sender_that_is_proven(string remote, string from, int filed, int bounces)
    {
        await SendAsync(Plain + new string('x', 3000) + "\r\n", ["tight@example.org", "keeper@example.org"], from, remote);
        Assert.Single(await ReadAsync("keeper@example.org", "INBOX"));
        Assert.Equal(filed, (await ReadAsync("tight@example.org", "INBOX")).Count);
        Assert.Equal(bounces, (await Store.Store.ListQueueAsync(new(), 10, default)).Count);
    }

    [Fact]
    public async Task A_failed_forward_of_a_false_sender_is_kept_here_whole()
    {
        // SPF says that this client may not: whoever stands there did not send it.
        await SendAsync(Plain, ["out@caught.example"], remote: "203.0.113.9");
        var (sender, _) = await QueuedAsync("dan@elsewhere.example");
        Assert.Equal(Addresses.Of("keeper@example.org"), await Srs.ReverseAsync(Addresses.Of(sender).LocalPart, default));
        var item = Assert.Single(await Store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(DsnReturn.Full, item.Message.Return);
        var kept = await new NoticeTarget(Accounts, Srs).FindAsync(sender, default);
        Assert.Equal(Accounts.Table.FindAccount("keeper@example.org"), kept.Local?.Account);
    }

    // RFC 5321 §4.1.2: what was acknowledged leaves under a path, and its bounce finds the way back.
    [Theory]
    [InlineData("\"john doe\"@sender.example")]
    [InlineData("\"a..b\"@sender.example")]
    [InlineData("bounces+28450412-3d1f-fwd=example.test@em7711.news.gartenwelt.sender.example")]
    public async Task A_forward_of_any_sender_leaves_under_a_path_and_its_bounce_comes_back(string from)
    {
        Zone.Txt("em7711.news.gartenwelt.sender.example", "v=spf1 ip4:192.0.2.7 -all");
        await SendAsync(Plain, ["out@caught.example"], from: from);
        var (sender, _) = await QueuedAsync("dan@elsewhere.example");
        var path = new PathGrammar(Encoding.UTF8.GetBytes($"<{sender}>"));
        Assert.True(path.TryPath(out var read) && path.AtEnd, sender);
        Assert.Equal("caught.example", read.Address.Domain.Ascii);
        await SendAsync(Plain, [sender], from: "", remote: "203.0.113.9");
        Assert.Equal("", (await QueuedAsync(Addresses.Of(from).Wire)).Sender);
    }

    // Neither sent on nor returned: the address that forwards it keeps it, whole.
    [Theory]
    [InlineData("")]
    [InlineData("SRS0=ABCDEF=AA=x.example=\"john doe\"@caught.example")]
    public async Task A_failed_forward_that_cannot_be_returned_is_for_the_address_that_forwards_it(string sender)
    {
        var target = new NoticeTarget(Accounts, Srs);
        if (sender.Length > 0) Assert.True((await target.FindAsync(sender, default)).IsNobody);
        var keeper = await target.KeeperAsync("rfc822;out@caught.example", default);
        Assert.Equal((Accounts.Table.FindAccount("keeper@example.org"), true), (keeper?.Local?.Account, keeper?.IsKeeper));
        Assert.Null(await target.KeeperAsync("rfc822;someone@elsewhere.example", default));
        Assert.Null(await target.KeeperAsync("", default));
    }
}
