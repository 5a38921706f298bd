using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>A server that may have few files and connections open (ulimit -n).</summary>
public sealed class DescriptorTests : IAsyncLifetime
{
    private readonly List<Socket> _flood = [];
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync("guard: { mode: none }\n", "smtp submission imap imaps metrics",
        proxies: $"{HaproxyServer.Source}/32", launcher: ["prlimit", "--nofile=512:512", "--"]);

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _flood) socket.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("imaps")]
    [InlineData("smtp")]
    public async Task F2_idle_connections_of_strangers_take_no_descriptor_that_the_server_needs(string kind)
    {
        using var person = new LineClient(_server.Port("imap"));
        person.ReadLine();
        person.Send($"a LOGIN bob@{AvisoServer.Domain} \"{AvisoServer.Password}\"\r\n");
        Assert.StartsWith("a OK", person.ReadLine(), StringComparison.Ordinal);
        Assert.Contains("this process may have 512 files", _server.Log, StringComparison.Ordinal);

        for (var i = 0; i < 25 * 45; i++) await FloodAsync(kind, $"203.0.113.{1 + (i / 45)}");

        Assert.False(_server.HasExited, _server.Log);
        // The log is written beside the work, not before it.
        await Patience.UntilAsync(
            () => _server.Log.Contains("no more connections", StringComparison.Ordinal), "the end of connections is said", why: () => _server.Log);
        // Who is in goes on, one of ours gets in, and mail is stored: threads and files are there.
        for (var i = 0; i < 5; i++)
        {
            using var smtp = new SmtpLineClient(_server.Port("smtp"), "gateway.lan", "127.0.0.5");
            smtp.Deliver("s@sender.test", [$"bob@{AvisoServer.Domain}"], $"Subject: {i}\r\nMessage-ID: <{kind}{i}@flood>\r\n\r\n{new string('x', 70)}\r\n");
        }
        person.Send($"b STATUS INBOX (MESSAGES)\r\n");
        Assert.StartsWith("* STATUS \"INBOX\" (MESSAGES 5)", person.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("b OK", person.ReadLine(), StringComparison.Ordinal);
        Assert.True(await _server.MetricAsync("aviso_sessions_dropped_total", "no-descriptor") > 0);

        foreach (var socket in _flood) socket.Dispose();
        await Patience.UntilAsync(() =>
        {
            try
            {
                using var stranger = As("smtp", "198.51.100.7");
                return stranger.ReadLine().StartsWith("220", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }, "strangers are served again when the flood is over", 20, () => _server.Log);
    }

    private async Task FloodAsync(string kind, string from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _flood.Add(socket);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(HaproxyServer.Source), 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _server.Port(kind)), TestContext.Current.CancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {from} 203.0.113.1 40000 993\r\n"), TestContext.Current.CancellationToken);
        }
        catch (SocketException)
        {
            // Sent away.
        }
    }

    private LineClient As(string kind, string address)
    {
        var client = new LineClient(_server.Port(kind), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }
}
