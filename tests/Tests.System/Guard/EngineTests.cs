using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>A real CrowdSec engine owns the policy; this server obeys its decisions and tells it what it sees.</summary>
public sealed class EngineTests : IAsyncLifetime
{
    private CrowdsecServer _engine = null!;
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await CrowdsecServer.StartAsync();
        _server = await AvisoServer.StartAsync(
            $"guard: {{ mode: crowdsec, crowdsec: {_engine.Yaml()} }}\n", "smtp imap metrics", proxies: "127.0.0.3/32");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Incident_F3_a_ban_of_cscli_bites_behind_haproxy_until_it_is_deleted()
    {
        await using var haproxy = await HaproxyServer.StartAsync(
            new HaproxyWay("bad", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.66)"),
            new HaproxyWay("good", _server.Port("smtp"), "send-proxy-v2", "tcp-request content set-src str(203.0.113.67)"));
        using (var before = new SmtpLineClient(haproxy.Port("bad"))) before.Command("QUIT", "221");
        await _engine.CliAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m");
        await Patience.UntilAsync(() => !IsServed(haproxy.Port("bad")), "the ban bites", why: () => _server.Log);
        Assert.True(IsServed(haproxy.Port("good")));
        await _engine.CliAsync("decisions", "delete", "-i", "203.0.113.66");
        await Patience.UntilAsync(() => IsServed(haproxy.Port("bad")), "the ban is lifted", why: () => _server.Log);

        await _engine.CliAsync("decisions", "add", "-r", "203.0.113.64/30", "-d", "10m");
        await _engine.CliAsync("decisions", "add", "--scope", "Username", "--value", "bob", "-d", "10m");
        await Patience.UntilAsync(() => !IsServed(haproxy.Port("good")), "the ban of the network bites", why: () => _server.Log);
    }

