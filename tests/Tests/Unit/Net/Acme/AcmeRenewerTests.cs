using System.Security.Cryptography;
using Aviso.Dns;
using Aviso.Net;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Aviso.Tests.Unit.Net.Acme;

/// <summary>When certificates are ordered, from whom, and what happens when they do not come; against authorities in memory.</summary>
public sealed class AcmeRenewerTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly FakeShelf _shelf = new();
    private readonly LogLines _log = new();
    private readonly FakeAuthority _first, _second;

    public AcmeRenewerTests() => (_first, _second) = (new("first.example", _clock), new("second.example", _clock));

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    private readonly FakeZone _zone = new();

    private AcmeRenewer Renewer(params FakeAuthority[] authorities) => new(new()
    {
        Authorities = [.. authorities.Select(a => a.Authority)],
        Certificates = [new(["mail.example.org"], AcmeMethod.Http01)],
        Contact = "postmaster@example.org",
    }, _shelf, _zone, _clock, _log, a => authorities.First(f => f.Host == a.Name).Handler(), new Random(1));

    [Fact]
    public async Task A_certificate_is_ordered_kept_and_found_again_after_a_restart()
    {
        var changes = 0;
        using var renewer = Renewer(_first);
        renewer.Changed = () => changes++;
        await renewer.StepAsync(default);
        Assert.Equal(1, changes);
        Assert.Single(renewer.Sources);
        using var shown = new TlsCertificates(renewer.Sources);
        Assert.Equal(["mail.example.org"], TlsCertificates.NamesOf(shown.Default));
        await renewer.StepAsync(default);

        using var again = Renewer(_first);
        await again.LoadAsync(default);
        Assert.Single(again.Sources);
        await again.StepAsync(default);
        Assert.Single(_first.Orders);
        Assert.Equal(1, _first.AccountsMade);
    }

    [Fact]
    public async Task It_is_renewed_with_a_third_of_its_life_left_and_the_account_is_used_again()
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        _clock.Advance(TimeSpan.FromDays(56));
        await renewer.StepAsync(default);
        Assert.Single(_first.Orders);
        _clock.Advance(TimeSpan.FromDays(4.5));
        await renewer.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
        Assert.Equal(1, _first.AccountsMade);
        Assert.Equal(_clock.GetUtcNow().AddDays(90), renewer.States()[0].NotAfter!.Value, TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("next", false)]
    [InlineData("in use", true)]
    [InlineData("both", false)]
    [InlineData("authority", false)]
    [InlineData("stale", false)]
    [InlineData("fails", true)]
    public async Task Renewal_keeps_the_key_while_the_dns_names_it_and_not_the_next(string records, bool kept)
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        var (first, next) = (KeyOf(renewer), renewer.NextKeyOf("mail.example.org")!);
        Assert.NotEqual(first, next);
        const string name = "_25._tcp.mail.example.org";
        if (records is "in use" or "both") _zone.Tlsa(name, 3, 1, 1, SHA256.HashData(first));
        if (records is "next" or "both") _zone.Tlsa(name, 3, 1, 1, SHA256.HashData(next));
        if (records == "authority") _zone.Tlsa(name, 2, 1, 1, SHA256.HashData([1]));
        if (records == "stale") _zone.Tlsa(name, 3, 1, 1, SHA256.HashData([2]));
        if (records == "fails") _zone.Fail(name, DnsStatus.ServFail);
        _clock.Advance(TimeSpan.FromDays(61));
        await renewer.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
        Assert.Equal(kept ? first : next, KeyOf(renewer));
        // What was announced as next stays the next until it is used; then there is another.
        Assert.Equal(kept, renewer.NextKeyOf("mail.example.org")!.AsSpan().SequenceEqual(next));
        Assert.Equal(kept, _log.Lines.Any(l => l.Contains("renewed with the key it has", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_next_key_is_the_same_after_a_restart()
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        using var again = Renewer(_first);
        await again.LoadAsync(default);
        Assert.Equal(renewer.NextKeyOf("mail.example.org"), again.NextKeyOf("MAIL.example.org"));
        Assert.Null(again.NextKeyOf("other.example.org"));
    }

    private static byte[] KeyOf(AcmeRenewer renewer)
    {
        using var shown = new TlsCertificates(renewer.Sources);
        return shown.Default.PublicKey.ExportSubjectPublicKeyInfo();
    }

    [Fact]
    public async Task Tries_that_fail_come_less_and_less_often_by_chance_and_a_restart_changes_nothing()
    {
        _first.ProofProblem = ("connection", "refused");
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 6; i++)
        {
            var next = renewer.States()[0].NextTry!.Value;
            waits.Add(next - _clock.GetUtcNow());
            _clock.Advance(waits[^1] - TimeSpan.FromSeconds(2));
            await renewer.StepAsync(default);
            Assert.Equal(i + 1, _first.Orders.Count);
            _clock.Advance(TimeSpan.FromSeconds(3));
            await renewer.StepAsync(default);
        }
        // Without any certificate it is urgent: never more than an hour and a quarter.
        for (var i = 0; i < waits.Count; i++)
            Assert.InRange(waits[i], Min(5 * Math.Pow(2, i)) * 0.74, Min(5 * Math.Pow(2, i)) * 1.26);
        Assert.Equal(waits.Count, waits.Select(w => w.Ticks).Distinct().Count());

        using var again = Renewer(_first);
        await again.LoadAsync(default);
        await again.StepAsync(default);
        Assert.Equal(7, _first.Orders.Count);
        Assert.Contains("remove the AAAA record", again.States()[0].Problem, StringComparison.Ordinal);

        static TimeSpan Min(double minutes) => TimeSpan.FromMinutes(Math.Min(minutes, 60));
    }

    [Fact]
    public async Task What_an_authority_says_about_trying_again_is_obeyed()
    {
        _first.Refusal = ("rateLimited", "too many certificates", "172800");
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        Assert.Equal(_clock.GetUtcNow().AddDays(2), renewer.States()[0].NextTry!.Value, TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromDays(1.9));
        await renewer.StepAsync(default);
        Assert.Single(_first.Orders);
    }

    [Fact]
    public async Task The_next_authority_is_asked_at_once_and_the_first_again_at_the_next_renewal()
    {
        _first.Refusal = ("rateLimited", "too many certificates", "3600");
        using var renewer = Renewer(_first, _second);
        await renewer.StepAsync(default);
        Assert.Equal("second.example", renewer.States()[0].From);
        Assert.Contains("first.example", Assert.Single(_log.Lines, l => l.Contains("no certificate", StringComparison.Ordinal)),
            StringComparison.Ordinal);

        _first.Refusal = null;
        _clock.Advance(TimeSpan.FromDays(61));
        await renewer.StepAsync(default);
        Assert.Equal("first.example", renewer.States()[0].From);
        Assert.Equal(2, _first.Orders.Count);
        Assert.Single(_second.Orders);
    }

    [Fact]
    public async Task When_all_authorities_fail_the_old_certificate_stays()
    {
        using var renewer = Renewer(_first, _second);
        await renewer.StepAsync(default);
        var before = renewer.Sources[0].Read().Certificates;
        (_first.IsAway, _second.IsAway) = (true, true);
        _clock.Advance(TimeSpan.FromDays(61));
        await renewer.StepAsync(default);
        Assert.Equal(before, renewer.Sources[0].Read().Certificates);
        Assert.Equal(2, _log.Lines.Count(l => l.Contains("cannot be reached", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_moment_in_the_authoritys_window_is_chosen_kept_over_restarts_and_obeyed()
    {
        var start = _clock.GetUtcNow().AddDays(10);
        _first.Window = (start, start.AddDays(2));
        _first.RetryAfterOfWindow = "21600";
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        await renewer.StepAsync(default);
        var chosen = renewer.States()[0].RenewAt!.Value;
        Assert.InRange(chosen, start, start.AddDays(2));

        using var again = Renewer(_first);
        await again.LoadAsync(default);
        _clock.Advance(TimeSpan.FromHours(6.1));
        await again.StepAsync(default);
        Assert.Equal(chosen, again.States()[0].RenewAt);
        Assert.Equal(2, _first.WindowsAsked);
        _clock.Advance(chosen - _clock.GetUtcNow() + TimeSpan.FromSeconds(1));
        await again.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
        // RFC 9773 §5: the order says which certificate it replaces.
        Assert.Null(_first.Orders[0]["replaces"]);
        Assert.Contains(".", _first.Orders[1]["replaces"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_window_that_moved_into_the_past_renews_at_once()
    {
        _first.Window = (_clock.GetUtcNow().AddDays(40), _clock.GetUtcNow().AddDays(42));
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        await renewer.StepAsync(default);
        _first.Window = (_clock.GetUtcNow().AddDays(-2), _clock.GetUtcNow().AddDays(-1));
        _clock.Advance(TimeSpan.FromHours(6.1));
        await renewer.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
    }

    [Fact]
    public async Task A_window_that_makes_no_sense_or_comes_too_late_does_not_let_a_certificate_end()
    {
        _first.Window = (_clock.GetUtcNow().AddDays(200), _clock.GetUtcNow().AddDays(300));
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        await renewer.StepAsync(default);
        Assert.Equal(_clock.GetUtcNow().AddDays(81), renewer.States()[0].RenewAt!.Value, TimeSpan.FromMinutes(1));
        _first.Window = (_clock.GetUtcNow().AddDays(30), _clock.GetUtcNow().AddDays(20));
        _clock.Advance(TimeSpan.FromHours(7));
        await renewer.StepAsync(default);
        Assert.Single(_first.Orders);
    }

    [Fact]
    public async Task Nonces_that_are_refused_are_tried_again()
    {
        _first.BadNonces = 20;
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        Assert.Single(renewer.Sources);
    }

    [Fact]
    public async Task An_account_the_authority_forgot_is_made_anew()
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        _first.ForgetsAccounts = true;
        _clock.Advance(TimeSpan.FromDays(61));
        await renewer.StepAsync(default);
        Assert.Equal("", renewer.States()[0].Problem);
        Assert.Equal(_clock.GetUtcNow().AddDays(90), renewer.States()[0].NotAfter!.Value, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Other_names_in_the_settings_order_another_certificate_at_once()
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        renewer.Options = renewer.Options with { Certificates = [new(["mail.example.org", "imap.example.org"], AcmeMethod.Http01)] };
        await renewer.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
        using var shown = new TlsCertificates(renewer.Sources);
        Assert.Equal(["mail.example.org", "imap.example.org"], TlsCertificates.NamesOf(shown.Default));
    }

    [Fact]
    public async Task A_stored_certificate_that_cannot_be_read_is_ordered_again()
    {
        _shelf.Values[("certificate", "mail.example.org")] = [1, 2, 3];
        _shelf.Values[("acme-account", _first.Authority.Directory.AbsoluteUri)] = "{\"key\":\"nonsense\"}"u8.ToArray();
        _shelf.Values[("acme-tries", "mail.example.org")] = "[]"u8.ToArray();
        using var renewer = Renewer(_first);
        await renewer.LoadAsync(default);
        await renewer.StepAsync(default);
        Assert.Single(renewer.Sources);
        Assert.Equal(2, _log.Lines.Count(l => l.Contains("cannot be read", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task While_nothing_can_be_stored_nothing_is_ordered()
    {
        using var renewer = Renewer(_first);
        await renewer.StepAsync(default);
        _clock.Advance(TimeSpan.FromDays(61));
        _shelf.Full.Add("*");
        for (var hour = 0; hour < 5; hour++) await renewer.StepAsync(default);
        Assert.Single(_first.Orders);
        Assert.Contains(_log.Lines, l => l.Contains("failed by a fault of our own", StringComparison.Ordinal));
        _shelf.Full.Clear();
        await renewer.StepAsync(default);
        Assert.Equal(2, _first.Orders.Count);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_stored_serves_and_no_other_is_ordered()
    {
        var changes = 0;
        using var renewer = Renewer(_first);
        renewer.Changed = () => changes++;
        _shelf.Full.Add(StoredCertificate.Kind);
        for (var hour = 0; hour < 5; hour++) await renewer.StepAsync(default);
        Assert.Single(_first.Orders);
        Assert.Single(renewer.Sources);
        Assert.Equal(1, changes);
        Assert.Contains(_log.Lines, l => l.Contains("could not be stored", StringComparison.Ordinal));
    }

    [Fact]
    public void A_failure_names_the_problem_of_each_name()
    {
        var problem = System.Text.Json.Nodes.JsonNode.Parse("""
            {"type":"urn:ietf:params:acme:error:caa","detail":"some names","subproblems":[
              {"type":"urn:ietf:params:acme:error:caa","detail":"CAA forbids","identifier":{"type":"dns","value":"a.example"}}]}
            """)!.AsObject();
        var failure = AcmeProblem.Read(problem, 403, "ca.example", null);
        Assert.Equal("caa", failure.Reason);
        Assert.StartsWith(
            "ca.example: some names; a.example: CAA forbids. What to do: a CAA record", failure.Text, StringComparison.Ordinal);
        Assert.Equal("other", AcmeProblem.Read(new() { ["type"] = "urn:ietf:params:acme:error:invented" }, 400, "ca.example", null).Reason);
        Assert.Equal("serverInternal", AcmeProblem.Read(null, 503, "ca.example", null).Reason);
    }

    private sealed class LogLines : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
