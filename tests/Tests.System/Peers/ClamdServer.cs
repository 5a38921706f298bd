using System.Text;

namespace Aviso.Tests.System.Peers;

/// <summary>clamd with a configuration and one signature of the test's own, on loopback and on a UNIX socket.</summary>
internal sealed class ClamdServer : IAsyncDisposable
{
    private readonly PeerFolder _folder = new("clamd");
    private PeerProcess? _process;

    public int Port { get; } = FreePort.Next();

    public string Socket => _folder.Path("clamd.ctl");

    public static async Task<ClamdServer> StartAsync(string pattern)
    {
        var clamd = new ClamdServer();
        var program = Tool.Find("clamd", "clamav-daemon");
        var database = clamd._folder.Shared("database");
        // name : any kind of file : anywhere : hexadecimal.
        await File.WriteAllTextAsync(
            Path.Combine(database, "test.ndb"), $"Aviso.Test.Eicar:0:*:{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(pattern))}\n");
        var config = clamd._folder.Path("clamd.conf");
        await File.WriteAllTextAsync(config, $"""
            DatabaseDirectory {database}
            TemporaryDirectory {clamd._folder.Shared("tmp")}
            LocalSocket {clamd.Socket}
            TCPAddr 127.0.0.1
            TCPSocket {clamd.Port}
            StreamMaxLength 5M
            MaxThreads 2
            Foreground yes

            """);
        clamd._process = PeerProcess.Start(program, ["--foreground", $"--config-file={config}"], clamd._folder.Root);
        await clamd._process.ReadyAsync(() =>
            File.Exists(clamd.Socket) && clamd._process.Output.Contains("Self checking", StringComparison.Ordinal), "clamd");
        return clamd;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        await _process.DisposeAsync();
        _process = null;
        _folder.Dispose();
    }
}
