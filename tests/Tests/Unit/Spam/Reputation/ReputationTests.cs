using System.Net;
using Aviso.MailAuth;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Spam.Learning;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Senders;

public sealed class ReputationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-reputation-").FullName;
    private readonly TestClock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("192.0.2.77", "192.0.2.0/24")]
    [InlineData("::ffff:192.0.2.77", "192.0.2.0/24")]
    [InlineData("2001:db8:1:2:3::4", "2001:db8:1::/48")]
    public void Networks_are_24_and_48_bits(string address, string network) =>
        Assert.Equal(network, Reputation.NetworkOf(IPAddress.Parse(address)));

    [Fact]
    public async Task A_bad_network_earns_points_that_fade()
    {
        using var file = Open();
        await using var reputation = new Reputation(file, _clock);
        var network = Reputation.Name('n', "192.0.2.0/24", true);
        for (var i = 0; i < 20; i++) reputation.Note(network, 0, 1);
        var fresh = Score(await SymbolsAsync(reputation), "REP_NETWORK");
        Assert.InRange(fresh, 1.5, 2);
        _clock.Advance(TimeSpan.FromDays(60));
        Assert.InRange(Score(await SymbolsAsync(reputation), "REP_NETWORK"), 0.5, fresh - 0.3);
    }

    [Fact]
    public async Task A_name_nobody_proves_can_only_speak_against()
    {
        using var file = Open();
        await using var reputation = new Reputation(file, _clock);
        var domain = Reputation.Name('d', "example.com", false);
        for (var i = 0; i < 50; i++) reputation.Note(domain, 1, 0);
        Assert.Equal(0, Score(await SymbolsAsync(reputation), "REP_DOMAIN"));
        for (var i = 0; i < 100; i++) reputation.Note(domain, 0, 1);
        Assert.InRange(Score(await SymbolsAsync(reputation), "REP_DOMAIN"), 0.1, 1);
    }

    [Fact]
    public async Task Who_was_never_heard_of_is_named_without_points()
    {
        using var file = Open();
        await using var reputation = new Reputation(file, _clock);
        Assert.Equal(["FIRST_CONTACT"], (await SymbolsAsync(reputation)).Select(s => s.Name));
        await new ReputationNotes(reputation).CheckAsync(Letters.Context(Letters.Spam(1)), default);
        Assert.Empty(await SymbolsAsync(reputation));
    }

    [Fact]
    public async Task Outlives_a_restart()
    {
        var name = Reputation.Name('n', "192.0.2.0/24", true);
        using (var file = Open())
        {
            await using var reputation = new Reputation(file, _clock);
            reputation.Note(name, 1, 4);
        }
        using var again = Open();
        await using var reread = new Reputation(again, _clock);
        Assert.Equal((1f, 4f), (reread.Of(name)!.Value.Ham, reread.Of(name)!.Value.Spam));
    }

    [Fact]
    public async Task Its_own_points_do_not_feed_it()
    {
        using var file = Open();
        await using var reputation = new Reputation(file, _clock);
        var context = Letters.Context(Letters.Spam(1));
        context.Add("REP_DOMAIN", 9, "");
        context.Add("OTHER", 5, "");
        await new ReputationNotes(reputation).CheckAsync(context, default);
        Assert.Equal(0, reputation.Of(Reputation.Name('d', "example.com", false))!.Value.Spam);
    }

    [Fact]
    public async Task People_written_to_and_answers_to_ours_are_trusted_by_that_account_only()
    {
        using var file = Open();
        var correspondents = new Correspondents(file, _clock);
        var alice = new AccountId(1);
        correspondents.WroteTo(alice, ["Offers@Example.com"], ["sent@example.test"]);
        var text = Letters.Spam(1).Replace("Subject:", "In-Reply-To: <sent@example.test>\nSubject:", StringComparison.Ordinal);
        var filter = new SpamFilter(new(), [new TrustCheck(correspondents)], TimeProvider.System, NullLogger.Instance);
        var verdict = await filter.CheckAsync(Letters.Input(text) with { Accounts = [alice, new(2)] }, default);
        Assert.Equal(["REPLY_TO_OURS", "WROTE_TO"], verdict.AccountSymbols![alice].Select(s => s.Name).Order());
        Assert.Equal(0, verdict.ScoreFor(new(2)));
        // Nothing proves the sender: only a little of the trust.
        Assert.Equal(-4, verdict.ScoreFor(alice));
    }

    [Fact]
    public async Task People_in_the_contacts_are_trusted_as_those_who_were_written_to()
    {
        using var file = Open();
        var alice = new AccountId(1);
        var correspondents = new Correspondents(file, _clock)
        {
            IsContact = (account, address, _) =>
                new(account == alice && address.Equals("offers@example.com", StringComparison.OrdinalIgnoreCase)),
        };
        Assert.True(await correspondents.KnowsAsync(alice, "offers@example.com", default));
        Assert.False(await correspondents.KnowsAsync(new(2), "offers@example.com", default));
        var filter = new SpamFilter(new(), [new TrustCheck(correspondents)], TimeProvider.System, NullLogger.Instance);
        var verdict = await filter.CheckAsync(Letters.Input(Letters.Spam(1)) with { Accounts = [alice, new(2)] }, default);
        var symbol = Assert.Single(verdict.AccountSymbols![alice]);
        Assert.Equal(("IN_CONTACTS", -1), (symbol.Name, symbol.Score));
        Assert.Contains("in your contacts, but nothing proves", symbol.Reason, StringComparison.Ordinal);
        Assert.Equal(0, verdict.ScoreFor(new(2)));
        var proven = ProvenMail.Of(Letters.Input(Letters.Spam(1))) with { Accounts = [alice] };
        Assert.Equal(-4, (await filter.CheckAsync(proven, default)).ScoreFor(alice));
        var fails = new DmarcVerdict(DmarcResult.Fail, DmarcPolicy.None, "", "", false, false, null);
        var forged = proven with { Auth = proven.Auth! with { Dmarc = fails } };
        Assert.Equal(0, (await filter.CheckAsync(forged, default)).ScoreFor(alice));
        correspondents.WroteTo(alice, ["offers@example.com"], []);
        verdict = await filter.CheckAsync(Letters.Input(Letters.Spam(1)) with { Accounts = [alice] }, default);
        Assert.Equal("WROTE_TO", Assert.Single(verdict.AccountSymbols![alice]).Name);
    }

    private RowFile Open() => RowFile.Open(Path.Combine(_folder, "spam.db"), _clock, NullLogger.Instance);

    private static double Score(IEnumerable<SpamSymbol> symbols, string name) => symbols.FirstOrDefault(s => s.Name == name)?.Score ?? 0;

    private static async Task<IReadOnlyList<SpamSymbol>> SymbolsAsync(Reputation reputation)
    {
        var context = new SpamContext(Letters.Input(Letters.Spam(1)) with { Client = IPAddress.Parse("192.0.2.9") }, DateTimeOffset.UnixEpoch);
        await new ReputationCheck(reputation).CheckAsync(context, default);
        return context.Symbols;
    }
}
