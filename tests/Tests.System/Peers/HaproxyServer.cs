using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Peers;

/// <summary>One port of HAProxy and where it leads.</summary>
/// <param name="Target">A port of 127.0.0.1.</param>
/// <param name="Server">Options of the server line, such as "send-proxy-v2 check".</param>
/// <param name="Backend">More lines of the backend, such as "option smtpchk".</param>
internal sealed record HaproxyWay(string Name, int Target, string Server, string Backend = "");

/// <summary>HAProxy in front of a server; it dials from 127.0.0.3, so that it can be told from direct clients.</summary>
internal sealed class HaproxyServer : IAsyncDisposable
{
    public const string Source = "127.0.0.3";

    private readonly PeerFolder _folder = new("haproxy");
    private readonly Dictionary<string, int> _ports = [];
    private PeerProcess? _process;

    public int Port(string way) => _ports[way];

    public string Output => _process?.Output ?? "";

    public static async Task<HaproxyServer> StartAsync(params HaproxyWay[] ways)
    {
        var haproxy = new HaproxyServer();
        var text = new StringBuilder($"""
            global
              stats socket {haproxy._folder.Path("stats")} mode 600 level admin
            defaults
              mode tcp
              timeout connect 5s
              timeout client 1m
              timeout server 1m
              timeout check 2s

            """);
        foreach (var way in ways)
        {
            haproxy._ports[way.Name] = FreePort.Next();
            text.Append($"""
                frontend in_{way.Name}
                  bind 127.0.0.1:{haproxy._ports[way.Name]}
                  default_backend {way.Name}
                backend {way.Name}
                  source {Source}
                  {way.Backend}
                  server aviso 127.0.0.1:{way.Target} {way.Server} inter 200ms

                """);
        }
        await File.WriteAllTextAsync(haproxy._folder.Path("haproxy.cfg"), text.ToString());
        haproxy._process = PeerProcess.Start(
            Tool.Find("haproxy", "haproxy"), ["-db", "-f", haproxy._folder.Path("haproxy.cfg")], haproxy._folder.Root);
        await haproxy._process.ReadyAsync(() => haproxy._ports.Values.All(port => FreePort.Answers(port)), "haproxy");
        return haproxy;
    }

    /// <summary>Status of the server behind a way ("UP", "DOWN"...), its last check and how many checks failed.</summary>
    public async Task<(string Status, string Check, int Failed)> StateAsync(string way)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder.Path("stats")));
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync("show stat\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        var lines = (await reader.ReadToEndAsync()).Split('\n');
        var names = lines[0].TrimStart('#', ' ').Split(',').ToList();
        var row = lines.First(line => line.StartsWith($"{way},aviso,", StringComparison.Ordinal)).Split(',');
        return (row[names.IndexOf("status")], row[names.IndexOf("check_status")],
            int.TryParse(row[names.IndexOf("chkfail")], out var failed) ? failed : 0);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
