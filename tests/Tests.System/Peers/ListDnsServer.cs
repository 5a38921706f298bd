namespace Aviso.Tests.System.Peers;

/// <summary>BIND as the only name server of a world: it has the root zone, with the records of a test.</summary>
internal sealed class ListDnsServer : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("lists");
    private PeerProcess _process = null!;

    public int Port { get; } = FreePort.Next();

    public string Output => _process.Output;

    /// <param name="records">Lines of a zone file; names are full, without the last dot.</param>
    public static async Task<ListDnsServer> StartAsync(params IEnumerable<string> records)
    {
        var dns = new ListDnsServer();
        var program = Tool.Find("named", "bind9");
        var folder = dns._folder.Shared("data");
        await File.WriteAllTextAsync(Path.Combine(folder, "zone"), $"""
            $ORIGIN .
            $TTL 1
            @ SOA ns.world.test. hostmaster.world.test. 1 3600 600 86400 1
            @ NS ns.world.test.
            ns.world.test A 127.0.0.1
            {string.Join('\n', records)}

            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "named.conf"), $$"""
            options {
                directory "{{folder}}"; pid-file none; session-keyfile none; managed-keys-directory "{{folder}}";
                listen-on port {{dns.Port}} { 127.0.0.1; }; listen-on-v6 { none; };
                recursion no; allow-query { any; }; dnssec-validation no; notify no;
            };
            controls { };
            zone "." { type primary; file "zone"; };

            """);
        dns._process = PeerProcess.Start(program, ["-g", "-n", "1", "-c", Path.Combine(folder, "named.conf")], folder);
        await dns._process.ReadyAsync(() => dns.Output.Contains("all zones loaded", StringComparison.Ordinal), "named", () => dns.Output);
        return dns;
    }

    /// <summary>From now on it takes questions and answers none.</summary>
    public Task HangAsync() => Tool.RunAsync("kill", ["-STOP", $"{_process.Pid}"]);

    public Task GoOnAsync() => Tool.RunAsync("kill", ["-CONT", $"{_process.Pid}"]);

    public async ValueTask DisposeAsync()
    {
        await GoOnAsync();
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
