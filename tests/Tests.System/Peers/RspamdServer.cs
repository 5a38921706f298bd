namespace Aviso.Tests.System.Peers;

/// <summary>Rspamd with its stock rules and one worker that answers /checkv2; it asks one DNS server and keeps nothing.</summary>
internal sealed class RspamdServer : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("rspamd");
    private PeerProcess? _process;

    public int Port { get; } = FreePort.Next();

    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private string LogFile => Path.Combine(_folder.Shared("log"), "rspamd.log");

    public static async Task<RspamdServer> StartAsync(int dnsPort)
    {
        var server = new RspamdServer();
        var program = Tool.Find("rspamd", "rspamd");
        var root = server._folder.Root;
        var local = server._folder.Shared("local.d");
        var files = new Dictionary<string, string>
        {
            ["options.inc"] =
                $"dns {{ nameserver = [\"127.0.0.1:{dnsPort}\"]; timeout = 2s; retransmits = 2; }}\nlocal_addrs = [10.0.0.0/8];\nfilters = \"dkim\";\ndisable_monitoring = true;\n",
            ["worker-controller.inc"] = "enabled = false;\ncount = 0;\n",
            ["worker-proxy.inc"] = "enabled = false;\ncount = 0;\n",
            ["worker-fuzzy.inc"] = "enabled = false;\ncount = 0;\n",
            ["worker-normal.inc"] = $"bind_socket = \"127.0.0.1:{server.Port}\";\ncount = 1;\n",
            ["logging.inc"] = $"type = \"file\";\nfilename = \"{server.LogFile}\";\nlevel = \"warning\";\n",
            ["dkim.conf"] = "trusted_only = false;\nskip_multi = false;\n",
        };
        foreach (var module in "greylist ratelimit rspamd_update fuzzy_check rbl surbl phishing maillist hfilter neural replies history_redis".Split(' '))
            files[module + ".conf"] = "enabled = false;\n";
        foreach (var (name, text) in files) await File.WriteAllTextAsync(Path.Combine(local, name), text);
        string[] user = Environment.UserName == "root" ? ["-u", "nobody", "-g", "nogroup"] : [];
        server._process = PeerProcess.Start(program,
            [.. user, "-f", "-c", "/etc/rspamd/rspamd.conf", "--var", $"LOCAL_CONFDIR={root}", "--var",
                $"DBDIR={server._folder.Shared("db")}",
                "--var", $"RUNDIR={server._folder.Shared("run")}", "--var", $"LOGDIR={server._folder.Shared("log")}"], root);
        await server._process.ReadyAsync(() => FreePort.Answers(server.Port), "rspamd", () => server.Log);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
