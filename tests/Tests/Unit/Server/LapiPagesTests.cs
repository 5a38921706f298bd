using System.Net;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Server;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Who may read our decisions, and what happens to who may not.</summary>
public sealed class LapiPagesTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("203.0.113.9");

    private readonly LogLines _log = new();
    private readonly MetricsRegistry _registry = new("Aviso.Web");
    private readonly List<Evidence> _evidence = [];
    private TestStore _store = null!;
    private Gatekeeper _gate = null!;
    private GuardPart _guard = null!;
    private WebTable _table = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        var settings = SettingsText.Parse(SettingsText.Good.Replace("domains:", "  - { kind: https, address: \"[::]:443\" }\ntls: { self_signed: true }\ndomains:", StringComparison.Ordinal) + """
            guard: { bouncers: ["literal:0123456789abcdef", "literal:fedcba9876543210"] }
            networks: { internal: [10.0.0.0/8] }

            """).Settings!;
        var site = new Site(settings, NullLoggerFactory.Instance, _store.Clock);
        site.Put(_store.Store);
        using var book = site.Put(new AccountBook(_store.Store, _store.Clock, NullLogger.Instance));
        _guard = (GuardPart)await GuardPart.OpenAsync(site, settings, default);
        _gate = _guard.Gate;
        _gate.Heard += (evidence, _) => _evidence.Add(evidence);
        _table = WebScene.Table(new LapiPages(_gate, () => _guard.Bouncers, _store.Clock, _log).Rows, []);
    }

    public async ValueTask DisposeAsync()
    {
        await _guard.DisposeAsync();
        await _store.DisposeAsync();
        _registry.Dispose();
    }

    [Theory]
    [InlineData(ListenerKind.Http, "fedcba9876543210", 200)]
    [InlineData(ListenerKind.Https, "fedcba9876543210", 200)]
    [InlineData(ListenerKind.Https, "wrong", 403)]
    [InlineData(ListenerKind.Metrics, "fedcba9876543210", 404)]
    public async Task Bouncers_are_answered_on_http_and_https_and_their_last_question_is_seen(ListenerKind kind, string key, int status)
    {
        Assert.Equal(status, await AskAsync(key, kind, "203.0.113.9"));
        var at = $"aviso_guard_bouncer_last_pull_seconds{{bouncer=\"1\"}} {_store.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0:0.###}\n";
        Assert.Equal(status == 200, _registry.Write().Contains(at, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_key_is_said_once_a_minute_counted_and_evidence_against_its_client()
    {
        for (var i = 0; i < 5; i++) Assert.Equal(403, await AskAsync($"wrong key {i}", ListenerKind.Https, "203.0.113.9"));
        Assert.Contains("203.0.113.9", Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong key", _log.Lines.Single(), StringComparison.Ordinal);
        Assert.Equal(5, _evidence.Count(e => e == new Evidence(ListenerKind.Https, Stranger, Reason.LoginFailed)));
        Assert.Contains("aviso_guard_bouncer_refused_total 5\n", _registry.Write(), StringComparison.Ordinal);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        await AskAsync("", ListenerKind.Https, "203.0.113.9");
        Assert.Equal(2, _log.Lines.Count);
        for (var i = 0; i < 10; i++) await AskAsync("guess", ListenerKind.Https, "203.0.113.9");
        Assert.False(_gate.Allows(ListenerKind.Https, Stranger));
    }

    [Fact]
    public async Task A_machine_of_ours_with_an_old_key_does_not_fill_the_log()
    {
        for (var i = 0; i < 5; i++) await AskAsync("old", ListenerKind.Http, "::ffff:10.0.0.9");
        Assert.Single(_log.Lines);
        Assert.Single(_evidence);
    }

    private async Task<int> AskAsync(string key, ListenerKind kind, string client)
    {
        var request = new HttpRequestFeature
        {
            Method = "GET",
            Path = "/v1/decisions",
            QueryString = "",
            Headers = { ["X-Api-Key"] = key, Host = "127.0.0.1" },
        };
        return (await WebScene.AskAsync(_table, kind, request, client)).Status;
    }
}
