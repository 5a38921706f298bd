using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

/// <summary>The CrowdSec side against answers as its documentation and a real engine give them; the real one is in the system
/// tests.</summary>
public sealed class EngineTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private DecisionBook _book = null!;
    private Gatekeeper _gate = null!;
    private TestClock _clock = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _clock = _store.Clock;
        _book = await DecisionBook.OpenAsync(_store.Store, _clock, NullLogger.Instance, default);
        _gate = new(new(GuardOwner.Crowdsec, Networks.Parse("10.0.0.0/8")), _book, _clock, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("Ip", "ban", "192.0.2.9", "3h59m27.66s", "192.0.2.9")]
    [InlineData("ip", "ban", "::ffff:192.0.2.9", "10m", "192.0.2.9")]
    [InlineData("Range", "ban", "192.0.2.9/24", "1h", "192.0.2.0/24")]
    [InlineData("range", "captcha", "2001:db8::1/64", "1h", "2001:db8::/64")]
    [InlineData("Username", "ban", "bob", "1h", null)]
    [InlineData("Country", "ban", "XX", "1h", null)]
    [InlineData("Range", "ban", "0.0.0.0/0", "1h", null)]
    [InlineData("Ip", "ban", "192.0.2.9", "-3s", null)]
    [InlineData("Ip", "ban", "192.0.2.9", "soon", null)]
    [InlineData("Ip", "ban", "192.0.2.x", "1h", null)]
    [InlineData("Ip", "ban", null, "1h", null)]
    [InlineData(null, null, null, null, null)]
    public void A_decision_is_taken_as_it_is_meant_or_ignored(string? scope, string? type, string? value, string? duration, string? taken)
    {
        var list = new EngineList(_gate, _clock, NullLogger.Instance);
        list.Apply(new([new(7, "lists", "x", scope, type, value, duration)], null), whole: true);
        Assert.Equal(taken is null ? [] : [taken], _book.List().Select(d => d.Value));
    }

    [Fact]
    public void Deltas_change_single_decisions_and_a_whole_list_replaces_what_it_does_not_name()
    {
        var list = new EngineList(_gate, _clock, NullLogger.Instance);
        list.Apply(new([Ban(1, "192.0.2.1"), Ban(2, "192.0.2.2"), Ban(3, "192.0.2.2")], null), whole: true);
        var ids = _book.List().Select(d => d.Id).ToList();
        Assert.Equal((0, 1), list.Apply(new(null, [Ban(2, "192.0.2.2") with { Duration = "-1s" }, Ban(99, "192.0.2.99")]), whole: false));
        Assert.True(_gate.IsBanned(IPAddress.Parse("192.0.2.2")));
        Assert.Equal((1, 1), list.Apply(new([Ban(1, "192.0.2.1"), Ban(4, "192.0.2.4")], null), whole: true));
        Assert.False(_gate.IsBanned(IPAddress.Parse("192.0.2.2")));
        Assert.Equal(["192.0.2.1", "192.0.2.4"], _book.List().Select(d => d.Value));
        // What did not change was not written anew.
        Assert.Equal(ids[0], _book.List()[0].Id);
        Assert.Equal((1, 0), list.Apply(new([Ban(1, "192.0.2.1") with { Duration = "9h" }], null), whole: false));
        Assert.Equal(2, _book.List().Count);
    }

    [Fact]
    public async Task What_the_book_kept_over_a_restart_is_still_the_engines()
    {
        new EngineList(_gate, _clock, NullLogger.Instance).Apply(new([Ban(1, "192.0.2.1"), Ban(2, "192.0.2.2")], null), whole: true);
        _book.Add(new(0, "cscli", "by hand", Decision.Ban, "192.0.2.3", _clock.GetUtcNow(), _clock.GetUtcNow().AddHours(1)));
        await _book.DisposeAsync();
        _book = await DecisionBook.OpenAsync(_store.Store, _clock, NullLogger.Instance, default);
        var gate = new Gatekeeper(_gate.Options, _book, _clock, NullLogger.Instance);
        Assert.Equal((0, 1), new EngineList(gate, _clock, NullLogger.Instance).Apply(new([Ban(2, "192.0.2.2")], null), whole: true));
        Assert.Equal(["192.0.2.2", "192.0.2.3"], _book.List().Select(d => d.Value).Order());
        Assert.Equal(1, EngineList.Drop(_book));
        Assert.Equal("192.0.2.3", Assert.Single(_book.List()).Value);
    }

    [Fact]
    public void A_person_who_bans_at_the_engine_bans_those_who_logged_in_too_and_its_automation_does_not()
    {
        var client = IPAddress.Parse("192.0.2.1");
        _gate.LoggedIn(client);
        var list = new EngineList(_gate, _clock, NullLogger.Instance);
        list.Apply(new([Ban(1, "192.0.2.1") with { Origin = "CAPI" }], null), whole: true);
        Assert.False(_gate.IsBanned(client));
        list.Apply(new([Ban(2, "192.0.2.1") with { Origin = "cscli" }], null), whole: false);
        Assert.True(_gate.IsBanned(client));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("8.0.0.0/6", true)]
    [InlineData("64.0.0.0/2", true)]
    [InlineData("::/1", true)]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.0/24", false)]
    [InlineData("192.0.2.2", false)]
    public void Incident_26_firewalls_are_not_told_of_bans_that_cover_ours_or_who_has_logged_in(string value, bool spared)
    {
        _gate.LoggedIn(IPAddress.Parse("192.0.2.1"));
        Assert.Equal(spared, _gate.Spares(new(1, "lists", "x", Decision.Ban, value, _clock.GetUtcNow(), _clock.GetUtcNow().AddHours(1))));
    }

    [Theory]
    [InlineData(200, "{\"deleted\":null,\"new\":null}", EngineResult.Ok)]
    [InlineData(200, "{}", EngineResult.Ok)]
    [InlineData(200, "null", EngineResult.Away)]
    [InlineData(200, "<html>", EngineResult.Away)]
    [InlineData(200, "{\"new\":[{\"id\":\"x\"}]}", EngineResult.Away)]
    [InlineData(403, "{\"message\":\"access forbidden\"}", EngineResult.NotKnown)]
    [InlineData(500, "{\"message\":\"database is locked\"}", EngineResult.Away)]
    [InlineData(500, "{\"message\":\"validation failure list\"}", EngineResult.NotTaken)]
    [InlineData(302, "", EngineResult.Away)]
    public async Task Whatever_the_engine_answers_is_a_value(int status, string body, EngineResult result)
    {
        using var client = Client(new FakeEngine(_ => (status, body)));
        Assert.Equal(result, (await client.PullAsync(whole: true, default)).Result);
    }

    [Fact]
    public async Task The_stream_is_asked_with_key_and_name_and_whole_only_at_first_and_after_a_loss()
    {
        var away = false;
        var engine = new FakeEngine(_ => away ? (503, "") : (200, "{\"deleted\":null,\"new\":null}"));
        await using var link = new EngineLink(Options() with { Every = TimeSpan.FromMilliseconds(5), Machine = null }, _gate, _store.Store, TimeProvider.System, NullLogger.Instance, engine);
        await engine.WaitAsync(3);
        away = true;
        await engine.WaitAsync(engine.Seen.Count + 3);
        away = false;
        await engine.WaitAsync(engine.Seen.Count + 4);
        var seen = engine.Seen.ToList();
        Assert.All(seen, s => Assert.Equal(("the key", "aviso/v1"), (s.Key, s.Agent)));
        Assert.Contains("startup=true", seen[0].Url, StringComparison.Ordinal);
        Assert.DoesNotContain("startup", seen[1].Url, StringComparison.Ordinal);
        var lost = seen.FindIndex(s => s.Status == 503);
        var back = seen.FindIndex(lost, s => s.Status == 200);
        Assert.All(seen[(lost + 1)..(back + 1)], s => Assert.Contains("startup=true", s.Url, StringComparison.Ordinal));
        Assert.DoesNotContain("startup", seen[back + 1].Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_has_what_the_engine_requires_and_a_token_that_ended_is_renewed()
    {
        var logins = 0;
        var alerts = new List<string>();
        var engine = new FakeEngine(r =>
        {
            if (r.Url.EndsWith("/login", StringComparison.Ordinal)) return (
                200, $$"""{"code":200,"expire":"2999-01-01T00:00:00Z","token":"t{{++logins}}"}""");
            if (r.Bearer != "t2") return (401, "{\"message\":\"cookie token is empty\"}");
            alerts.Add(r.Body);
            return (201, "[\"1\"]");
        });
        using var client = Client(engine);
        Assert.Equal(EngineResult.Ok, (await client.SendAsync([Alert("192.0.2.1")], default)).Result);
        var alert = JsonNode.Parse(Assert.Single(alerts))![0]!.AsObject();
        // As version 1.4.6 lists them when they are missing.
        foreach (var name in "capacity events events_count leakspeed message scenario scenario_hash scenario_version simulated source start_at stop_at".Split(' '))
            Assert.True(alert.ContainsKey(name), name);
        Assert.True((bool)alert["remediation"]!);
        Assert.False(alert.ContainsKey("decisions"));
        Assert.Equal("192.0.2.1", (string)alert["source"]!["ip"]!);
    }

    [Fact]
    public async Task The_outbox_is_bounded_keeps_one_alert_for_each_client_and_scenario_and_survives_a_restart()
    {
        var away = true;
        var sent = new List<string>();
        var engine = new FakeEngine(r =>
        {
            if (away) return (503, "");
            if (r.Url.EndsWith("/login", StringComparison.Ordinal)) return (200, "{\"token\":\"t\"}");
            lock (sent) foreach (var one in JsonNode.Parse(r.Body)!.AsArray()) sent.Add((string)one!["source"]!["value"]!);
            return (201, "[]");
        });
        await RunAsync(engine, async outbox =>
        {
            for (var i = 0; i < 3; i++) outbox.Add(Alert("192.0.2.1"));
            outbox.Add(Alert("192.0.2.2"));
            await engine.WaitAsync(1);
        });
        Assert.Empty(sent);
        away = false;
        await RunAsync(engine, async outbox =>
        {
            await Patience.UntilAsync(() => sent.Count >= 2 && outbox.Count == 0, "both alerts are sent", pause: 5);
        });
        Assert.Equal(["192.0.2.1", "192.0.2.2"], sent.Order());
        Assert.Empty(await _store.Store.ListDocumentsAsync(default, "engine-alert", default));
        away = true;
        await RunAsync(engine, async outbox =>
        {
            for (var i = 0; i < 3 * AlertOutbox.Most; i++)
            {
                outbox.Add(Alert($"192.0.{i / 250}.{i % 250}"));
                if (i % 100 == 0) await Task.Delay(1);
            }
            await Patience.UntilAsync(() => outbox.Count >= AlertOutbox.Most, "the outbox is full", pause: 5);
        });
        Assert.InRange((await _store.Store.ListDocumentsAsync(default, "engine-alert", default)).Count, 1, AlertOutbox.Most);
    }

    [Fact]
    public async Task An_alert_that_the_engine_never_takes_does_not_hold_up_the_others()
    {
        var sent = new List<string>();
        var engine = new FakeEngine(r =>
        {
            if (r.Url.EndsWith("/login", StringComparison.Ordinal)) return (200, "{\"token\":\"t\"}");
            if (r.Body.Contains("192.0.2.66", StringComparison.Ordinal)) return (422, "bad");
            lock (sent) foreach (var one in JsonNode.Parse(r.Body)!.AsArray()) sent.Add((string)one!["source"]!["value"]!);
            return (201, "[]");
        });
        await RunAsync(engine, async outbox =>
        {
            foreach (var client in "192.0.2.1 192.0.2.66 192.0.2.2".Split(' ')) outbox.Add(Alert(client));
            await Patience.UntilAsync(() => sent.Count >= 2 && outbox.Count == 0, "the two good alerts are sent", pause: 5);
        });
        Assert.Equal(["192.0.2.1", "192.0.2.2"], sent.Order());
    }

    [Theory]
    [InlineData(ListenerKind.Imaps, nameof(Reason.LoginFailed), "alice@example.test",
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 0 secs): user=<alice@example.test>, method=PLAIN, rip=192.0.2.9, lip=0.0.0.0, TLS, session=<>")]
    [InlineData(ListenerKind.ManageSieve, nameof(Reason.LoginFailed), "x>, rip=6.6.6.6\n",
        "user=<x???rip?6.6.6.6?>, method=PLAIN, rip=192.0.2.9,")]
    [InlineData(ListenerKind.Submission, nameof(Reason.LoginFailed), "a",
        "]: warning: unknown[192.0.2.9]: SASL PLAIN authentication failed: sasl_username=a")]
    [InlineData(ListenerKind.Smtp, nameof(Reason.RelayDenied), null, "NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 ")]
    [InlineData(ListenerKind.Smtp, nameof(Reason.BadCommands), null, null)]
    public void Incident_F2_a_line_for_engines_has_the_words_of_postfix_and_dovecot(
        ListenerKind kind, string what, string? user, string? expected)
    {
        var line = new CompatibilityLog(_gate, "mail.example.test", _clock)
            .Line(new(kind, IPAddress.Parse("192.0.2.9"), Reasons.Named(what)), user);
        if (expected is null) Assert.Null(line);
        else Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", line ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Incident_26_no_line_for_engines_names_our_own_networks_or_who_has_logged_in()
    {
        var log = new CompatibilityLog(_gate, "mail.example.test", _clock);
        Assert.Null(log.Line(new(ListenerKind.Smtp, IPAddress.Parse("10.0.0.7"), Reason.RelayDenied), null));
        _gate.LoggedIn(IPAddress.Parse("192.0.2.1"));
        Assert.Null(log.Line(new(ListenerKind.Imap, IPAddress.Parse("192.0.2.1"), Reason.LoginFailed), "alice"));
    }

    private static EngineDecision Ban(long id, string value) => new(id, "lists", "test", "Ip", "ban", value, "1h");

    private static EngineOptions Options() => new(new Uri("http://engine.test/"), "the key") { Machine = "aviso", Password = "pw", Version = "1" };

    private EngineClient Client(HttpMessageHandler engine) => new(Options(), _clock, engine);

    private EngineAlert Alert(string client) =>
        EngineAlert.Of(new(Scenario.All[0], new(ListenerKind.Smtp, IPAddress.Parse(client), Reason.LoginFailed), "alice", 6,
        new(0, "aviso", "x", Decision.Ban, client, _clock.GetUtcNow(), _clock.GetUtcNow().AddHours(4))));

    private async Task RunAsync(HttpMessageHandler engine, Func<AlertOutbox, Task> work)
    {
        using var client = new EngineClient(Options(), _clock, engine);
        using var stop = new CancellationTokenSource();
        var outbox = new AlertOutbox(client, _store.Store, _clock, NullLogger.Instance);
        var running = outbox.RunAsync(stop.Token);
        await work(outbox);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    internal sealed record Asked(string Url, string? Key, string Agent, string? Bearer, string Body)
    {
        public int Status { get; set; }
    }

    private sealed class FakeEngine(Func<Asked, (int Status, string Body)> answer) : HttpMessageHandler
    {
        public List<Asked> Seen { get; } = [];

        public Task WaitAsync(int count) => Patience.UntilAsync(
            () =>
            {
                lock (Seen) return Seen.Count >= count;
            },
            $"the engine was asked {count} times", pause: 5);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var asked = new Asked(
                request.RequestUri!.PathAndQuery, request.Headers.TryGetValues("X-Api-Key", out var keys) ? keys.Single() : null,
                request.Headers.UserAgent.ToString(), request.Headers.Authorization?.Parameter, request.Content is null
                    ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
            var (status, body) = answer(asked);
            asked.Status = status;
            lock (Seen) Seen.Add(asked);
            return new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }
    }
}
