using System.Net;

namespace Aviso.Tests.System.Peers;

/// <summary>
/// A signed zone test. on BIND with three children: secure.test. (signed, in the parent), insecure.test. (not signed), bogus.test. (signed,
/// but the parent names another key); and an unbound that validates from the key of test. on. Each child has MX, A, TLSA and TXT records.
/// </summary>
internal sealed class DnssecChain : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("dnssec");
    private readonly List<PeerProcess> _processes = [];

    private int Authority { get; } = FreePort.Next();

    /// <summary>The validating resolver.</summary>
    public IPEndPoint Resolver { get; } = new(IPAddress.Loopback, FreePort.Next());

    public string Output => string.Join('\n', _processes.Select(p => p.Output));

    /// <param name="records">More lines for each child's zone file.</param>
    public static async Task<DnssecChain> StartAsync(string records = "")
    {
        var chain = new DnssecChain();
        var (named, unbound) = (Tool.Find("named", "bind9"), Tool.Find("unbound", "unbound"));
        foreach (var child in new[] { "secure", "insecure", "bogus" }) await chain.WriteAsync($"{child}.test", records);
        await chain.SignAsync("secure.test");
        await chain.SignAsync("bogus.test");
        var secure = await File.ReadAllTextAsync(chain._folder.Path("dsset-secure.test."));
        var bogus = await File.ReadAllTextAsync(chain._folder.Path("dsset-bogus.test."));
        // The last digit of the digest is another one.
        var digit = bogus.TrimEnd()[^1];
        await chain.WriteAsync("test", secure + bogus.TrimEnd()[..^1] + (digit == '0' ? '1' : '0') + "\n"
            + string.Concat(new[] { "secure", "insecure", "bogus" }.Select(c => $"{c}.test. NS ns.{c}.test.\nns.{c}.test. A 127.0.0.1\n")));
        await chain.SignAsync("test");
        await chain.StartNamedAsync(named);
        await chain.StartUnboundAsync(unbound, await File.ReadAllTextAsync(chain._folder.Path("dsset-test.")));
        return chain;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        _folder.Dispose();
    }

    private Task WriteAsync(string zone, string records) => File.WriteAllTextAsync(_folder.Path(zone), $"""
        $TTL 300
        $ORIGIN {zone}.
        @ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60
        @ NS ns.{zone}.
        ns A 127.0.0.1
        @ MX 10 mail.{zone}.
        @ TXT "v=spf1 -all"
        mail A 127.0.0.1
        _25._tcp.mail TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
        {records}

        """);

    private async Task SignAsync(string zone)
    {
        var keygen = Tool.Find("dnssec-keygen", "bind9-utils");
        (await Tool.RunAsync(keygen, ["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone], folder: _folder.Root)).MustSucceed();
        (await Tool.RunAsync(keygen, ["-q", "-a", "ECDSAP256SHA256", zone], folder: _folder.Root)).MustSucceed();
        (await Tool.RunAsync(Tool.Find("dnssec-signzone", "bind9-utils"), ["-S", "-o", zone, "-f", zone + ".signed", zone],
            folder: _folder.Root)).MustSucceed();
    }

    private async Task StartNamedAsync(string program)
    {
        string Zone(string name, string file) => $"zone \"{name}\" {{ type primary; file \"{file}\"; }};\n";
        await File.WriteAllTextAsync(_folder.Path("named.conf"), $$"""
            options {
                directory "{{_folder.Root}}"; pid-file none; session-keyfile none; managed-keys-directory "{{_folder.Root}}";
                listen-on port {{Authority}} { 127.0.0.1; }; listen-on-v6 { none; };
                recursion no; dnssec-validation no; notify no;
            };
            controls { };
            {{Zone("test", "test.signed")}}{{Zone("secure.test", "secure.test.signed")}}{{Zone("insecure.test", "insecure.test")}}{{Zone("bogus.test", "bogus.test.signed")}}
            """);
        var process = PeerProcess.Start(program, ["-g", "-n", "1", "-c", _folder.Path("named.conf")], _folder.Root);
        _processes.Add(process);
        await process.ReadyAsync(() => process.Output.Contains("all zones loaded", StringComparison.Ordinal), "named");
    }

    private async Task StartUnboundAsync(string program, string anchors)
    {
        string Stub(string zone) => $"stub-zone:\n  name: \"{zone}\"\n  stub-addr: 127.0.0.1@{Authority}\n";
        await File.WriteAllTextAsync(_folder.Path("unbound.conf"), $"""
            server:
              directory: "{_folder.Root}"
              chroot: ""
              username: ""
              pidfile: ""
              use-syslog: no
              logfile: ""
              do-daemonize: no
              num-threads: 1
              interface: 127.0.0.1@{Resolver.Port}
              do-not-query-localhost: no
              local-zone: "test." nodefault
              module-config: "validator iterator"
            {string.Concat(anchors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ds => $"  trust-anchor: \"{ds.Replace('\t', ' ')}\"\n"))}
            remote-control:
              control-enable: no
            {Stub("test")}{Stub("secure.test")}{Stub("insecure.test")}{Stub("bogus.test")}
            """);
        var process = PeerProcess.Start(program, ["-d", "-c", _folder.Path("unbound.conf")], _folder.Root);
        _processes.Add(process);
        await process.ReadyAsync(() => FreePort.Answers(Resolver.Port), "unbound");
    }
}