    [Fact]
    public async Task Incident_26_an_engine_that_bans_our_proxy_does_not_cut_us_off()
    {
        await _engine.CliAsync("decisions", "add", "-i", "127.0.0.3", "-d", "10m");
        await _engine.CliAsync("decisions", "add", "-i", "203.0.113.5", "-d", "10m");
        await Patience.UntilAsync(() => !IsServed("203.0.113.5"), "the engine's list came");
        Assert.True(IsServed("203.0.113.6"));
        Assert.Contains("127.0.0.3", Assert.Single(_server.Troubles, t => t.Contains("one of ours", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_list_holds_while_the_engine_is_away_and_after_a_restart_and_is_compared_when_it_is_back()
    {
        await _engine.CliAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m");
        await _engine.CliAsync("decisions", "add", "-i", "203.0.113.67", "-d", "10m");
        await Patience.UntilAsync(() => !IsServed("203.0.113.67"), "the bans came");
        await _engine.StopAsync();
        await Patience.UntilAsync(() => _server.Troubles.Any(t => t.Contains("does not tell its decisions", StringComparison.Ordinal)),
            "the loss is an event", why: () => _server.Log);
        Assert.False(IsServed("203.0.113.66"));
        Assert.True(IsServed("203.0.113.68"));
        await _server.StopAsync();
        await _server.StartAgainAsync();
        Assert.False(IsServed("203.0.113.66"));
        await Patience.UntilAsync(async () => await _server.MetricAsync("aviso_guard_lapi_age_seconds") > 1, "the age of the list grows");
        Assert.True(await _server.MetricAsync("aviso_guard_lapi_pulls_total", "away") >= 1);

        // Deleted while nobody listened: only the whole list tells.
        await _engine.CliAsync("machines", "list");
        await _engine.StartAgainAsync();
        await _engine.CliAsync("decisions", "delete", "-i", "203.0.113.67");
        await Patience.UntilAsync(() => IsServed("203.0.113.67"), "the whole list is asked again", why: () => _server.Log);
        Assert.False(IsServed("203.0.113.66"));
    }

    [Fact]
    public async Task Our_scenarios_ban_nobody_and_become_alerts_whose_decision_comes_back()
    {
        using (var http = As("203.0.113.80"))
        {
            // Who waits for the greeting is no early talker.
            http.ReadLine();
            http.Send("GET / HTTP/1.1\r\n");
        }
        await Patience.UntilAsync(async () => (await _engine.ListAsync("alerts")).Count == 1, "the alert is in the engine", why: () =>
            _server.Log + _engine.Output);
        var alert = (await _engine.ListAsync("alerts"))[0]!;
        Assert.Equal("crowdsecurity/postfix-non-smtp-command", (string)alert["scenario"]!);
        Assert.Equal(CrowdsecServer.Machine, (string)alert["machine_id"]!);
        Assert.Equal("203.0.113.80", (string)alert["source"]!["value"]!);
        await Patience.UntilAsync(() => !IsServed("203.0.113.80"), "the engine's decision holds here", why: () => _server.Log);
        var decision = Assert.Single((await ListAsync()).SelectMany(a => a!["decisions"]!.AsArray()))!;
        Assert.Equal(("crowdsec", "203.0.113.80"), ((string)decision["origin"]!, (string)decision["value"]!));
        Assert.Equal(0, await _server.MetricAsync("aviso_guard_decisions_total", "origin=\"aviso\""));
        // Here it cannot be deleted for good, so it is not deleted at all.
        Assert.Contains(
            "cscli decisions delete", (await _server.VerbAsync("decisions", "delete", "--all")).Error, StringComparison.Ordinal);
        Assert.False(IsServed("203.0.113.80"));
        Assert.Contains("0 wait", (await _server.VerbAsync("decisions", "engine")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_wait_for_an_engine_that_is_away_also_over_a_restart_and_come_once()
    {
        await _engine.StopAsync();
        using (var http = As("203.0.113.81"))
        {
            // Who waits for the greeting is no early talker.
            http.ReadLine();
            http.Send("GET / HTTP/1.1\r\n");
        }
        await Patience.UntilAsync(() => _server.Troubles.Any(t => t.Contains("does not take our alerts", StringComparison.Ordinal)),
            "the alert waits", why: () => _server.Log);
        await _server.StopAsync();
        await _server.StartAgainAsync();
        await _engine.StartAgainAsync();
        await Patience.UntilAsync(async () => (await _engine.ListAsync("alerts")).Count > 0, "the alert came", why: () => _server.Log);
        await Patience.UntilAsync(async () => await _server.MetricAsync("aviso_guard_alerts_total", "sent") == 1, "it is counted");
        Assert.Single(await _engine.ListAsync("alerts"));
    }

    [Fact]
    public async Task Incident_34_a_key_and_a_password_that_were_replaced_hold_without_a_restart_and_the_old_ones_are_an_event()
    {
        await _engine.CliAsync("bouncers", "delete", "aviso");
        await _engine.CliAsync("bouncers", "add", "aviso2", "-k", "11112222333344445555666677778888");
        await Patience.UntilAsync(() => _server.Troubles.Any(t => t.Contains("does not know our key", StringComparison.Ordinal)),
            "the old key is an event", why: () => _server.Log);
        await _engine.CliAsync("decisions", "add", "-i", "203.0.113.66", "-d", "10m");
        var text = await File.ReadAllTextAsync(_server.SettingsFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_server.SettingsFile, text.Replace(
            CrowdsecServer.Key, "11112222333344445555666677778888", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await _server.SignalAsync("HUP");
        await Patience.UntilAsync(() => !IsServed("203.0.113.66"), "the new key holds", why: () => _server.Log);
    }

    private async Task<JsonArray> ListAsync() =>
        JsonNode.Parse((await _server.VerbAsync("decisions", "list", "--json")).MustSucceed().Output)!.AsArray();

    private bool IsServed(string address)
    {
        using var client = As(address);
        return Greets(client);
    }

    private static bool IsServed(int port)
    {
        using var client = new LineClient(port);
        return Greets(client);
    }

    private static bool Greets(LineClient client) => client.FirstOrNothing().StartsWith("220", StringComparison.Ordinal);

    private LineClient As(string address)
    {
        var client = new LineClient(_server.Port("smtp"), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }
}
