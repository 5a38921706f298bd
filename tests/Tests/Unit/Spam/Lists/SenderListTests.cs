using System.Net;
using Aviso.MailAuth;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Lists;

public sealed class SenderListTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private AccountId _alice, _bob;
    private SenderLists _lists = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_alice, _) = await _store.AccountAsync();
        (_bob, _) = await _store.AccountAsync("bob@example.test");
        _lists = new(_store.Store, _store.Clock);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData("Ann@One.Example.", null)]
    [InlineData("Ann@One.Example", "ann@one.example")]
    [InlineData("one.example", "one.example")]
    [InlineData("@one.example", "@one.example")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.0/24", "192.0.2.0/24")]
    [InlineData("2001:db8::/32", "2001:db8::/32")]
    [InlineData("0.0.0.0/0", null)]
    [InlineData("192.0.2.1/24", "192.0.2.0/24")]
    [InlineData("co.uk", null)]
    [InlineData("com", null)]
    [InlineData("", null)]
    [InlineData("a b@one.example", null)]
    [InlineData("ann@", null)]
    [InlineData("*@one.example", "*@one.example")]
    public void Entries_are_addresses_domains_and_networks(string text, string? shown)
    {
        var entry = SenderEntry.Parse(text, true, out var problem);
        // A domain may end with the root's dot, which is left out.
        if (text.EndsWith('.')) Assert.Equal("ann@one.example", entry?.Text);
        else Assert.Equal(shown, entry?.Text);
        Assert.True(entry is not null || problem.StartsWith("is ", StringComparison.Ordinal));
    }

    private static SpamInput From(string from, bool proven = true, string client = "11.22.33.44", string sender = "bounce@mailer.example") =>
        SpamMail.Around("hi", from: from) with
        {
            Client = IPAddress.Parse(client),
            Sender = Addresses.Of(sender),
            Auth = new()
            {
                FromDomain = from[(from.LastIndexOf('@') + 1)..].TrimEnd('>'),
                Dmarc = DmarcVerdict.None with { SpfAligned = proven },
            },
        };

    private string Here(SpamInput input) => string.Join(' ', SpamMail.Run(input, new SenderListCheck(_lists)).Symbols.Select(s => $"{s.Name}={s.Score:0}"));

    private void Declare(string allow, string block, bool needsProof = true) =>
        _lists.Declare([.. Parse(allow, needsProof)], [.. Parse(block, false)]);

    private static IEnumerable<SenderEntry> Parse(string entries, bool needsProof) =>
        entries.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(e => SenderEntry.Parse(e, needsProof, out _)!);

    [Theory]
    [InlineData("ann@one.example", "Ann <ANN@one.example>", true, "ALLOWED_HERE=-50")]
    [InlineData("ann@one.example", "Ann <ann@one.example>", false, "ALLOWED_UNPROVEN=0")]
    [InlineData("ann@one.example", "Ann <bob@one.example>", true, "")]
    [InlineData("one.example", "x@news.one.example", true, "ALLOWED_HERE=-50")]
    [InlineData("@one.example", "x@news.one.example", true, "")]
    [InlineData("@one.example", "x@one.example", true, "ALLOWED_HERE=-50")]
    [InlineData("one.example", "x@notone.example", true, "")]
    [InlineData("11.22.33.0/24", "x@any.example", false, "ALLOWED_HERE=-50")]
    [InlineData("mailer.example", "x@any.example", true, "")]
    public void An_allow_list_counts_for_who_is_proven(string allow, string from, bool proven, string symbols)
    {
        Declare(allow, "");
        Assert.Equal(symbols, Here(From(from, proven)));
    }

    [Fact]
    public void Whoever_writes_an_allowed_name_beside_a_proven_one_is_not_allowed()
    {
        Declare("one.example", "");
        var two = SpamMail.Input("From: a@one.example, b@evil.example\nSubject: x\n\nhi\n") with { Auth = new() { FromDomain = "evil.example", Dmarc = DmarcVerdict.None with { DkimAligned = true } } };
        Assert.Equal("ALLOWED_UNPROVEN=0", Here(two));
        two = SpamMail.Input("From: a@one.example\nFrom: b@evil.example\nSubject: x\n\nhi\n") with { Auth = new() { FromDomain = "one.example", Dmarc = DmarcVerdict.None with { DkimAligned = true } } };
        Assert.Equal("ALLOWED_UNPROVEN=0", Here(two));
        two = SpamMail.Input("From: \"a@one.example\" <b@evil.example>\nSubject: x\n\nhi\n") with { Auth = new() { FromDomain = "evil.example", Dmarc = DmarcVerdict.None with { DkimAligned = true } } };
        Assert.Equal("", Here(two));
        Assert.Equal("ALLOWED_UNPROVEN=0", Here(From("a@one.example") with { Auth = null }));
    }

    [Fact]
    public void Proof_can_be_waived()
    {
        Declare("one.example", "", needsProof: false);
        Assert.Equal("ALLOWED_HERE=-50", Here(From("a@one.example", proven: false)));
    }

    [Theory]
    [InlineData("one.example", "x@one.example", "BLOCKED_HERE=50")]
    [InlineData("bounce@mailer.example", "x@one.example", "BLOCKED_HERE=50")]
    [InlineData("11.22.33.44", "x@one.example", "BLOCKED_HERE=50")]
    [InlineData("two.example", "x@one.example", "")]
    public void A_block_list_counts_for_From_the_envelope_and_the_client_without_proof(string block, string from, string symbols)
    {
        Declare("", block);
        Assert.Equal(symbols, Here(From(from, proven: false)));
    }

    [Fact]
    public async Task An_account_decides_for_itself_and_against_everybody()
    {
        Declare("", "one.example");
        await _lists.AddAsync(_alice, true, SenderEntry.Parse("one.example", true, out _)!, default);
        await _lists.AddAsync(_bob, false, SenderEntry.Parse("two.example", false, out _)!, default);
        var filter = new SpamFilter(new(), [new SenderListCheck(_lists)], TimeProvider.System, NullLogger.Instance);
        var verdict = await filter.CheckAsync(From("x@one.example") with { Accounts = [_alice, _bob] }, default);
        // Refusing would take it from alice, who wants it.
        Assert.Equal((SpamAction.Tag, 50, -50, 50), (verdict.Action, verdict.Score, verdict.ScoreFor(_alice), verdict.ScoreFor(_bob)));
        Assert.Contains("ALLOWED_BY_YOU", verdict.Fields(_alice), StringComparison.Ordinal);
        Assert.Contains("X-Spam-Status: No", verdict.Fields(_alice), StringComparison.Ordinal);
        verdict = await filter.CheckAsync(From("x@one.example") with { Accounts = [_bob] }, default);
        Assert.Equal(SpamAction.Reject, verdict.Action);
        verdict = await filter.CheckAsync(From("x@two.example") with { Accounts = [_alice, _bob] }, default);
        Assert.Equal((SpamAction.Accept, 0, 0, 100), (verdict.Action, verdict.Score, verdict.ScoreFor(_alice), verdict.ScoreFor(_bob)));
    }

    [Fact]
    public async Task What_verbs_add_is_kept_and_can_be_taken_back()
    {
        var entry = SenderEntry.Parse("one.example", true, out _)!;
        var loose = SenderEntry.Parse("two.example", false, out _)!;
        Assert.True(await _lists.AddAsync(default, true, entry, default));
        Assert.True(await _lists.AddAsync(default, true, loose, default));
        Assert.True(await _lists.AddAsync(_alice, false, SenderEntry.Parse("192.0.2.0/24", false, out _)!, default));
        var again = new SenderLists(_store.Store, _store.Clock);
        await again.LoadAsync(default);
        Assert.Equal([(entry, false), (loose, false)], again.List(default, true));
        Assert.Equal("192.0.2.0/24", Assert.Single(again.List(_alice, false)).Entry.Text);
        Assert.Empty(again.List(_bob, false));
        Assert.True(await again.RemoveAsync(default, true, entry, default));
        Assert.False(await again.RemoveAsync(default, true, entry, default));
        await _lists.LoadAsync(default);
        Assert.Equal([(loose, false)], _lists.List(default, true));
    }
}
