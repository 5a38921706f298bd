using System.Text.Json.Nodes;

namespace Aviso.Tests.System.Peers;

/// <summary>Pebble, the test authority of Let's Encrypt, asking names of its own DNS server or of another.</summary>
internal sealed class PebbleServer : IAsyncDisposable
{
    public const string KeyId = "kid-1";
    public const string MacKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

    private readonly PeerFolder _folder = new("pebble");
    private readonly TestAuthority _authority = new("Authority of pebble's own server");
    private readonly List<PeerProcess> _processes = [];
    private readonly int _port = FreePort.Next();

    public string Directory => $"https://localhost:{_port}/dir";

    /// <summary>PEM of the root of its web server.</summary>
    public string CaFile => _authority.CaFile;

    /// <summary>As a value of tls.acme.authorities.</summary>
    public string Yaml(string more = "") => $$"""{ directory: "{{Directory}}", ca: "file:{{CaFile}}"{{more}} }""";

    public string Output => string.Join('\n', _processes.Select(p => p.Output));

    /// <param name="dns">Port of a DNS server; 0 starts one for which every name is on <paramref name="ipv4"/> and <paramref name="ipv6"/>.</param>
    public static async Task<PebbleServer> StartAsync(
        int httpPort = 1, int tlsPort = 1, int dns = 0, bool eab = false, int badNonces = 5, string ipv4 = "127.0.0.1", string ipv6 = "")
    {
        var pebble = new PebbleServer();
        var program = Tool.Find("pebble", "pebble");
        var (certificate, key) = pebble._authority.Issue("pebble", "localhost", "127.0.0.1");
        if (dns == 0)
        {
            dns = FreePort.Next();
            pebble._processes.Add(PeerProcess.Start(Tool.Find("pebble-challtestsrv", "pebble"),
                ["-defaultIPv4", ipv4, "-defaultIPv6", ipv6, "-dns01", $"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", "",
                    "-management", $"127.0.0.1:{FreePort.Next()}"], pebble._folder.Root));
        }
        var config = new JsonObject
        {
            ["pebble"] = new JsonObject
            {
                ["listenAddress"] = $"127.0.0.1:{pebble._port}",
                ["managementListenAddress"] = $"127.0.0.1:{FreePort.Next()}",
                ["certificate"] = certificate,
                ["privateKey"] = key,
                ["httpPort"] = httpPort,
                ["tlsPort"] = tlsPort,
                ["externalAccountBindingRequired"] = eab,
                ["externalAccountMACKeys"] = new JsonObject { [KeyId] = MacKey },
            },
        };
        await File.WriteAllTextAsync(pebble._folder.Path("config.json"), config.ToJsonString());
        var process = PeerProcess.Start(
            program, ["-config", pebble._folder.Path("config.json"), "-dnsserver", $"127.0.0.1:{dns}"], pebble._folder.Root,
            new Dictionary<string, string> { ["PEBBLE_VA_NOSLEEP"] = "1", ["PEBBLE_WFE_NONCEREJECT"] = $"{badNonces}" });
        pebble._processes.Add(process);
        await process.ReadyAsync(() => FreePort.Answers(pebble._port), "pebble");
        return pebble;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }
}
