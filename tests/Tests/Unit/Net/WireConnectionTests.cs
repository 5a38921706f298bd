using System.Buffers;
using System.IO.Compression;
using System.Net.Security;
using System.Text;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class WireConnectionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10_000)]
    public async Task Lines_read_the_same_whole_and_in_pieces(int piece)
    {
        await using var pair = new WirePair();
        var octets = Encoding.ASCII.GetBytes(
            "EHLO a\r\nbare\n\r\n" + new string('x', 50) + "\r\n1234567890\r\n12345678901\n12345678901\r\nlast");
        var send = Task.Run(async () =>
        {
            await pair.SendInPiecesAsync(octets, piece);
            await pair.FinishAsync();
        });
        var seen = new List<string>();
        while (true)
        {
            var read = await pair.Server.ReadLineAsync(10, Patience);
            seen.Add($"{read.Status} {Encoding.ASCII.GetString(read.Line.Span)} {read.EndedByCrLf}");
            if (read.Status is ReadStatus.Closed) break;
        }
        await send;
        Assert.Equal(["Complete EHLO a True", "Complete bare False", "Complete  True", "TooLong  False",
            "Complete 1234567890 True", "TooLong  False", "TooLong  False", "Closed  False"], seen);
    }

    [Fact]
    public async Task A_stream_over_pipes_counts_octets_that_span_segments()
    {
        var pipe = new System.IO.Pipelines.Pipe();
        await pipe.Writer.WriteAsync(new byte[5022]);
        using var stream = new PipeStream(pipe.Reader, pipe.Writer);
        Assert.Equal(5022, await stream.ReadAsync(new byte[8192], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_endless_line_is_thrown_away_as_it_comes()
    {
        await using var pair = new WirePair();
        var read = pair.Server.ReadLineAsync(512, Patience).AsTask();
        var piece = new byte[8192];
        for (var i = 0; i < 2000; i++) await pair.Client.Output.WriteAsync(piece); // waits forever if the server holds it
        await pair.SendAsync("\r\nNOOP\r\n");
        Assert.Equal(ReadStatus.TooLong, (await read).Status);
        Assert.Equal("NOOP"u8.ToArray(), (await pair.Server.ReadLineAsync(512, Patience)).Line.ToArray());
    }

    [Fact]
    public async Task A_silent_peer_times_out_by_the_given_clock()
    {
        var clock = new ManualClock();
        await using var pair = new WirePair(clock: clock);
        var line = pair.Server.ReadLineAsync(512, TimeSpan.FromMinutes(5)).AsTask();
        clock.Advance(TimeSpan.FromSeconds(299));
        Assert.False(line.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ReadStatus.TimedOut, (await line).Status);
        var octets = pair.Server.PeekAsync(TimeSpan.FromSeconds(10)).AsTask();
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(ReadStatus.TimedOut, (await octets).Status);
    }

    [Fact]
    public async Task A_deadline_that_passed_does_not_end_the_next_read()
    {
        var clock = new ManualClock();
        await using var pair = new WirePair(clock: clock);
        var first = pair.Server.ReadLineAsync(512, TimeSpan.FromSeconds(10)).AsTask();
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(ReadStatus.TimedOut, (await first).Status);
        clock.Advance(TimeSpan.FromSeconds(60));
        var second = pair.Server.ReadLineAsync(512, TimeSpan.FromSeconds(10)).AsTask();
        await pair.SendAsync("NOOP\r\n");
        Assert.Equal(ReadStatus.Complete, (await second).Status);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_fails_the_flush_by_the_given_clock()
    {
        var clock = new ManualClock();
        await using var pair = new WirePair(clock: clock);
        pair.Server.Output.Write(new byte[1 << 20]);
        var flush = pair.Server.FlushAsync(TimeSpan.FromSeconds(30)).AsTask();
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.False(await flush);
    }

    [Fact]
    public async Task Draining_ends_a_wait_between_commands_and_no_other()
    {
        await using var pair = new WirePair();
        var between = pair.Server.ReadLineAsync(512, Patience, betweenCommands: true).AsTask();
        pair.Drain();
        Assert.Equal(ReadStatus.Draining, (await between).Status);
        var inside = pair.Server.ReadLineAsync(512, Patience).AsTask();
        await pair.SendAsync("body\r\n");
        Assert.Equal(ReadStatus.Complete, (await inside).Status);
        Assert.Equal(ReadStatus.Draining, (await pair.Server.ReadLineAsync(512, Patience, betweenCommands: true)).Status);
    }

    [Fact]
    public async Task An_abort_ends_reads_and_flushes()
    {
        await using var pair = new WirePair();
        var line = pair.Server.ReadLineAsync(512, Patience).AsTask();
        pair.Server.Output.Write(new byte[1 << 20]);
        var flush = pair.Server.FlushAsync(Patience).AsTask();
        pair.Abort();
        Assert.Equal(ReadStatus.Closed, (await line).Status);
        Assert.False(await flush);
    }

    [Fact]
    public async Task Peeked_octets_are_taken_as_far_as_consumed()
    {
        await using var pair = new WirePair();
        await pair.SendAsync("12345rest\r\n");
        var peek = await pair.Server.PeekAsync(Patience, 5);
        Assert.Equal(ReadStatus.Complete, peek.Status);
        pair.Server.Consume(5);
        Assert.True(pair.Server.HasBuffered);
        Assert.Equal("rest"u8.ToArray(), (await pair.Server.ReadLineAsync(512, Patience)).Line.ToArray());
        Assert.False(pair.Server.HasBuffered);
    }

    [Fact]
    public async Task The_heartbeat_stands_still_when_nobody_listens()
    {
        var clock = new ManualClock();
        await using (var pair = new WirePair(clock: clock))
        {
            var line = pair.Server.ReadLineAsync(512, Patience).AsTask();
            Assert.Equal(1, Heartbeat.Of(clock).Count);
            pair.Abort();
            await line;
        }
        Assert.Equal(0, Heartbeat.Of(clock).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Starttls_turns_both_directions_and_names_the_session(bool withGoAhead)
    {
        await using var pair = new WirePair(certificates: TestCertificates.Shared);
        Assert.True(pair.Server.CanStartTls);
        var upgrade = withGoAhead
            ? pair.Server.StartTlsAsync("220 ready\r\n"u8.ToArray(), default).AsTask()
            : pair.Server.StartTlsAsync(default).AsTask();
        if (withGoAhead) Assert.Equal("220 ready", await pair.ReceiveLineAsync());
        await using var tls = await ConnectAsync(pair.ClientStream);
        Assert.True(await upgrade);
        Assert.False(pair.Server.CanStartTls);
        Assert.Equal("mail.example.test", pair.Server.Tls!.ServerName);
        Assert.StartsWith("Tls1", pair.Server.Tls.Protocol, StringComparison.Ordinal);
        await EchoAsync(pair.Server, tls, "EHLO again\r\n");
    }

    [Theory]
    [InlineData("RSET\r\n")]
    [InlineData("\r\n")]
    [InlineData("\u0016")]
    public async Task Octets_pipelined_after_starttls_are_refused_and_never_read(string injected)
    {
        await using var pair = new WirePair(certificates: TestCertificates.Shared);
        await pair.SendAsync("STARTTLS\r\n" + injected);
        Assert.Equal(ReadStatus.Complete, (await pair.Server.ReadLineAsync(512, Patience)).Status);
        Assert.False(await pair.Server.StartTlsAsync("220 ready\r\n"u8.ToArray(), default));
        pair.Server.Output.Write("501 no\r\n"u8);
        Assert.True(await pair.Server.FlushAsync(Patience));
        Assert.Equal("501 no", await pair.ReceiveLineAsync());
        Assert.Null(pair.Server.Tls);
    }

    [Fact]
    public async Task Octets_in_the_clear_after_the_go_ahead_are_never_read_as_commands()
    {
        await using var pair = new WirePair(certificates: TestCertificates.Shared);
        await pair.SendAsync("RSET\r\n");
        Assert.False(await pair.Server.StartTlsAsync(default));
        Assert.Equal(ReadStatus.Closed, (await pair.Server.ReadLineAsync(512, Patience)).Status);
        Assert.False(pair.Server.HasBuffered);
    }

    [Fact]
    public async Task A_failed_handshake_leaves_a_dead_connection()
    {
        await using var pair = new WirePair(certificates: TestCertificates.Shared);
        var upgrade = pair.Server.StartTlsAsync(default).AsTask();
        await pair.Client.Output.WriteAsync(new byte[] { 22, 3, 1, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8 });
        await pair.FinishAsync();
        Assert.False(await upgrade);
        Assert.NotNull(pair.Server.TlsFailure);
        Assert.False(await pair.Server.FlushAsync(Patience));
        Assert.Equal(ReadStatus.Closed, (await pair.Server.ReadLineAsync(512, Patience)).Status);
    }

    [Fact]
    public async Task A_handshake_that_does_not_begin_ends_by_the_given_clock()
    {
        var clock = new ManualClock();
        await using var pair = new WirePair(certificates: TestCertificates.Shared, clock: clock);
        var upgrade = pair.Server.StartTlsAsync(default).AsTask();
        clock.Advance(WireConnection.HandshakePatience + TimeSpan.FromSeconds(1));
        Assert.False(await upgrade);
        Assert.Equal("timeout", pair.Server.TlsFailure);
    }

    [Fact]
    public async Task Deadlines_hold_under_tls_and_a_timed_out_read_can_be_followed_by_another()
    {
        var clock = new ManualClock();
        await using var pair = new WirePair(certificates: TestCertificates.Shared, clock: clock);
        var upgrade = pair.Server.StartTlsAsync(default).AsTask();
        await using var tls = await ConnectAsync(pair.ClientStream);
        Assert.True(await upgrade);
        var line = pair.Server.ReadLineAsync(512, TimeSpan.FromSeconds(5)).AsTask();
        await Task.Delay(50);
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(ReadStatus.TimedOut, (await line).Status);
        await EchoAsync(pair.Server, tls, "still here\r\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deflate_turns_both_directions_also_under_tls(bool underTls)
    {
        await using var pair = new WirePair(ListenerKind.Imap, certificates: TestCertificates.Shared);
        var below = pair.ClientStream;
        if (underTls)
        {
            var upgrade = pair.Server.StartTlsAsync(default).AsTask();
            below = await ConnectAsync(below);
            Assert.True(await upgrade);
        }
        pair.Server.StartDeflate();
        await using var client = new DeflatePair(below);
        for (var i = 0; i < 3; i++) await EchoAsync(pair.Server, client, $"a{i} NOOP {new string('z', 20_000)}\r\n");
    }

    private static async Task<SslStream> ConnectAsync(Stream below)
    {
        var tls = new SslStream(below, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test");
        return tls;
    }

    private static async Task EchoAsync(WireConnection server, Stream client, string text)
    {
        var octets = Encoding.ASCII.GetBytes(text);
        var send = Task.Run(async () =>
        {
            await client.WriteAsync(octets);
            await client.FlushAsync();
        });
        var line = await server.ReadLineAsync(100_000, Patience);
        Assert.Equal(ReadStatus.Complete, line.Status);
        Assert.Equal(text[..^2], Encoding.ASCII.GetString(line.Line.Span));
        await send;
        var back = new byte[octets.Length];
        var receive = Task.Run(async () => await client.ReadExactlyAsync(back));
        server.Output.Write(octets);
        Assert.True(await server.FlushAsync(Patience));
        await receive;
        Assert.Equal(octets, back);
    }

    private sealed class DeflatePair(Stream below) : Stream
    {
        private readonly DeflateStream _in = new(below, CompressionMode.Decompress, leaveOpen: true);
        private readonly DeflateStream _out = new(below, CompressionLevel.Optimal, leaveOpen: true);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => 0;

        public override long Position { get; set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _in.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            _out.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => _out.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
