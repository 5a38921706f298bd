using System.Globalization;
using System.Text.Json;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>Round trips of a real server: to itself, and out through a real Postfix and back.</summary>
public sealed class ProbeTests
{
    private static readonly string[] Looked = ["arrive", "verdict", "imap", "jmap", "delete"];

    [Fact]
    public async Task A_probe_goes_out_and_comes_back_each_way_and_leaves_nothing()
    {
        await using var scene = await ProbeScene.StartAsync();
        var rows = await scene.RunAsync(0);
        Assert.Equal(["dns", "connect", "tls", "accept", .. Looked], Stages(rows.Single(r => Text(r, "route") == "direct")));
        Assert.Equal(["send", "relay", .. Looked], Stages(rows.Single(r => Text(r, "route") == "smart")));
        Assert.EndsWith($"> mail.{AvisoServer.Domain}", Text(rows.Single(r => Text(r, "route") == "smart"), "path"),
            StringComparison.Ordinal);
        Assert.Equal(0, await scene.LeftAsync());
        Assert.Equal(2, await scene.Aviso.MetricAsync("email_roundtrip_success"));
        Assert.True(await scene.Aviso.MetricAsync("email_roundtrip_last_success_timestamp") > 0);
        Assert.Equal((1, 1), (await scene.PushedAsync("email_roundtrip_success", "direct"),
            await scene.PushedAsync("email_roundtrip_success", "smart")));
        var lastSuccess = await scene.PushedAsync("email_roundtrip_last_success_timestamp", "smart");

        // Each fault is named by its stage, and one way that fails does not keep the others.
        await scene.Relay.DisposeAsync();
        var broken = await scene.RunAsync(1);
        var relay = broken.Single(r => Text(r, "route") == "smart");
        Assert.Equal("relay", Text(relay, "failed_stage"));
        Assert.Contains("smart did not take it in time", Text(relay, "problem"), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, broken.Single(r => Text(r, "route") == "direct").GetProperty("failed_stage").ValueKind);
        Assert.Equal("[]", (await scene.Aviso.VerbAsync("queue", "list", "--json")).MustSucceed().Output.Trim());
        Assert.Equal(1, await scene.Aviso.MetricAsync("email_roundtrip_success"));
        Assert.Equal((1, 0), (await scene.PushedAsync("email_roundtrip_success", "direct"),
            await scene.PushedAsync("email_roundtrip_success", "smart")));
        // A failure does not take the time of the last success away, and makes no zero of it.
        Assert.Equal(lastSuccess, await scene.PushedAsync("email_roundtrip_last_success_timestamp", "smart"));
        Assert.Contains("failed at relay", (await scene.Aviso.VerbAsync("probe", "status")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Equal(0, await scene.LeftAsync());
    }

    private static string[] Stages(JsonElement row) => [.. row.GetProperty("steps").EnumerateArray().Select(s => Text(s, "stage"))];

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? "";
}

/// <summary>A server that probes itself, a Postfix that brings back what it is given, and a gateway that hears of it.</summary>
internal sealed class ProbeScene : IAsyncDisposable
{
    private const string Account = "probe@" + AvisoServer.Domain;

    private readonly TestAuthority _authority = new();
    private readonly int _gatewayPort = FreePort.Next();
    private PeerProcess? _gateway;
    private DnsServer? _dns;
    private DovecotAuth? _auth;

    public AvisoServer Aviso { get; private set; } = null!;

    public PostfixServer Relay { get; private set; } = null!;

    /// <param name="more">More sections of the settings.</param>
    /// <param name="relays">More relays, each a line of the list.</param>
    public static async Task<ProbeScene> StartAsync(string more = "", string relays = "")
    {
        var scene = new ProbeScene();
        try
        {
            var port = FreePort.Next();
            scene._gateway = PeerProcess.Start(Tool.Find("prometheus-pushgateway", "prometheus-pushgateway"),
                [$"--web.listen-address=127.0.0.1:{scene._gatewayPort}"], Path.GetTempPath());
            await scene._gateway.ReadyAsync(() => FreePort.Answers(scene._gatewayPort), "the gateway listens");
            scene._dns = new DnsServer().Mx(AvisoServer.Domain, $"mail.{AvisoServer.Domain}").A($"mail.{AvisoServer.Domain}", "127.0.0.1");
            scene._auth = await DovecotAuth.StartAsync("plain");
            scene.Relay = await PostfixServer.StartRelayAsync(port, scene._auth, scene._authority.Issue("relay", "127.0.0.1", "localhost"));
            scene.Aviso = await AvisoServer.StartAsync($$"""
                spam: { enabled: false }
                dns: { resolvers: ["127.0.0.1:{{scene._dns.Port}}"] }
                relays:
                  - { name: smart, host: 127.0.0.1, port: {{scene.Relay.Port}}, tls: required, ca: "file:{{scene._authority.CaFile}}",
                      username: {{DovecotAuth.Username}}, password: "literal:{{DovecotAuth.Password}}" }
                {{relays}}
                {{more}}
                probe:
                  every: 1h
                  account: {{Account}}
                  patience: 8s
                  smtp: mail.{{AvisoServer.Domain}}:{{port}}
                  gateway: http://127.0.0.1:{{scene._gatewayPort}}
                """, listeners: $"smtp@127.0.0.1:{port} submission imaps https metrics", people: [Account]);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>The keys that sign for the domain are in the DNS from now on.</summary>
    public async Task PublishKeysAsync()
    {
        using var json = JsonDocument.Parse((await Aviso.VerbAsync("dkim", "list", "--json")).MustSucceed().Output);
        foreach (var key in json.RootElement.EnumerateArray())
        {
            var record = key.GetProperty("record").GetString()!;
            var strings = record.Split('"').Where((_, i) => i % 2 == 1);
            _dns!.Txt($"{key.GetProperty("selector").GetString()}._domainkey.{AvisoServer.Domain}", strings);
        }
        await Patience.UntilAsync(async () => (await Aviso.VerbAsync("dkim", "check")).ExitCode == 0, "the keys sign", why: () =>
            Aviso.Log);
    }

    /// <summary>A message of alice's to somebody elsewhere.</summary>
    public Task SubmitAsync(string subject)
    {
        using var smtp = new Clients.SmtpLineClient(Aviso.Port("submission"));
        smtp.Login($"alice@{AvisoServer.Domain}", AvisoServer.Password);
        smtp.Deliver($"alice@{AvisoServer.Domain}", ["someone@elsewhere.test"],
            $"From: alice@{AvisoServer.Domain}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@scene>\r\n\r\nhi\r\n");
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<JsonElement>> RunAsync(int status)
    {
        var run = await Aviso.VerbAsync("probe", "run", "--json");
        Assert.True(run.ExitCode == status, run.Output + run.Error + Aviso.Log);
        using var json = JsonDocument.Parse(run.Output);
        return [.. json.RootElement.EnumerateArray().Select(r => r.Clone())];
    }

    /// <summary>Messages in any mailbox of the account.</summary>
    public async Task<int> LeftAsync()
    {
        var left = await Tool.RunAsync("curl", ["-sk", "--user", $"{Account}:{AvisoServer.Password}",
            "--url", $"imaps://127.0.0.1:{Aviso.Port("imaps")}/INBOX", "--request", "SEARCH ALL"]);
        return left.MustSucceed().Output.Trim().Split(' ').Length - 2;
    }

    /// <summary>What the gateway shows; NaN when it has no such metric.</summary>
    public async Task<double> PushedAsync(string metric, string route)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{_gatewayPort}/metrics"));
        var line = text.Split('\n').FirstOrDefault(l =>
            l.StartsWith(metric + "{", StringComparison.Ordinal) && l.Contains($"route=\"{route}\"", StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (Aviso is not null) await Aviso.DisposeAsync();
        if (Relay is not null) await Relay.DisposeAsync();
        if (_auth is not null) await _auth.DisposeAsync();
        if (_dns is not null) await _dns.DisposeAsync();
        if (_gateway is not null) await _gateway.DisposeAsync();
        _authority.Dispose();
    }
}
