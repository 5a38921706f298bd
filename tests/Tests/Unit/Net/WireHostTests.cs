using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Aviso.Base;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class WireHostTests : IAsyncDisposable
{
    private static readonly IPEndPoint Anywhere = new(IPAddress.Loopback, 0);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private readonly List<IDisposable> _open = [];
    private readonly Recorder _log = new();
    private readonly EvidenceList _evidence = new();
    private readonly EchoProtocol _echo = new();
    private readonly ManualClock _clock = new();
    private WireHost? _host;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task A_dual_stack_listener_sees_ipv4_as_ipv4(string address)
    {
        Start(new WireHostOptions { Internal = Networks.Parse("127.0.0.0/8"), CleartextLogin = Networks.Parse("127.0.0.1") },
            new ListenerSettings(ListenerKind.Smtp, new IPEndPoint(IPAddress.IPv6Any, 0)));
        var stream = await ConnectAsync(IPAddress.Parse(address));
        Assert.Equal("220 127.0.0.1 True True", await LineAsync(stream));
        Assert.NotEqual(0, _host!.Bound[0].Bound.Port);
        await stream.WriteAsync("hello\r\nquit\r\n"u8.ToArray());
        Assert.Equal("hello", await LineAsync(stream));
        Assert.Null(await LineAsync(stream));
        Assert.Contains("in 13 out", await _log.EndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_good_proxy_frame_gives_the_clients_address_whole_and_byte_by_byte()
    {
        Start(new WireHostOptions { Proxies = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere));
        foreach (var row in ProxyHeaderTests.Good)
        {
            var (hex, meaning) = row.Data;
            var expected = meaning.EndsWith("local", StringComparison.Ordinal) ? "127.0.0.1"
                : IPEndPoint.Parse(meaning.Split(' ')[1]).Address.ToString();
            foreach (var piece in (int[])[1, 10_000])
            {
                var stream = await ConnectAsync();
                byte[] octets = [.. Convert.FromHexString(hex), .. "early\r\n"u8];
                if (octets.Length > 100 && piece == 1) continue;
                foreach (var part in octets.Chunk(piece)) await stream.WriteAsync(part);
                Assert.Equal($"220 {expected} False False", await LineAsync(stream));
                Assert.Equal("early", await LineAsync(stream));
            }
        }
    }

    [Fact]
    public async Task A_health_check_that_resets_after_its_header_is_quiet()
    {
        Start(new WireHostOptions { Proxies = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere));
        for (var i = 0; i < 5; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(_host!.Bound[0].Bound);
            await socket.SendAsync(Convert.FromHexString(ProxyHeaderTests.V2("20 00 0000")));
            socket.Close(0); // RST
            Assert.StartsWith("Debug", await _log.EndAsync(), StringComparison.Ordinal);
        }
        Assert.Empty(_evidence.Seen);
    }

    [Theory]
    [InlineData("EHLO me\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4\r\n")]
    public async Task A_trusted_proxy_without_a_sound_header_is_closed(string text)
    {
        Start(new WireHostOptions { Proxies = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var stream = await ConnectAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        Assert.Null(await LineAsync(stream));
        await _log.EndAsync();
        Assert.Equal(Reason.ProxyHeader, Assert.Single(_evidence.Seen).What);
    }

    [Fact]
    public async Task A_trusted_proxy_has_five_seconds_for_its_header()
    {
        Start(new WireHostOptions { Proxies = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var stream = await ConnectAsync();
        await stream.WriteAsync("PROXY TC"u8.ToArray());
        var line = LineAsync(stream);
        await _clock.AdvanceUntilAsync(line, TimeSpan.FromSeconds(1), "the connection ends");
        Assert.Null(await line);
        await _log.EndAsync();
        Assert.Equal(Reason.ProxyTimeout, Assert.Single(_evidence.Seen).What);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_stranger_that_sends_a_header_is_closed(int frame)
    {
        Start(new WireHostOptions { Proxies = Networks.Parse("10.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var stream = await ConnectAsync();
        Assert.StartsWith("220", await LineAsync(stream), StringComparison.Ordinal);
        var octets = frame == 0 ? "PROXY TCP4 192.0.2.7 10.0.0.1 54321 25\r\nEHLO x\r\n"u8.ToArray()
            : Convert.FromHexString(ProxyHeaderTests.V2("20 00 0000"));
        await stream.WriteAsync(octets);
        Assert.Null(await LineAsync(stream));
        await _log.EndAsync();
        Assert.Equal(Reason.ProxyUntrusted, Assert.Single(_evidence.Seen).What);
    }

    [Fact]
    public async Task One_client_has_so_many_connections_and_a_place_becomes_free()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Smtp, Anywhere) { MaxPerClient = 2 });
        var first = await ConnectAsync();
        var second = await ConnectAsync();
        await LineAsync(first);
        await LineAsync(second);
        Assert.Equal("421 4.7.0 Too many connections from your address, try again later", await LineAsync(await ConnectAsync()));
        await _log.EndAsync();
        await first.WriteAsync("quit\r\n"u8.ToArray());
        Assert.Null(await LineAsync(first));
        await _log.EndAsync();
        Assert.StartsWith("220", await LineAsync(await ConnectAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_listener_says_so_also_to_internal_clients()
    {
        Start(new WireHostOptions { Internal = Networks.Parse("127.0.0.0/8") },
            new ListenerSettings(ListenerKind.Imap, Anywhere) { MaxPerClient = 1, MaxConnections = 2 });
        for (var i = 0; i < 2; i++) Assert.StartsWith("220", await LineAsync(await ConnectAsync()), StringComparison.Ordinal);
        Assert.Equal("421 4.7.0 Busy, try again later", await LineAsync(await ConnectAsync()));
    }

    [Fact]
    public async Task A_full_listener_gives_the_place_of_a_silent_stranger_to_a_new_client()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Imap, Anywhere) { MaxConnections = 3 });
        var (member, silent, busy) = (await ConnectAsync(), await ConnectAsync(), await ConnectAsync());
        foreach (var stream in (NetworkStream[])[member, silent, busy]) Assert.StartsWith(
            "220", await LineAsync(stream), StringComparison.Ordinal);
        await member.WriteAsync("login 1\r\n"u8.ToArray());
        Assert.Equal("login 1", await LineAsync(member));
        var much = new string('x', 5000);
        await busy.WriteAsync(Encoding.ASCII.GetBytes(much + "\r\n"));
        Assert.Equal(much, await LineAsync(busy));
        // Nobody has been silent for long yet.
        Assert.Equal("421 4.7.0 Busy, try again later", await LineAsync(await ConnectAsync()));
        await _log.EndAsync();
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.StartsWith("220", await LineAsync(await ConnectAsync()), StringComparison.Ordinal);
        Assert.Null(await LineAsync(silent));
        Assert.Contains("made-room", await _log.EndAsync(), StringComparison.Ordinal);
        foreach (var stays in (NetworkStream[])[member, busy])
        {
            await stays.WriteAsync("hello\r\n"u8.ToArray());
            Assert.Equal("hello", await LineAsync(stays));
        }
    }

    [Fact]
    public async Task The_gate_is_asked_with_the_clients_address()
    {
        var gate = new Gate();
        Start(new WireHostOptions { Proxies = Networks.Parse("127.0.0.0/8") }, [new ListenerSettings(ListenerKind.Smtp, Anywhere)], gate: gate);
        var refused = await ConnectAsync();
        await refused.WriteAsync("PROXY TCP4 192.0.2.66 10.0.0.1 54321 25\r\n"u8.ToArray());
        Assert.StartsWith("421", await LineAsync(refused), StringComparison.Ordinal);
        var welcome = await ConnectAsync();
        await welcome.WriteAsync("PROXY TCP4 192.0.2.7 10.0.0.1 54321 25\r\n"u8.ToArray());
        Assert.StartsWith("220 192.0.2.7", await LineAsync(welcome), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Implicit_tls_begins_at_once_also_behind_a_header(bool proxied)
    {
        Start(new WireHostOptions { Proxies = proxied ? Networks.Parse("127.0.0.0/8") : Networks.None },
            new ListenerSettings(ListenerKind.Imaps, Anywhere));
        for (var i = 0; i < 2; i++)
        {
            var stream = await ConnectAsync();
            if (proxied) await stream.WriteAsync("PROXY TCP4 192.0.2.7 10.0.0.1 54321 993\r\n"u8.ToArray());
            var tls = new SslStream(stream, false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("mail.example.test");
            _open.Add(tls);
            Assert.StartsWith(proxied ? "220 192.0.2.7" : "220 127.0.0.1", await LineAsync(tls), StringComparison.Ordinal);
            var large = new string('x', 60_000);
            await tls.WriteAsync(Encoding.ASCII.GetBytes(large + "\r\n"));
            Assert.Equal(large, await LineAsync(tls));
        }
    }

    [Fact]
    public async Task A_silent_check_of_a_tls_port_is_no_failed_handshake()
    {
        var failed = 0L;
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "aviso_tls_handshakes_failed_total") listener.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
                if (tag is { Key: "kind", Value: "pop3s" }) Interlocked.Add(ref failed, value);
        });
        meters.Start();
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Pop3s, Anywhere));
        (await ConnectAsync()).Close();
        await _log.EndAsync();
        Assert.Equal(0, Interlocked.Read(ref failed));
        var half = await ConnectAsync();
        await half.WriteAsync(new byte[] { 22, 3, 1 });
        half.Close();
        await _log.EndAsync();
        Assert.Equal(1, Interlocked.Read(ref failed));
    }

    [Fact]
    public async Task Starttls_works_on_a_socket_and_clear_text_on_a_tls_port_does_not()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Smtp, Anywhere),
            new ListenerSettings(ListenerKind.Submissions, Anywhere));
        var stream = await ConnectAsync();
        await LineAsync(stream);
        await stream.WriteAsync("STARTTLS\r\n"u8.ToArray());
        Assert.Equal("220 go", await LineAsync(stream));
        var tls = new SslStream(stream, false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        await tls.WriteAsync("secret\r\nquit\r\n"u8.ToArray());
        Assert.Equal("secret", await LineAsync(tls));
        Assert.Null(await LineAsync(tls));
        await _log.EndAsync();

        using var clear = new TcpClient();
        await clear.ConnectAsync(_host!.Bound[1].Bound);
        await clear.GetStream().WriteAsync("EHLO x\r\n"u8.ToArray());
        Assert.Null(await LineAsync(clear.GetStream()));
        Assert.Contains("tls:", await _log.EndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_lets_a_command_finish_and_cuts_who_does_not()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var idle = await ConnectAsync();
        await LineAsync(idle);
        var stuck = await ConnectAsync();
        await LineAsync(stuck);
        await stuck.WriteAsync("body\r\n"u8.ToArray());
        await _echo.InBody.Task;
        var stop = _host!.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("421 bye", await LineAsync(idle));
        Assert.Null(await LineAsync(idle));
        await _log.EndAsync();
        Assert.False(stop.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(1, await stop);
        Assert.Equal(0, _host.ConnectionCount);
        await Assert.ThrowsAnyAsync<SocketException>(() => new TcpClient().ConnectAsync(_host.Bound[0].Bound));
    }

    [Fact]
    public async Task Logins_that_no_longer_hold_are_cut_and_others_stay()
    {
        Start(new WireHostOptions { Internal = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Imap, Anywhere));
        var streams = new List<NetworkStream>();
        foreach (var account in (int[])[1, 1, 2, 0])
        {
            var stream = await ConnectAsync();
            await LineAsync(stream);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"login {account}\r\n"));
            Assert.Equal($"login {account}", await LineAsync(stream));
            streams.Add(stream);
        }
        Assert.Equal(2, _host!.CutLogins(who => who.Account == 1, Reason.CredentialChanged));
        foreach (var gone in streams[..2]) Assert.Null(await LineAsync(gone));
        Assert.Contains("credential-changed", await _log.EndAsync(), StringComparison.Ordinal);
        foreach (var stays in streams[2..])
        {
            await stays.WriteAsync("hello\r\n"u8.ToArray());
            Assert.Equal("hello", await LineAsync(stays));
        }
    }

    [Fact]
    public async Task A_failing_protocol_costs_its_connection_only()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var stream = await ConnectAsync();
        await LineAsync(stream);
        await stream.WriteAsync("fail\r\n"u8.ToArray());
        Assert.Null(await LineAsync(stream));
        Assert.Contains("error", await _log.EndAsync(), StringComparison.Ordinal);
        Assert.StartsWith("220", await LineAsync(await ConnectAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_in_use_is_named()
    {
        Start(new WireHostOptions(), new ListenerSettings(ListenerKind.Smtp, Anywhere));
        var taken = _host!.Bound[0].Bound;
        var second = new WireHost(new WireHostOptions(), _ => _echo, _clock);
        Assert.Contains(
            taken.ToString(), Assert.Throws<IOException>(() => second.Start([new ListenerSettings(ListenerKind.Smtp, taken)])).Message,
            StringComparison.Ordinal);
        Assert.Empty(second.Bound);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _open) one.Dispose();
        if (_host is null) return;
        var stop = _host.StopAsync(TimeSpan.Zero);
        await _clock.AdvanceUntilAsync(stop, TimeSpan.FromMilliseconds(100), "the host stops");
        await stop;
    }

    private void Start(WireHostOptions options, params ListenerSettings[] listeners) => Start(options, listeners, null);

    private void Start(WireHostOptions options, ListenerSettings[] listeners, IAcceptGate? gate)
    {
        _host = new WireHost(options, _ => _echo, _clock, _log, TestCertificates.Shared, gate: gate, evidence: _evidence);
        _host.Start(listeners);
    }

    [Fact]
    public async Task F2_strangers_are_sent_away_before_descriptors_run_out_and_our_own_still_get_in()
    {
        var descriptors = new Descriptors(Descriptors.Reserve + 30, () => 0, _clock);
        Start(new WireHostOptions { Descriptors = descriptors, Internal = Networks.Parse("127.0.0.2"), Proxies = Networks.Parse("127.0.0.0/8") },
            new ListenerSettings(ListenerKind.Smtp, Anywhere) { MaxPerClient = 1000 });
        Assert.Equal(30, descriptors.Most);
        var kept = 0;
        for (var i = 0; i < 60; i++)
        {
            var stream = await ConnectAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 192.0.2.{i} 10.0.0.1 54321 25\r\n"));
            if (await LineAsync(stream) is { } line && line.StartsWith("220", StringComparison.Ordinal)) kept++;
        }
        Assert.Equal(30, kept);
        Assert.Contains(_log.Texts, t => t.Contains("this process may have 230 files", StringComparison.Ordinal));
        Assert.Single(_log.Texts, t => t.Contains("no more connections", StringComparison.Ordinal));

        var own = await ConnectAsync();
        await own.WriteAsync("PROXY TCP4 127.0.0.2 10.0.0.1 54321 25\r\n"u8.ToArray());
        Assert.StartsWith("220", await LineAsync(own), StringComparison.Ordinal);

        // Who has been silent for long enough makes room.
        _clock.Advance(TimeSpan.FromSeconds(11));
        var late = await ConnectAsync();
        await late.WriteAsync("PROXY TCP4 198.51.100.1 10.0.0.1 54321 25\r\n"u8.ToArray());
        Assert.StartsWith("220", await LineAsync(late), StringComparison.Ordinal);
        await _host!.StopAsync(TimeSpan.Zero);
        Assert.Equal(0, descriptors.Connections);
    }

    [Fact]
    public void Descriptors_of_others_leave_fewer_for_connections()
    {
        var others = 100;
        var descriptors = new Descriptors(Descriptors.Reserve + 200, () => others, _clock);
        Assert.Equal(100, descriptors.Most);
        for (var i = 0; i < 60; i++) Assert.True(descriptors.TryEnter());
        others = 200;
        _clock.Advance(TimeSpan.FromSeconds(2));
        // The 60 connections are among the 200 that are open.
        Assert.True(descriptors.TryEnter());
        Assert.Equal(200 - 140, descriptors.Most);
        Assert.False(descriptors.HasRoom);
        // The door is for saying no, and a little beyond it is for our own.
        while (descriptors.TryEnter())
        {
        }
        Assert.True(descriptors.TryEnter(isOurs: true));
        while (descriptors.TryEnter(isOurs: true))
        {
        }
        Assert.True(descriptors.Connections <= descriptors.Most + (Descriptors.Reserve / 2));
        Assert.True(Descriptors.OfProcess.Limit > 0);
        Assert.True(Descriptors.OfProcess.Most > 0);
    }

    [Fact]
    public async Task T17_a_connection_of_ours_that_is_ended_at_the_door_is_an_event()
    {
        Start(new WireHostOptions { Internal = Networks.Parse("127.0.0.0/8") }, new ListenerSettings(ListenerKind.Smtp, Anywhere) { MaxConnections = 0 });
        Assert.StartsWith("421", await LineAsync(await ConnectAsync()) ?? "421 gone", StringComparison.Ordinal);
        await _log.EndAsync();
        Assert.Contains(_log.Texts, t =>
            t.StartsWith("refused one of ours", StringComparison.Ordinal) && t.Contains("listener-full", StringComparison.Ordinal));
    }

    private async Task<NetworkStream> ConnectAsync(IPAddress? address = null)
    {
        var client = new TcpClient(address?.AddressFamily ?? AddressFamily.InterNetwork);
        if (address?.AddressFamily == AddressFamily.InterNetworkV6) client.Client.DualMode = true;
        _open.Add(client);
        await client.ConnectAsync(address ?? IPAddress.Loopback, _host!.Bound[0].Bound.Port);
        return client.GetStream();
    }

    // Octet by octet, as nothing may be taken that belongs to a handshake.
    private static async Task<string?> LineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        using var deadline = new CancellationTokenSource(Long);
        while (true)
        {
            try
            {
                if (await stream.ReadAsync(octet, deadline.Token) == 0) return line.Length == 0 ? null : line.ToString();
            }
            catch (IOException)
            {
                return null;
            }
            if (octet[0] == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)octet[0]);
        }
    }
}
