using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System;

/// <summary>
/// The real executable in a folder of its own, on free loopback ports. Started by a test and ended by its pid. What it wrote
/// to stdout is kept for the message of a failing test.
/// </summary>
public sealed class AvisoServer : IAsyncDisposable
{
    public const string Domain = "example.test";
    public const string Password = "correct horse 1";

    private readonly List<string> _log = [];
    private IReadOnlyList<string> _launcher = [];
    private Process? _process;

    private AvisoServer(string folder) => Folder = folder;

    /// <summary>Holds aviso.yaml and data/.</summary>
    public string Folder { get; }

    public string DataFolder => Path.Combine(Folder, "data");

    public string SettingsFile => Path.Combine(Folder, "aviso.yaml");

    public IReadOnlyDictionary<string, int> Ports { get; private set; } = new Dictionary<string, int>();

    public int Pid => _process!.Id;

    public bool HasExited => _process is null || _process.HasExited;

    public string Log
    {
        get
        {
            lock (_log) return string.Join('\n', _log);
        }
    }

    /// <summary>Port of a listener kind such as "smtp".</summary>
    public int Port(string kind) => Ports[kind];

    /// <summary>
    /// Starts a server with accounts alice@ bob@ carol@example.test. <paramref name="extra"/> is YAML added at the end;
    /// <paramref name="listeners"/> are kinds, each bound to a free port of 127.0.0.1 (or KIND@ADDRESS:PORT); <paramref name="proxies"/>
    /// are networks that speak PROXY; <paramref name="tls"/> is the value of the key tls, <paramref name="limits"/> of limits; <paramref name="cleartext"/> may log in without TLS;
    /// <paramref name="domain"/> is the domain instead of example.test; <paramref name="launcher"/> is a command that becomes the server;
    /// <paramref name="people"/> are addresses of further accounts.
    /// </summary>
    public static async Task<AvisoServer> StartAsync(
        string extra = "", string? listeners = null, string? dataFolder = null,
        IReadOnlyDictionary<string, string>? environment = null, string proxies = "", string tls = "{ self_signed: true }",
        string cleartext = "127.0.0.0/8", string domain = Domain,
        string limits = "{ connections: 100000/min, messages: 100000/min, connections_at_once: 1000 }",
            IReadOnlyList<string>? launcher = null, IEnumerable<string>? people = null)
    {
        var folder = Directory.CreateTempSubdirectory("aviso-system-").FullName;
        var server = new AvisoServer(folder) { _launcher = launcher ?? [] };
        var kinds = (listeners ?? "smtp submission submissions imap imaps lmtp metrics").Split(' ');
        await File.WriteAllTextAsync(server.SettingsFile, $$"""
            hostname: mail.{{domain}}
            data: {{dataFolder ?? server.DataFolder}}
            listeners:
            {{string.Join('\n', kinds.Select(kind => kind.Split('@') is [var name, var address]
                ? $"  - {{ kind: {name}, address: \"{address}\" }}" : $"  - {{ kind: {kind}, address: \"127.0.0.1:0\" }}"))}}
            networks:
              internal: [127.0.0.0/8]
              cleartext_login: [{{cleartext}}]
              proxies: [{{proxies}}]
            postmaster: alice@{{domain}}
            tls: {{tls}}
            domains:
              - name: {{domain}}
            accounts:
              - { address: alice@{{domain}}, password: "literal:{{Password}}" }
              - { address: bob@{{domain}}, password: "literal:{{Password}}" }
              - { address: carol@{{domain}}, password: "literal:{{Password}}" }
            {{string.Join('\n', (people ?? []).Select(address => $"  - {{ address: {address}, password: \"literal:{Password}\" }}"))}}
            limits: {{limits}}

            """ + (extra.Contains("sending:", StringComparison.Ordinal) ? "" : "sending: { messages_per_hour: 1000000, messages_per_day: 1000000, recipients_per_hour: 1000000, recipients_per_day: 1000000, new_recipients: 1000000 }\n")
            + extra + "\n");
        await server.StartAgainAsync(environment);
        return server;
    }

    /// <summary>Starts the process (again) on the same folder and waits until it is ready.</summary>
    public async Task StartAgainAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var ports = Path.Combine(Folder, "ports.json");
        File.Delete(ports);
        string[] command = [.. _launcher, Executable, "serve", "--config", SettingsFile, "--print-ports-to", ports];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        _process?.Dispose();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Patience.UntilAsync(() => File.Exists(ports) || _process.HasExited, "the server is ready", seconds: 60, () => Log, pause: 20);
        Assert.True(File.Exists(ports), "the server ended before it was ready:\n" + Log);
        Ports = JsonSerializer.Deserialize<Dictionary<string, int>>(await File.ReadAllTextAsync(ports))!;
    }

    /// <summary>kill -9, and wait until it is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; returns the exit status.</summary>
    public async Task<int> StopAsync()
    {
        await Tool.RunAsync("kill", ["-TERM", $"{Pid}"]);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process!.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Runs a verb of the same executable on the same settings.</summary>
    public Task<ToolResult> VerbAsync(params string[] args) =>
        Tool.RunAsync(Executable, [.. args, "--config", SettingsFile]);

    /// <summary>Sends a signal by name, such as "HUP".</summary>
    public async Task SignalAsync(string name) => (await Tool.RunAsync("kill", [$"-{name}", $"{Pid}"])).MustSucceed();

    /// <summary>The value of a metric, summed over the series whose labels contain <paramref name="label"/>; 0 when there is
    /// none.</summary>
    public async Task<double> MetricAsync(string name, string label = "")
    {
        var (_, text) = await PageAsync("/metrics");
        return text.Split('\n')
            .Where(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
                && line.Contains(label, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Events of level warning or error so far.</summary>
    public IReadOnlyList<string> Troubles => [.. Log.Split('\n').Where(line =>
        line.Contains(" warning ", StringComparison.Ordinal) || line.Contains(" error ", StringComparison.Ordinal))];

    /// <summary>Status and text of a page on the metrics listener.</summary>
    public async Task<(HttpStatusCode Status, string Text)> PageAsync(string path)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        var reply = await http.GetAsync(new Uri($"http://127.0.0.1:{Port("metrics")}{path}"));
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited) await KillAsync();
        _process?.Dispose();
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // A tmpfs mounted below by a test goes with that test.
        }
    }

    /// <summary>What the build made, or the file that AVISO_EXECUTABLE names (`./dev test --native`).</summary>
    public static string Executable
    {
        get
        {
            if (Environment.GetEnvironmentVariable("AVISO_EXECUTABLE") is { Length: > 0 } named) return named;
            var output = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
            return Path.Combine(Checkout.Root, "src", "Server", "bin", output, "net10.0", "aviso");
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_log) _log.Add(line);
    }
}
