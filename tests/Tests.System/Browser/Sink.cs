using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Browser;

/// <summary>
/// The host that hostile mail speaks of. It listens on loopback and remembers who asked for what, also when somebody only begins TLS; it
/// can also serve pages, for the control that proves that it hears.
/// </summary>
internal sealed class Sink : IDisposable
{
    public const string Host = "evil.example";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly ConcurrentDictionary<string, string> _pages = new();

    public Sink()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>
    /// The first line of each request, or what can be read of a beginning of TLS, for names of the zones that mail of the tests speaks of.
    /// (The browser's own calls home end here too; they are none of a page's.)
    /// </summary>
    public IReadOnlyCollection<string> Heard => [.. _heard.Where(line => line.Contains(".example", StringComparison.Ordinal)
        || line.Contains(".test", StringComparison.Ordinal))];

    /// <summary>Serves a page at http://evil.example/PATH.</summary>
    public void Serve(string path, string html) => _pages[path] = html;

    public void Forget() => _heard.Clear();

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_end.IsCancellationRequested) _ = AnswerAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The scene is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var open = client;
        try
        {
            var buffer = new byte[16 * 1024];
            var read = await client.GetStream().ReadAsync(buffer, _end.Token);
            if (read == 0) return;
            var head = Encoding.Latin1.GetString(buffer, 0, read);
            var line = head.Split("\r\n")[0];
            var isHttp = line.EndsWith(" HTTP/1.1", StringComparison.Ordinal);
            _heard.Enqueue(isHttp ? $"{line[..^9]} {HostOf(head)}" : "TLS "
                + new string([.. head.Where(char.IsAscii).Where(c => !char.IsControl(c))]));
            if (!isHttp) return;
            await client.GetStream().WriteAsync(Reply(line.Split(' ')[1]), _end.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The browser changed its mind.
        }
    }

    private byte[] Reply(string path)
    {
        var (type, body) = _pages.TryGetValue(path.TrimStart('/'), out var page) ? ("text/html; charset=utf-8", page)
            : path.EndsWith(".js", StringComparison.Ordinal) ? ("text/javascript", $"window.pwned=1;new Image().src='{path}/script'")
            : path.EndsWith(".css", StringComparison.Ordinal) ? ("text/css", $"body{{background:url({path}/sheet)}}")
            : ("image/gif", "");
        var octets = Encoding.UTF8.GetBytes(body);
        return [.. Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {octets.Length}\r\nConnection: "
                + $"close\r\nAccess-Control-Allow-Origin: *\r\n\r\n"), .. octets];
    }

    private static string HostOf(string head) =>
        head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Host: ", StringComparison.OrdinalIgnoreCase))?[6..] ?? "";
}
