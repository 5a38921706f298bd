using System.Net;
using System.Text;
using Aviso.Tests.System.Peers;
using Aviso.Tests.System.Running;
using Xunit;

namespace Aviso.Tests.System.Prometheus;

/// <summary>The shipped rules in a real Prometheus, which tells a real Alertmanager, which tells a listener of ours.</summary>
public sealed class AlertTests
{
    [Fact]
    public async Task A_broken_way_out_is_an_alert_and_a_mended_one_clears_it()
    {
        await using var scene = await ProbeScene.StartAsync();
        await using var watch = await AlertScene.StartAsync(scene.Aviso.Port("metrics"));
        await scene.RunAsync(0);
        await scene.Relay.DisposeAsync();
        await scene.RunAsync(1);
        await watch.HearsAsync("firing", "EmailRoundtripFailing", "smart");
        // The owner takes the broken way out of the settings.
        await File.WriteAllTextAsync(scene.Aviso.SettingsFile,
            (await File.ReadAllTextAsync(scene.Aviso.SettingsFile)).Replace("patience: 8s", "patience: 8s\n  routes: [direct]",
                StringComparison.Ordinal));
        (await scene.Aviso.VerbAsync("reload")).MustSucceed();
        await watch.HearsAsync("resolved", "EmailRoundtripFailing", "smart");
        Assert.DoesNotContain(watch.Heard, h => h.Contains("\"route\":\"direct\"", StringComparison.Ordinal));
    }
}

/// <summary>Prometheus and Alertmanager with the shipped rules, whose waits are cut to a second.</summary>
internal sealed class AlertScene : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("alerts");
    private readonly HttpListener _listener = new();
    private readonly List<string> _heard = [];
    private PeerProcess? _prometheus, _alertmanager;

    public IReadOnlyList<string> Heard
    {
        get { lock (_heard) return [.. _heard]; }
    }

    public static async Task<AlertScene> StartAsync(int metrics)
    {
        var scene = new AlertScene();
        try
        {
            var (hook, manager, web) = (FreePort.Next(), FreePort.Next(), FreePort.Next());
            scene.Listen(hook);
            await scene.WriteAsync(metrics, manager, hook);
            scene._alertmanager = PeerProcess.Start(Tool.Find("prometheus-alertmanager", "prometheus-alertmanager"),
                [$"--config.file={scene._folder.Path("alertmanager.yml")}", $"--storage.path={scene._folder.Path("alerts")}",
                    $"--web.listen-address=127.0.0.1:{manager}", "--cluster.listen-address="], scene._folder.Root);
            scene._prometheus = PeerProcess.Start(Tool.Find("prometheus", "prometheus"),
                [$"--config.file={scene._folder.Path("prometheus.yml")}", $"--storage.tsdb.path={scene._folder.Path("series")}",
                    $"--web.listen-address=127.0.0.1:{web}"], scene._folder.Root);
            await scene._alertmanager.ReadyAsync(() => FreePort.Answers(manager), "alertmanager");
            await scene._prometheus.ReadyAsync(() => FreePort.Answers(web), "prometheus");
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    public Task HearsAsync(string status, string alert, string route) => Patience.UntilAsync(() => Heard.Any(h =>
        h.Contains($"\"status\":\"{status}\",\"labels\":{{\"alertname\":\"{alert}\"", StringComparison.Ordinal)
            && h.Contains($"\"route\":\"{route}\"", StringComparison.Ordinal)),
        $"{alert} is {status}", 60, () => string.Join('\n', Heard) + "\n" + _prometheus!.Output + "\n" + _alertmanager!.Output);

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null) await _prometheus.DisposeAsync();
        if (_alertmanager is not null) await _alertmanager.DisposeAsync();
        ((IDisposable)_listener).Dispose();
        _folder.Dispose();
    }

    private async Task WriteAsync(int metrics, int manager, int hook)
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "prometheus", "aviso.rules.yml"));
        await File.WriteAllTextAsync(_folder.Path("rules.yml"),
            global::System.Text.RegularExpressions.Regex.Replace(rules, "for: [0-9]+m", "for: 1s"));
        await File.WriteAllTextAsync(_folder.Path("prometheus.yml"), $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [rules.yml]
            alerting: { alertmanagers: [ { static_configs: [ { targets: ["127.0.0.1:{{manager}}"] } ] } ] }
            scrape_configs: [ { job_name: aviso, static_configs: [ { targets: ["127.0.0.1:{{metrics}}"] } ] } ]
            """);
        await File.WriteAllTextAsync(_folder.Path("alertmanager.yml"), $$"""
            route: { receiver: us, group_by: [alertname, route], group_wait: 1s, group_interval: 1s, repeat_interval: 1h }
            receivers: [ { name: us, webhook_configs: [ { url: "http://127.0.0.1:{{hook}}/", send_resolved: true } ] } ]
            """);
    }

    private void Listen(int port)
    {
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _ = Task.Run(async () =>
        {
            while (_listener.IsListening)
            {
                var asked = await _listener.GetContextAsync();
                using var reader = new StreamReader(asked.Request.InputStream, Encoding.UTF8);
                var text = await reader.ReadToEndAsync();
                lock (_heard) _heard.Add(text);
                asked.Response.Close();
            }
        });
    }
}
