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

    /// <summary>Drops what the server remembers and the machine's page cache: the next answer comes from the disk.</summary>
    Task CoolAsync();
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

    /// <summary>Who owns the mailboxes, as uid:gid.</summary>
    public static async Task<string> OwnerAsync()
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%u:%g", $"{Work}/big"]) { RedirectStandardOutput = true })!;
        return (await stat.StandardOutput.ReadToEndAsync()).Trim();
    }

    public static async Task<PeerStack> StartAsync()
    {
        await Scripts.RunAsync("peers.sh", ["config"]);
        await Scripts.RunAsync("peers.sh", ["start"]);
        return new() { Pids = (await Scripts.RunAsync("peers.sh", ["pids"])).Trim() };
    }

    /// <summary>Rspamd's ports: its HTTP scanner and its controller.</summary>
    public static int Scanner => 12333;

    public static int Controller => 12334;

    public static int Redis => 12379;

    /// <summary>Root pids of Rspamd, Redis and unbound.</summary>
    public string FilterPids { get; private set; } = "";

    /// <summary>Starts again with the filter as a milter, and with its HTTP scanner.</summary>
    public async Task FilterAsync()
    {
        await Scripts.RunAsync("peers.sh", ["stop"]);
        await Scripts.RunAsync("peers.sh", ["config"], ("SCAN_WORKER", "true"));
        await Scripts.RunAsync("peers.sh", ["start", "filter"]);
        Pids = (await Scripts.RunAsync("peers.sh", ["pids"])).Trim();
        // Rspamd keeps its file locked; cat does not mind.
        string[] files = [$"{Work}/run/redis.pid", $"{Work}/run/unbound.pid", $"{Work}/run/rspamd.pid"];
        using var cat = Process.Start(new ProcessStartInfo("cat", files) { RedirectStandardOutput = true })!;
        FilterPids = string.Join(
            ' ', (await cat.StandardOutput.ReadToEndAsync()).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    public async Task NoFilterAsync()
    {
        await Scripts.RunAsync("peers.sh", ["stop"]);
        await Scripts.RunAsync("peers.sh", ["config"]);
        await Scripts.RunAsync("peers.sh", ["start"]);
        (Pids, FilterPids) = ((await Scripts.RunAsync("peers.sh", ["pids"])).Trim(), "");
    }

    // A Dovecot session remembers nothing once it is closed.
    public Task CoolAsync() => PageCache.DropAsync();

    public async ValueTask DisposeAsync() => await Scripts.RunAsync("peers.sh", ["stop"]);
}

/// <summary>The real executable on a fresh folder with the same users.</summary>
internal sealed class AvisoTarget : ITarget, IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-bench-").FullName;
    private Dictionary<string, int> _ports = [];
    private readonly Lazy<Task> _ending;
    private Process? _process;

    public AvisoTarget() => _ending = new(EndAsync);

    public string Name => "Aviso";

    public int Smtp => _ports["smtp"];

    public int Imap => _ports["imap"];

    public int Imaps => _ports["imaps"];

    public int Http => _ports["http"];

    public string Pids => $"{_process!.Id}";

    public string Count => $"imap:127.0.0.1:{Imap}";

    public string Wipe => "";

    public async Task StartAsync()
    {
        var users = Enumerable.Range(1, 100).Select(i => $"user{i:000}@bench.test").Append("big10k@bench.test")
            .Append("big100k@bench.test");
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "accounts.json"), JsonSerializer.Serialize(users.ToDictionary(user => user, _ => "benchpass")));
        await File.WriteAllTextAsync(Path.Combine(_folder, "aviso.yaml"), $$"""
            hostname: mail.bench.test
            data: {{_folder}}/data
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
            sending: { messages_per_hour: 100000000, messages_per_day: 100000000, recipients_per_hour: 100000000, recipients_per_day: 100000000, new_recipients: 100000000 }
            limits: { message_size: 300MB, connections_at_once: 5000, imap_per_user_and_address: 5000 }
            spam: { enabled: false }
            log: { level: warning }

            """);
        await RunAsync();
        // All declared passwords are derived once in the background; that is no part of any load.
        await Task.Delay(TimeSpan.FromSeconds(6));
    }

    /// <summary>Stops as an administrator would and starts on the same data; as <see cref="RunAsync"/>.</summary>
    public async Task<TimeSpan> RestartAsync()
    {
        await StopAsync();
        return await RunAsync();
    }

    /// <summary>Replaces a line of the settings and adds listeners; counts from the next start.</summary>
    public async Task ConfigureAsync(string line, string with, string listeners)
    {
        var path = Path.Combine(_folder, "aviso.yaml");
        var text = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, text.Replace(line, with, StringComparison.Ordinal).Replace(
            "listeners:\n", "listeners:\n" + listeners, StringComparison.Ordinal));
    }

    public string Data => Path.Combine(_folder, "data");

    public async Task StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", Pids])) await kill.WaitForExitAsync();
        await _process!.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async Task CoolAsync()
    {
        await RestartAsync();
        await PageCache.DropAsync();
    }

    /// <returns>From the start of the process until its ports are open and the store is ready.</returns>
    public async Task<TimeSpan> RunAsync()
    {
        var ports = Path.Combine(_folder, "ports.json");
        File.Delete(ports);
        var began = Stopwatch.GetTimestamp();
        _process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("AVISO_EXECUTABLE") ?? Path.Combine(Checkout.Root, "src/Server/bin/Release/net10.0/aviso"),
            ["serve", "--config", Path.Combine(_folder, "aviso.yaml"), "--print-ports-to", ports])
        {
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        while (!File.Exists(ports))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
                throw new InvalidOperationException("aviso serve did not start");
            await Task.Delay(5);
        }
        var took = Stopwatch.GetElapsedTime(began);
        _ports = JsonSerializer.Deserialize<Dictionary<string, int>>(await File.ReadAllTextAsync(ports))!;
        return took;
    }

    public async ValueTask DisposeAsync() => await _ending.Value;

    private async Task EndAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The disk below both servers.</summary>
internal static class Disk
{
    /// <summary>Appending 4 KiB and syncing it, p50 of 200.</summary>
    public static double SyncMilliseconds()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            var block = new byte[4096];
            var took = new double[200];
            for (var i = 0; i < took.Length; i++)
            {
                var began = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, i * 4096L);
                RandomAccess.FlushToDisk(file);
                took[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
            return took.Order().ElementAt(took.Length / 2);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

/// <summary>What the kernel keeps of files.</summary>
internal static class PageCache
{
    public static async Task DropAsync()
    {
        using (var sync = Process.Start("sync")) await sync.WaitForExitAsync();
        await File.WriteAllTextAsync("/proc/sys/vm/drop_caches", "3");
    }
}
