using Aviso.Delivery;
using Aviso.Spam;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Delivery.Fates;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>DMARC that fails is applied, and what our field says was done is what was done.</summary>
public sealed class DmarcRuleTests
{
    private const string Refused = "550 5.7.1 bank.example asks that mail which it does not stand behind is refused (DMARC)";

    [Theory]
    [InlineData("reject", DmarcAction.Refuse, "alice", Refused, null)]
    [InlineData("reject", DmarcAction.Junk, "alice", null, "Junk")]
    [InlineData("reject", DmarcAction.Score, "alice", null, "INBOX")]
    [InlineData("quarantine", DmarcAction.Refuse, "alice", null, "Junk")]
    [InlineData("quarantine", DmarcAction.Junk, "alice", null, "Junk")]
    [InlineData("quarantine", DmarcAction.Score, "alice", null, "INBOX")]
    [InlineData("none", DmarcAction.Refuse, "alice", null, "INBOX")]
    [InlineData("reject", DmarcAction.Refuse, "postmaster", null, "Junk")]
    [InlineData("reject", DmarcAction.Refuse, "alice postmaster", null, "Junk")]
    public async Task What_the_authors_domain_asks_for_is_done(string policy, DmarcAction action, string to, string? reply, string? mailbox)
    {
        await using var scene = await OpenAsync(policy, action);
        Assert.Equal(reply, await scene.RawAsync(Text("Boss <boss@bank.example>"), to));
        if (mailbox is null)
        {
            Assert.Empty(await scene.ReadAsync("alice", "INBOX"));
            Assert.Empty(await scene.ReadAsync("alice", "Junk"));
            return;
        }
        var text = Assert.Single(await scene.ReadAsync("alice", mailbox));
        Assert.Contains($"dmarc=fail (p={policy} dis={(mailbox == "Junk" ? "quarantine" : "none")})", text.Replace("\r\n\t", " ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a@sender.example, boss@bank.example", Refused)]
    [InlineData("a@one.example, b@two.example, c@three.example, d@four.example, e@five.example, boss@bank.example", "550 5.6.0 The header is not acceptable: From has too many domains")]
    [InlineData("x@sender.example\r\nFrom: boss@bank.example", "550 5.6.0 The header is not acceptable: there are 2 From fields")]
    [InlineData("Boss", "550 5.6.0 The header is not acceptable: From has no address")]
    [InlineData("", "550 5.6.0 The header is not acceptable: From has no address")]
    [InlineData("x@sender.example", null)]
    public async Task Who_hides_among_authors_gains_nothing(string from, string? reply)
    {
        await using var scene = await OpenAsync("reject", DmarcAction.Refuse);
        Assert.Equal(reply, await scene.RawAsync(Text(from), "alice"));
    }

    [Theory]
    [InlineData("Subject: hi\r\n\r\nhi\r\n", From.Proven, false, "550 5.6.0 The header is not acceptable: there is no From")]
    [InlineData("Subject: hi\r\nFrom\r\n : boss@bank.example\r\n\r\nhi\r\n", From.Proven, false, "550 5.6.0 The header is not acceptable: a line of the header is no field")]
    [InlineData("From\r\n : boss@bank.example\r\n\r\nhi\r\n", From.Proven, false, "550 5.6.0 The header is not acceptable: there is no From")]
    [InlineData("Subject: failed\r\n\r\nsorry\r\n", From.Null, false, null)]
    [InlineData("Subject: printer\r\n\r\nno paper\r\n", From.Proven, true, null)]
    public async Task A_strangers_message_says_who_wrote_it(string text, object from, bool isInternal, string? reply)
    {
        await using var scene = await OpenAsync("reject", DmarcAction.Refuse);
        Assert.Equal(reply, await scene.RawAsync(text, "alice", (From)from, isInternal: isInternal));
    }

    [Fact]
    public async Task An_allow_entry_speaks_for_a_message_and_reputation_does_not()
    {
        await using var scene = await OpenAsync("reject", DmarcAction.Refuse);
        var lists = new SenderLists(scene.Store.Store, scene.Store.Clock);
        var filter = new SpamFilter(new(), [new SenderListCheck(lists), new Friend()], scene.Store.Clock, NullLogger.Instance);
        scene.Filters = scene.Filters with { Spam = () => filter };
        Assert.Equal(Refused, await scene.RawAsync(Text("boss@bank.example"), "alice"));
        await lists.AddAsync(scene.AccountOf("alice"), allows: true, SenderEntry.Parse("boss@bank.example", false, out _)!, default);
        Assert.Null(await scene.RawAsync(Text("boss@bank.example"), "alice bob"));
        Assert.Contains("dis=none", Assert.Single(await scene.ReadAsync("alice", "INBOX")), StringComparison.Ordinal);
        Assert.Contains("dis=quarantine", Assert.Single(await scene.ReadAsync("bob", "Junk")), StringComparison.Ordinal);
        Assert.Equal(Refused, await scene.RawAsync(Text("boss@bank.example"), "bob"));
        await lists.AddAsync(default, allows: true, SenderEntry.Parse("192.0.2.0/24", false, out _)!, default);
        Assert.Null(await scene.RawAsync(Text("boss@bank.example"), "bob"));
        Assert.Single(await scene.ReadAsync("bob", "INBOX"));
    }

    [Fact]
    public async Task What_a_relay_of_ours_took_is_filed_not_refused()
    {
        await using var scene = await OpenAsync("reject", DmarcAction.Refuse);
        Assert.Null(await scene.RawAsync(Text("boss@bank.example"), "alice", lmtp: true));
        Assert.Single(await scene.ReadAsync("alice", "Junk"));
    }

    private static async Task<FateScene> OpenAsync(string policy, DmarcAction action)
    {
        var scene = await FateScene.OpenAsync(Declare.Account("carol@example.org"));
        scene.Zone.Txt("_dmarc.bank.example", $"v=DMARC1; p={policy}");
        scene.Filters = scene.Filters with { Dmarc = () => action };
        return scene;
    }

    private static string Text(string from) => $"From: {from}\r\nTo: alice@example.org\r\nSubject: hi\r\n\r\nhello\r\n";

    private sealed class Friend : ISpamCheck
    {
        public string Name => "friend";

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
        {
            context.Add("REP_NETWORK", -5, "a friend");
            return default;
        }
    }
}
