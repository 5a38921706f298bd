using Aviso.Delivery;
using Aviso.Tests.Unit.Delivery.Fates;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What a header must be: small enough to be read whole, and of a submission plain about who wrote it.</summary>
public sealed class HeaderRulesTests
{
    private const string Stranger = "From: x@sender.example\r\nSubject: hi\r\n\r\nhello\r\n", Refused = "554 5.6.0 The header is not acceptable: ";
    private const string Unreadable = Refused + "From cannot be read, or has more than 100 addresses";

    [Theory]
    [InlineData("From: alice@example.org", null)]
    [InlineData("From: Alice <alice@example.org>", null)]
    [InlineData("From: \"Alice, of \\\"us\\\"\" <alice+x@example.org> (me)", null)]
    [InlineData("From: =?utf-8?q?Alic=C3=A9?=\r\n <alice@example.org>", null)]
    [InlineData("From: Alicé [work] J. Doe <alice@example.org>", null)]
    [InlineData("From: alice@example.org\r\nSender: Alice <alice@example.org>", null)]
    [InlineData("From: alice@example.org\r\nResent-From: alice@example.org", null)]
    [InlineData("Subject: x", Refused + "there is no From")]
    [InlineData("From: alice@example.org\r\nfrom : bob@example.org", Refused + "there are 2 From fields")]
    [InlineData("From: alice@example.org\r\nSender: alice@example.org\r\nSender: alice@example.org", Refused + "there are several Sender or Resent fields of one name")]
    [InlineData("From: alice@example.org\r\nResent-From: alice@example.org\r\nResent-From: alice@example.org", Refused + "there are several Sender or Resent fields of one name")]
    [InlineData("From: alice@example.org\r\nSender: alice@example.org, alice@example.org", Refused + "Sender cannot be read, or has more than 1 addresses")]
    [InlineData("From: <alice@example.org> <ceo@bank.example>", Unreadable)]
    [InlineData("From: <alice@example.org> ceo@bank.example", Unreadable)]
    [InlineData("From: ceo@bank.example <alice@example.org>", Unreadable)]
    [InlineData("From: \"open <alice@example.org>", Unreadable)]
    [InlineData("From: (open <alice@example.org>", Unreadable)]
    [InlineData("From: alice@example.org (open", Unreadable)]
    [InlineData("From: <alice@example.org", Unreadable)]
    [InlineData("From: alice", Unreadable)]
    [InlineData("From: Alice <alice>", Unreadable)]
    [InlineData("From: =?utf-8?q?ceo=40bank.example?=", Unreadable)]
    [InlineData("From: <=?utf-8?q?ceo?=@example.org>", Unreadable)]
    [InlineData("From: us: alice@example.org;", Unreadable)]
    [InlineData("From: alice@example.org,", Unreadable)]
    [InlineData("From: <@a.example:alice@example.org>", Unreadable)]
    [InlineData("From:", Unreadable)]
    [InlineData("From\r\n : ceo@bank.example\r\nFrom: alice@example.org", Refused + "there is no From")]
    [InlineData("Subject: x\r\nFrom\r\n : ceo@bank.example\r\nFrom: alice@example.org", Refused + "a line of the header is no field")]
    [InlineData("From: alice@example.org\r\nno field at all", Refused + "a line of the header is no field")]
    [InlineData("From: bob@example.org", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    [InlineData("From: alice@example.org\r\nResent-From: bob@example.org", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    [InlineData("From: alice@example.org\r\nResent-Sender: bob@example.org", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    public async Task A_submission_says_plainly_who_wrote_it(string fields, string? reply)
    {
        await using var scene = await FateScene.OpenAsync();
        Assert.Equal(reply, await scene.RawAsync(fields + "\r\nTo: bob@example.org\r\n\r\nhi\r\n", "bob", login: "alice"));
        Assert.Equal(reply is null ? 1 : 0, (await scene.ReadAsync("bob", "INBOX")).Count);
    }

    [Fact]
    public async Task More_authors_than_are_looked_at_are_refused_whatever_hides_them()
    {
        await using var scene = await FateScene.OpenAsync();
        var own = string.Join(",\r\n ", Enumerable.Repeat("alice@example.org", 100));
        Assert.Null(await scene.RawAsync($"From: {own}\r\n\r\nhi\r\n", "bob", login: "alice"));
        Assert.Equal(Unreadable, await scene.RawAsync($"From: {own},\r\n ceo@bank.example\r\n\r\nhi\r\n", "bob", login: "alice"));
        Assert.Equal(Unreadable, await scene.RawAsync($"From: {string.Concat(Enumerable.Repeat("a:;,", 2001))} ceo@bank.example\r\n\r\nhi\r\n", "bob", login: "alice"));
        Assert.StartsWith(Refused, await scene.RawAsync($"From: alice@example.org\r\nSender: {own}\r\n\r\nhi\r\n", "bob", login: "alice"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("alice")]
    public async Task A_header_over_the_limit_is_refused_and_one_below_is_read_to_its_end(string? login)
    {
        await using var scene = await FateScene.OpenAsync();
        var pad = string.Concat(Enumerable.Repeat("X-Pad: " + new string('x', 991) + "\r\n", 239));
        var from = login is null ? "x@sender.example" : "alice@example.org";
        Assert.Null(await scene.RawAsync($"{pad}From: {from}\r\n\r\nhi\r\n", "bob", login: login));
        foreach (var more in (string[])[pad + pad + $"From: {from}\r\n\r\nhi\r\n", pad + pad, $"From: {from}\r\n{pad}X-Pad: {new string('y', 9000)}\r\n\r\nhi\r\n"])
            Assert.Equal("550 5.6.0 The header is not acceptable: larger than 245760 octets", await scene.RawAsync(more, "bob", login: login));
        // What stands at the very end is believed, or refused, like anything else.
        if (login is null) return;
        Assert.Equal("553 5.7.1 alice@example.org lacks the grant send_as bob@example.org", await scene.RawAsync($"From: alice@example.org\r\n{pad}Sender: bob@example.org\r\n\r\nhi\r\n", "bob", login: login));
    }

    [Theory]
    [InlineData("just text\r\nmore: text\r\n", "\r\njust text\r\nmore: text\r\n")]
    [InlineData(" folded\r\nFrom: x@sender.example\r\n\r\nhi\r\n", "\r\n folded\r\nFrom: x@sender.example\r\n\r\nhi\r\n")]
    [InlineData("\tfolded\r\n\r\nhi\r\n", "\r\n\tfolded\r\n\r\nhi\r\n")]
    [InlineData("From x@y Mon Sep 21 14:13:20 2026\r\n" + Stranger, Stranger)]
    [InlineData(">From x@y Mon Sep 21 14:13:20 2026\r\n" + Stranger, Stranger)]
    [InlineData("\r\nhi\r\n", "\r\nhi\r\n")]
    [InlineData(Stranger, Stranger)]
    [InlineData("From : x@sender.example\r\n\r\nhi\r\n", "From : x@sender.example\r\n\r\nhi\r\n")]
    public async Task What_is_no_header_stays_apart_from_ours(string text, string kept)
    {
        await using var scene = await FateScene.OpenAsync();
        scene.Filters = scene.Filters with { Dmarc = () => DmarcAction.Score };
        Assert.Null(await scene.RawAsync(text, "bob"));
        var stored = Assert.Single(await scene.ReadAsync("bob", "INBOX"));
        Assert.EndsWith("; Mon, 21 Sep 2026 14:13:20 +0000\r\n" + kept, stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submission_tells_nobody_of_blind_copies_and_speaks_not_in_our_name()
    {
        await using var scene = await FateScene.OpenAsync();
        await scene.RawAsync("Bcc: carol@far.example\r\nFrom: alice@example.org\r\nAuthentication-Results: mail.example.org; dmarc=pass\r\nbcc : dave@far.example,\r\n erin@far.example\r\n"
            + "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <a@b>\r\nResent-Bcc: x@far.example\r\nTo: bob@example.org\r\n\r\nBcc: stays\r\n", "bob", login: "alice");
        Assert.EndsWith("+0000\r\nFrom: alice@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <a@b>\r\nTo: bob@example.org\r\n\r\nBcc: stays\r\n",
            Assert.Single(await scene.ReadAsync("bob", "INBOX")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_message_keeps_its_header_while_it_is_rewritten()
    {
        await using var scene = await FateScene.OpenAsync();
        var text = new string('x', 400_000);
        await scene.RawAsync($"From: alice@example.org\r\nBcc: c@far.example\r\nSubject: big\r\n\r\n{text}\r\n", "bob", login: "alice");
        Assert.EndsWith($"From: alice@example.org\r\nSubject: big\r\n\r\n{text}\r\n", Assert.Single(await scene.ReadAsync("bob", "INBOX")), StringComparison.Ordinal);
    }
}
