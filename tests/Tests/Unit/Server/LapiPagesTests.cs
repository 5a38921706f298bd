using System.Net;
using Aviso.Base;
using Aviso.Net;
using Aviso.Server;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Aviso.Web;
using Microsoft.AspNetCore.Http;
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
    private GuardParts _guard = null!;
    private LapiPages _pages = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        var settings = SettingsText.Parse(SettingsText.Good.Replace("domains:", "  - { kind: https, address: \"[::]:443\" }\ntls: { self_signed: true }\ndomains:", StringComparison.Ordinal) + """
            guard: { bouncers: ["literal:0123456789abcdef", "literal:fedcba9876543210"] }
            networks: { internal: [10.0.0.0/8] }

            """).Settings!;
        _guard = await GuardParts.OpenAsync(settings, _store.Store, _store.Clock, NullLoggerFactory.Instance, default);
        _guard.Gate.Heard += (evidence, _) => _evidence.Add(evidence);
        _pages = new(_guard, _store.Clock, _log);
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
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(Request(key));
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = Stranger });
        await new WebPages(kind, new(_registry, () => new(true, ""), []) { Decisions = _pages }).ProcessRequestAsync(features);
        Assert.Equal(status, features.GetRequiredFeature<IHttpResponseFeature>().StatusCode);
        var at = $"aviso_guard_bouncer_last_pull_seconds{{bouncer=\"1\"}} {_store.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0:0.###}\n";
        Assert.Equal(status == 200, _registry.Write().Contains(at, StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_key_is_said_once_a_minute_counted_and_evidence_against_its_client()
    {
        for (var i = 0; i < 5; i++) Assert.Equal(403, _pages.Answer(Request($"wrong key {i}"), ListenerKind.Https, Stranger)!.Value.Status);
        Assert.Contains("203.0.113.9", Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong key", _log.Lines.Single(), StringComparison.Ordinal);
        Assert.Equal(5, _evidence.Count(e => e == new Evidence(ListenerKind.Https, Stranger, Reason.LoginFailed)));
        Assert.Contains("aviso_guard_bouncer_refused_total 5\n", _registry.Write(), StringComparison.Ordinal);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        _pages.Answer(Request(""), ListenerKind.Https, Stranger);
        Assert.Equal(2, _log.Lines.Count);
        for (var i = 0; i < 10; i++) _pages.Answer(Request("guess"), ListenerKind.Https, Stranger);
        Assert.False(_guard.Gate.Allows(ListenerKind.Https, Stranger));
    }

    [Fact]
    public void A_machine_of_ours_with_an_old_key_does_not_fill_the_log()
    {
        for (var i = 0; i < 5; i++) _pages.Answer(Request("old"), ListenerKind.Http, IPAddress.Parse("::ffff:10.0.0.9"));
        Assert.Single(_log.Lines);
        Assert.Single(_evidence);
    }

    private static HttpRequestFeature Request(string key) => new() { Method = "GET", Path = "/v1/decisions", QueryString = "", Headers = { ["X-Api-Key"] = key } };
}
