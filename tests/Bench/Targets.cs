using System.Diagnostics;
using System.Text.Json;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>A running mail server: where it listens, whose CPU counts, how delivered mail is counted.</summary>
internal interface ITarget
{
    string Name { get; }

    int Smtp { get; }

    int Imap { get; }

    int Imaps { get; }

    /// <summary>Root pids, space-separated.</summary>
    string Pids { get; }

    /// <summary>The value of COUNT for smtp_rate.py.</summary>
    string Count { get; }

    /// <summary>Run before each measurement; empty for none.</summary>
    string Wipe { get; }
}

/// <summary>Postfix and Dovecot as peers.sh sets them up.</summary>
internal sealed class PeerStack : ITarget, IAsyncDisposable
{
    private const string Work = "/tmp/peers/stack";

    public string Name => "Postfix + Dovecot";

    public int Smtp => 12525;

    public int Imap => 12143;

    public int Imaps => 12993;

    public string Pids { get; private set; } = "";

    public string Count => $"maildir:{Work}/mail";

    public string Wipe => $"{Scripts.Folder}/peers.sh wipe";

    public static string BigMailbox(string user) => $"{Work}/big/{user}/Maildir";

    public static async Task<PeerStack> StartAsync()
    {
        await Scripts.RunAsync("peers.sh", ["config"]);
        await Scripts.RunAsync("peers.sh", ["start"]);
        return new() { Pids = (await Scripts.RunAsync("peers.sh", ["pids"])).Trim() };
    }

    public async ValueTask DisposeAsync() => await Scripts.RunAsync("peers.sh", ["stop"]);
}

/// <summary>The real executable on a fresh folder with the same users.</summary>
internal sealed class AvisoTarget : ITarget, IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-bench-").FullName;
    private Dictionary<string, int> _ports = [];
    private Process _process = null!;

    public string Name => "Aviso";

    public int Smtp => _ports["smtp"];

    public int Imap => _ports["imap"];

    public int Imaps => _ports["imaps"];

    public string Pids => $"{_process.Id}";

    public string Count => $"imap:127.0.0.1:{Imap}";

    public string Wipe => "";

    public static async Task<AvisoTarget> StartAsync()
    {
        var target = new AvisoTarget();
        var users = Enumerable.Range(1, 100).Select(i => $"user{i:000}@bench.test").Append("big10k@bench.test").Append("big100k@bench.test");
        await File.WriteAllTextAsync(
            Path.Combine(target._folder, "accounts.json"), JsonSerializer.Serialize(users.ToDictionary(user => user, _ => "benchpass")));
        var settings = Path.Combine(target._folder, "aviso.yaml");
        await File.WriteAllTextAsync(settings, $$"""
            hostname: mail.bench.test
            data: {{target._folder}}/data
            listeners:
              - { kind: smtp, address: "127.0.0.1:0" }
              - { kind: imap, address: "127.0.0.1:0" }
              - { kind: imaps, address: "127.0.0.1:0" }
              - { kind: submission, address: "127.0.0.1:0" }
            networks: { internal: [127.0.0.0/8], cleartext_login: [127.0.0.0/8] }
            postmaster: user001@bench.test
            tls: { self_signed: true }
            domains: [ { name: bench.test } ]
            accounts_from: file:accounts.json
            aliases:
              - { address: "sink-*@bench.test", to: [ "user001@sink.test" ] }
            relays: [ { name: sink, host: 127.0.0.1, port: 12526, tls: none } ]
            routes: [ { to: sink.test, relay: sink } ]
            limits: { connections_at_once: 5000, imap_per_user_and_address: 5000 }
            log: { level: warning }

            """);
        var ports = Path.Combine(target._folder, "ports.json");
        target._process = Process.Start(new ProcessStartInfo(
            Path.Combine(Checkout.Root, "src/Server/bin/Release/net10.0/aviso"), ["serve", "--config", settings, "--print-ports-to", ports])
        {
            RedirectStandardOutput = true,
        })!;
        target._process.OutputDataReceived += (_, _) => { };
        target._process.BeginOutputReadLine();
        for (var i = 0; i < 600 && !File.Exists(ports); i++) await Task.Delay(50);
        target._ports = JsonSerializer.Deserialize<Dictionary<string, int>>(await File.ReadAllTextAsync(ports))!;
        // All declared passwords are derived once in the background; that is no part of any load.
        await Task.Delay(TimeSpan.FromSeconds(6));
        return target;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
