using System.Text.Json.Nodes;

namespace Aviso.Tests.System.Peers;

/// <summary>A CrowdSec engine of its own: local API on a free port, its own database, no central service, parsers and scenarios from the
/// package's copy of the hub.</summary>
internal sealed class CrowdsecServer : IAsyncDisposable
{
    public const string Key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    public const string Machine = "aviso";
    public const string MachinePassword = "machine secret 1";

    private const string Hub = "/usr/share/crowdsec/hub";
    private readonly PeerFolder _folder = new("crowdsec");
    private readonly bool _reads;
    private PeerProcess? _process;

    private CrowdsecServer(bool reads) => _reads = reads;

    public int Port { get; } = FreePort.Next();

    public string Url => $"http://127.0.0.1:{Port}";

    public string Output => _process?.Output ?? "";

    public string Path(string name) => _folder.Path(name);

    /// <summary>guard.crowdsec of a server that asks this engine every second.</summary>
    public string Yaml(bool tells = true) =>
        $$"""{ url: "{{Url}}", key: "literal:{{Key}}", every: 1s{{(tells ? $$""", machine: {{Machine}}, password: "literal:{{MachinePassword}}" """ : "")}} }""";

    /// <param name="reads">A log in syslog's form, which it reads with the collections postfix and dovecot; null: it only has its
    /// API.</param>
    public static async Task<CrowdsecServer> StartAsync(string? reads = null)
    {
        var server = new CrowdsecServer(reads is not null);
        await server.ConfigureAsync(reads);
        await server.CliAsync("machines", "add", "agent", "--password", "agent secret 1", "-f", server.Path("creds.yaml"), "--force");
        await server.CliAsync("machines", "add", Machine, "--password", MachinePassword, "-f", server.Path("unused.yaml"), "--force");
        await server.CliAsync("bouncers", "add", "aviso", "-k", Key);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        string[] args = ["-c", Path("config.yaml"), .. _reads ? Array.Empty<string>() : ["-no-cs"]];
        _process = PeerProcess.Start(Tool.Find("crowdsec", "crowdsec"), args, _folder.Root);
        await _process.ReadyAsync(() =>
            FreePort.Answers(Port) && (!_reads || Output.Contains("Starting processing data", StringComparison.Ordinal)), "crowdsec");
    }

    /// <summary>Ends the engine; its database stays.</summary>
    public async Task StopAsync()
    {
        await _process!.DisposeAsync();
        _process = null;
    }

    /// <summary>Runs cscli on this engine.</summary>
    public async Task<string> CliAsync(params string[] args) =>
        (await Tool.RunAsync(Tool.Find("cscli", "crowdsec"), ["-c", Path("config.yaml"), .. args])).MustSucceed().Output;

    /// <summary>What `cscli alerts list` or `cscli decisions list` knows; empty when it says null.</summary>
    public async Task<JsonArray> ListAsync(params string[] what) =>
        JsonNode.Parse(await CliAsync([.. what, "list", "-o", "json"])) as JsonArray ?? [];

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task ConfigureAsync(string? reads)
    {
        Tool.Find("crowdsec", "crowdsec");
        foreach (var name in "data hub etc etc/patterns etc/notifications etc/plugins etc/parsers etc/parsers/s00-raw etc/parsers/s01-parse etc/parsers/s02-enrich etc/scenarios etc/postoverflows".Split(' '))
            Directory.CreateDirectory(Path(name));
        foreach (var pattern in Directory.GetFiles("/etc/crowdsec/patterns")) File.Copy(
            pattern, Path("etc/patterns/" + global::System.IO.Path.GetFileName(pattern)));
        if (reads is not null)
        {
            // What `cscli collections install crowdsecurity/postfix crowdsecurity/dovecot` would place there, which needs the network.
            foreach (var item in "parsers/s00-raw/syslog-logs parsers/s01-parse/postfix-logs parsers/s01-parse/postscreen-logs parsers/s01-parse/dovecot-logs parsers/s02-enrich/dateparse-enrich scenarios/postfix-spam scenarios/dovecot-spam".Split(' '))
            {
                var (folder, file) = (global::System.IO.Path.GetDirectoryName(item)!, global::System.IO.Path.GetFileName(item));
                File.Copy($"{Hub}/{folder}/crowdsecurity/{file}.yaml", Path($"etc/{item}.yaml"));
            }
        }
        await File.WriteAllTextAsync(
            Path("etc/acquis.yaml"), reads is null ? "" : $"filenames: [ \"{reads}\" ]\nlabels: {{ type: syslog }}\n");
        await File.WriteAllTextAsync(Path("etc/simulation.yaml"), "simulation: off\n");
        await File.WriteAllTextAsync(Path("hub/.index.json"), """{"parsers":{},"scenarios":{},"collections":{},"postoverflows":{}}""");
        await File.WriteAllTextAsync(Path("creds.yaml"), "");
        await File.WriteAllTextAsync(Path("etc/profiles.yaml"), """
            name: default_ip_remediation
            filters: [ 'Alert.Remediation == true && Alert.GetScope() == "Ip"' ]
            decisions: [ { type: ban, duration: 4h } ]
            on_success: break

            """);
        await File.WriteAllTextAsync(Path("config.yaml"), $$"""
            common: { daemonize: false, log_media: stdout, log_level: info, working_dir: {{_folder.Root}} }
            config_paths:
              { config_dir: {{Path("etc")}}, data_dir: {{Path("data")}}, simulation_path: {{Path("etc/simulation.yaml")}}, hub_dir: {{Path("hub")}},
                index_path: {{Path("hub/.index.json")}}, notification_dir: {{Path("etc/notifications")}}, plugin_dir: {{Path("etc/plugins")}} }
            crowdsec_service: { acquisition_path: {{Path("etc/acquis.yaml")}}, parser_routines: 1 }
            cscli: { output: human }
            db_config: { log_level: warning, type: sqlite, db_path: {{Path("data/crowdsec.db")}}, use_wal: true }
            api:
              client: { insecure_skip_verify: false, credentials_path: {{Path("creds.yaml")}} }
              server: { log_level: info, listen_uri: "127.0.0.1:{{Port}}", profiles_path: {{Path("etc/profiles.yaml")}} }
            prometheus: { enabled: false }

            """);
    }
}
