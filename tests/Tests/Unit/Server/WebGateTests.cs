using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Aviso.Base;
using Aviso.Net;
using Aviso.Tests.Unit.Net;
using Aviso.Web;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>One client cannot shut http or https for the others.</summary>
public sealed class WebGateTests : IAsyncDisposable
{
    private readonly MetricsRegistry _registry = new("Aviso.Web");
    private readonly List<IDisposable> _sockets = [];
    private readonly Evidences _evidence = new();
    private WebListener? _web;

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets) socket.Dispose();
        if (_web is not null) await _web.DisposeAsync();
        _registry.Dispose();
    }

    [Theory]
    [InlineData(ListenerKind.Http)]
    [InlineData(ListenerKind.Https)]
    public async Task One_address_holds_so_many_connections_and_others_are_served(ListenerKind kind)
    {
        var web = await StartAsync(kind, new(null, TimeProvider.System, evidence: _evidence));
        var silent = new List<Socket>();
        for (var i = 0; i < 32; i++) silent.Add(await DialAsync(web, "127.0.0.2"));
        await Patience.UntilAsync(() => Gate.Open == 32, "32 connections are open", pause: 20);
        for (var i = 0; i < 8; i++) Assert.Equal("", await AskAsync(web, kind, "127.0.0.2"));
        Assert.All(silent, s => Assert.True(IsOpen(s)));
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(web, kind, "127.0.0.3"), StringComparison.Ordinal);
        Assert.Equal(8, _evidence.Heard.Count(e => e == new Evidence(kind, IPAddress.Parse("127.0.0.2"), Reason.ClientLimit)));
        Assert.True(Dropped(kind, "client-limit") >= 8);
        // A place is free again when one leaves.
        silent[0].Dispose();
        await Patience.UntilAsync(
            async () => (await AskAsync(web, kind, "127.0.0.2")).StartsWith("HTTP/1.1 200", StringComparison.Ordinal), "another is let in", pause: 20);
    }

    [Fact]
    public async Task Our_own_machines_are_not_counted_one_by_one()
    {
        var web = await StartAsync(ListenerKind.Http, new(null, TimeProvider.System, IPAddress.IsLoopback) { MostPerClient = 2 });
        for (var i = 0; i < 4; i++) await DialAsync(web, "127.0.0.2");
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(web, ListenerKind.Http, "127.0.0.2"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ListenerKind.Http)]
    [InlineData(ListenerKind.Https)]
    public async Task A_full_house_makes_room_at_the_cost_of_the_oldest_that_asked_nothing(ListenerKind kind)
    {
        var web = await StartAsync(kind, new(null, TimeProvider.System) { MostOpen = 4 });
        var first = await DialAsync(web, "127.0.0.2");
        await Patience.UntilAsync(() => Gate.Open == 1, "1 connections are open", pause: 20);
        for (var i = 3; i < 6; i++) await DialAsync(web, $"127.0.0.{i}");
        await Patience.UntilAsync(() => Gate.Open == 4, "4 connections are open", pause: 20);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(web, kind, "127.0.0.9"), StringComparison.Ordinal);
        await EndAsync(first);
        Assert.True(Dropped(kind, "made-room") >= 1);
    }

    [Fact]
    public async Task Who_has_asked_stays_before_who_has_not()
    {
        var web = await StartAsync(ListenerKind.Http, new(null, TimeProvider.System) { MostOpen = 2 });
        var asks = await DialAsync(web, "127.0.0.2");
        await asks.SendAsync("GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        Assert.True(await asks.ReceiveAsync(new byte[4096]) > 0);
        var silent = await DialAsync(web, "127.0.0.3");
        await Patience.UntilAsync(() => Gate.Open == 2, "2 connections are open", pause: 20);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(web, ListenerKind.Http, "127.0.0.4"), StringComparison.Ordinal);
        await EndAsync(silent);
        Assert.True(IsOpen(asks));
    }

    [Fact]
    public async Task Who_has_logged_in_takes_no_place_of_strangers_but_one_of_the_household()
    {
        var web = await StartAsync(
            ListenerKind.Http, new(null, TimeProvider.System) { MostPerClient = 2, MostOpen = 2, MostPerHousehold = 4 });
        for (var i = 0; i < 3; i++)
        {
            var known = await DialAsync(web, "127.0.0.2");
            await known.SendAsync("GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            Assert.True(await known.ReceiveAsync(new byte[4096]) > 0);
        }
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(web, ListenerKind.Http, "127.0.0.3"), StringComparison.Ordinal);
        var fourth = await DialAsync(web, "127.0.0.2");
        await Patience.UntilAsync(() => Gate.Open == 4, "4 connections are open", pause: 20);
        Assert.Equal("", await AskAsync(web, ListenerKind.Http, "127.0.0.2"));
        Assert.True(IsOpen(fourth));
    }

    [Theory]
    [InlineData(ListenerKind.Http, "")]
    [InlineData(ListenerKind.Http, "GET / HTTP/1.1\r\nHost: local")]
    [InlineData(ListenerKind.Https, "")]
    public async Task Who_asks_nothing_in_time_is_let_go(ListenerKind kind, string begun)
    {
        var web = await StartAsync(kind, new(null, TimeProvider.System) { Patience = TimeSpan.FromMilliseconds(300) });
        var silent = await DialAsync(web, "127.0.0.2");
        await silent.SendAsync(Encoding.ASCII.GetBytes(begun));
        await EndAsync(silent);
        Assert.True(Dropped(kind, "no-request") >= 1);
        Assert.Equal(TimeSpan.FromSeconds(10), new WebGate(null, TimeProvider.System).Patience);
    }

    private WebGate Gate { get; set; } = null!;

    private async Task<WebListener> StartAsync(ListenerKind kind, WebGate gate) => _web = await WebListener.StartAsync(new(kind, new(IPAddress.Loopback, 0)),
        WebScene.Site([.. WebScene.Own(_registry), Login], [], gate: Gate = gate) with { Certificates = TestCertificates.Shared }, default);

    private static readonly WebRow Login = new(WebKinds.Public, HostRule.Ours, WebRow.Read, "/login", (exchange, _) =>
    {
        exchange.LoggedIn();
        return exchange.AnswerAsync(200, WebExchange.Plain, "in\n");
    });

    private async Task<Socket> DialAsync(WebListener web, string from)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(web.Bound);
        return socket;
    }

    private async Task<string> AskAsync(WebListener web, ListenerKind kind, string from)
    {
        try
        {
            Stream stream = new NetworkStream(await DialAsync(web, from));
            if (kind == ListenerKind.Https)
            {
                var tls = new SslStream(stream, false, (_, _, _, _) => true);
                await tls.AuthenticateAsClientAsync("localhost");
                stream = tls;
            }
            await stream.WriteAsync("GET /healthz/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return await reader.ReadToEndAsync();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "";
        }
    }

    private double Dropped(ListenerKind kind, string reason)
    {
        var line = $"aviso_sessions_dropped_total{{kind=\"{ListenerKinds.Name(kind)}\",reason=\"{reason}\"}} ";
        return _registry.Write().Split('\n').Where(l => l.StartsWith(line, StringComparison.Ordinal))
            .Select(l => double.Parse(l[line.Length..], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();
    }

    private static async Task EndAsync(Socket socket)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            Assert.Equal(0, await socket.ReceiveAsync(new byte[512], patience.Token));
        }
        catch (SocketException)
        {
            // Reset: ended as well.
        }
    }

    private static bool IsOpen(Socket socket) => !socket.Poll(0, SelectMode.SelectRead);

    private sealed class Evidences : IEvidence
    {
        public System.Collections.Concurrent.ConcurrentQueue<Evidence> Heard { get; } = new();

        public void Report(Evidence evidence) => Heard.Enqueue(evidence);
    }
}
