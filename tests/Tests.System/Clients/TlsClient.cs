using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Clients;

/// <summary>A client that takes any certificate and shows it.</summary>
internal sealed class TlsClient : IDisposable
{
    private readonly TcpClient _tcp = new();
    private SslStream _tls = null!;

    public string Subject => _tls.RemoteCertificate!.Subject;

    public static async Task<TlsClient> ConnectAsync(int port, string name)
    {
        var client = new TlsClient();
        await client._tcp.ConnectAsync("127.0.0.1", port);
        client._tls = new(client._tcp.GetStream(), false, (_, _, _, _) => true);
        await client._tls.AuthenticateAsClientAsync(name);
        await client.ReadAsync();
        return client;
    }

    public async Task<string> AskAsync(string command)
    {
        await _tls.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"));
        return await ReadAsync();
    }

    public void Dispose()
    {
        _tls.Dispose();
        _tcp.Dispose();
    }

    private async Task<string> ReadAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[16 * 1024];
        return Encoding.ASCII.GetString(buffer, 0, await _tls.ReadAsync(buffer, patience.Token));
    }
}
