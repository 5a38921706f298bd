using System.Text;
using Aviso.Base;
using Aviso.Net;
using Aviso.Tests.Unit.Lines;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>What a transcript cannot say: random bodies, time, SCRAM, peers that only write.</summary>
public sealed class SmtpSessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_body_arrives_octet_for_octet_however_it_is_cut(int seed)
    {
        var random = new Random(seed);
        var host = new SmtpHost(with: o => o with { MessageSize = 10_000_000 });
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        await Say(client, "EHLO x\r\n");
        for (var i = 0; i < 60; i++)
        {
            var body = RandomBody(random);
            await Say(client, "MAIL FROM:<a@b.example>\r\n");
            await Say(client, "RCPT TO:<a@b.example>\r\n");
            var chunked = random.Next(2) == 0;
            var sent = SendPieces(pair, random, chunked ? Chunks(random, body) : "DATA\r\n" + Stuffed(body) + ".\r\n");
            string reply;
            do reply = await client.ReadReplyAsync();
            while (reply.StartsWith('3') || reply.Contains("octets received", StringComparison.Ordinal));
            await sent;
            Assert.StartsWith("250 2.0.0 Accepted", reply);
            Assert.Equal(body, host.Taken[^1].Text);
        }
        await client.FinishAsync();
        await run.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("EHLO x\r\n")]
    [InlineData("x")]
    public async Task Who_talks_before_the_greeting_is_refused_and_not_greeted(string talk)
    {
        var host = new SmtpHost(guard: new TestGuard { Pause = TimeSpan.FromSeconds(1) }, clock: new ManualClock());
        await using var pair = host.Connect();
        await pair.SendAsync(talk);
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        Assert.Equal("554 5.5.0 Octets came before the greeting; closing", await client.ReadReplyAsync());
        await run.WaitAsync(Patience);
        Assert.Equal(Reason.EarlyTalker, pair.Server.EndReason);
    }

    [Fact]
    public async Task Who_waits_for_the_greeting_gets_it_after_the_pause()
    {
        var clock = new ManualClock();
        var host = new SmtpHost(guard: new TestGuard { Pause = TimeSpan.FromSeconds(1) }, clock: clock);
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair) { WhileWaiting = () => clock.Advance(TimeSpan.FromSeconds(1)) };
        Assert.StartsWith("220 ", await client.ReadReplyAsync());
        Assert.True(clock.GetTimestamp() >= TimeSpan.TicksPerSecond);
        await client.SendAsync("EHLO x\r\nNOOP\r\n");
        Assert.StartsWith("250", await client.ReadReplyAsync());
        await client.FinishAsync();
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task Who_leaves_before_the_greeting_is_no_early_talker()
    {
        var host = new SmtpHost(guard: new TestGuard { Pause = TimeSpan.FromSeconds(1) }, clock: new ManualClock());
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        await new SmtpPeer(pair).FinishAsync();
        await run.WaitAsync(Patience);
        Assert.Null(pair.Server.EndReason);
    }

    [Fact]
    public async Task A_client_that_gives_too_many_commands_is_told_to_come_back()
    {
        var host = new SmtpHost(guard: new TestGuard { Commands = 3 });
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        foreach (var line in new[] { "EHLO x\r\n", "NOOP\r\n", "NOOP\r\n" }) Assert.StartsWith("250", await Say(client, line));
        Assert.Equal("421 4.7.0 Too many commands from your address, try again later", await Say(client, "NOOP\r\n"));
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_drop_now_and_then_fills_no_block_and_the_session_ends()
    {
        var clock = new ManualClock();
        var host = new SmtpHost(clock: clock);
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        foreach (var line in new[] { "EHLO x\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<a@b.example>\r\n", "DATA\r\n" }) await Say(client, line);
        // RFC 5321 §4.5.3.2.5: three minutes a block. A thousand octets a minute are not one, four thousand are.
        foreach (var (octets, minutes) in new[] { (5000, 4), (1000, 4) })
        {
            for (var minute = 0; minute < minutes && !run.IsCompleted; minute++)
            {
                await pair.SendAsync(new string('x', octets) + "\r\n");
                await Task.Delay(20, TestContext.Current.CancellationToken);
                for (var second = 0; second < 60; second++) clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
            if (octets == 5000) Assert.False(run.IsCompleted);
        }
        Assert.Equal("421 4.4.2 Waited too long; closing", await client.ReadReplyAsync());
        await run.WaitAsync(Patience);
        Assert.Equal(Reason.Timeout, pair.Server.EndReason);
        Assert.Equal(0, host.Spool.InFlight);
    }

    [Fact]
    public async Task H1_a_slow_message_is_given_up_when_others_wait_for_room()
    {
        var clock = new ManualClock();
        var host = new SmtpHost(with: o => o with { MessageSize = 10_000_000 }, clock: clock, spool: 8 * 1024 * 1024);
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        foreach (var line in new[] { "EHLO x\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<a@b.example>\r\n", "DATA\r\n" }) await Say(client, line);
        await pair.SendAsync(string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 900)));
        await UntilAsync(() => host.Spool.InFlight > 800_000);
        clock.Advance(TimeSpan.FromSeconds(30));
        var others = new List<SpooledBody>();
        for (UInt128 network = 1; network < 6; network++)
        {
            others.Add(host.Spool.Begin(new(SpoolRight.Stranger, network)));
            others[^1].Write(new byte[1_000_000]);
        }
        Assert.Equal("421 4.3.1 Too slow while others wait; try again later", await client.ReadReplyAsync());
        await run.WaitAsync(Patience);
        Assert.Equal(Reason.TooSlow, pair.Server.EndReason);
        foreach (var other in others) other.Dispose();
        Assert.Equal(0, host.Spool.InFlight);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !holds(); await Task.Delay(5, TestContext.Current.CancellationToken))
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "it did not come so far");
    }

    [Fact]
    public async Task Two_hundred_kilobytes_one_octet_at_a_time()
    {
        var host = new SmtpHost(with: o => o with { MessageSize = 1_000_000, DataLine = 300_000 });
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        foreach (var line in new[] { "EHLO x\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<a@b.example>\r\n", "DATA\r\n" }) await Say(client, line);
        var body = new string('x', 200_000) + "\r\n";
        await client.SendAsync([body + ".\r\n"], Cut.Octet);
        Assert.StartsWith("250", await client.ReadReplyAsync());
        Assert.Equal(body, host.Taken[0].Text);
        await client.FinishAsync();
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task Replies_go_out_although_the_peer_never_stops_sending()
    {
        var host = new SmtpHost(with: o => o with { MessageSize = 10_000_000 });
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        // Far more replies than a pipe holds, asked for in one go, by a peer that does not read: the server stops reading, too.
        var group = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\n"
            + string.Concat(Enumerable.Repeat("BDAT 1\r\nx", 50_000));
        var sent = pair.SendAsync(group + "BDAT 0 LAST\r\nQUIT\r\n");
        await Task.WhenAny(sent, Task.Delay(500, TestContext.Current.CancellationToken));
        Assert.False(sent.IsCompleted);
        var client = new SmtpPeer(pair);
        while (!(await client.ReadReplyAsync()).StartsWith("221", StringComparison.Ordinal))
        {
        }
        await sent;
        Assert.Equal(50_000, Assert.Single(host.Taken).Text.Length);
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_reply_does_not_wait_for_the_rest_of_the_next_line()
    {
        var host = new SmtpHost();
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        await client.SendAsync("NOOP\r\nNO");
        Assert.Equal("250 2.0.0 OK", await client.ReadReplyAsync());
        await client.SendAsync("OP\r\n");
        Assert.Equal("250 2.0.0 OK", await client.ReadReplyAsync());
        await client.FinishAsync();
        await run.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_ends_after_its_time_whatever_it_does(bool inMessage)
    {
        var clock = new ManualClock();
        var host = new SmtpHost(with: o => o with { SessionTime = TimeSpan.FromMinutes(10), DataPatience = TimeSpan.FromHours(1), CommandPatience = TimeSpan.FromHours(1) }, clock: clock);
        await using var pair = host.Connect();
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        await Say(client, "EHLO x\r\n");
        if (inMessage) foreach (var line in new[] { "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<a@b.example>\r\n", "DATA\r\n", }) await Say(client, line);
        clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("421 4.4.2 Session has lasted too long; closing", await Say(client, "NOOP\r\n"));
        await run.WaitAsync(Patience);
        Assert.Equal(Reason.SessionTime, pair.Server.EndReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Scram_logs_in(bool initialResponse)
    {
        var host = new SmtpHost(ListenerKind.Submission);
        await using var pair = host.Connect(clearLogin: true);
        var run = Serve(host, pair);
        var client = new SmtpPeer(pair);
        await client.ReadReplyAsync();
        await Say(client, "EHLO x\r\n");
        var scram = SaslClient.StartScram("alice@example.test", SmtpHost.Password, "fyko+d2lbbFgONRv9qkxdawL");
        var first = Convert.ToBase64String(scram.InitialResponse!.Value.Span);
        string reply;
        if (initialResponse) reply = await Say(client, $"AUTH SCRAM-SHA-256 {first}\r\n");
        else
        {
            Assert.Equal("334 ", await Say(client, "AUTH SCRAM-SHA-256\r\n"));
            reply = await Say(client, first + "\r\n");
        }
        while (reply.StartsWith("334 ", StringComparison.Ordinal))
            reply = await Say(client, Convert.ToBase64String(scram.Next(Convert.FromBase64String(reply[4..]))!) + "\r\n");
        Assert.Equal("235 2.7.0 Authentication successful", reply);
        Assert.True(scram.MayBelieveSuccess);
        await client.FinishAsync();
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_peer_that_goes_in_the_middle_leaves_nothing_behind()
    {
        foreach (var said in new[] { "DATA\r\nhalf", "BDAT 10\r\nhalf", "BDAT 4\r\nhalf", "BDAT 4\r\nhalfBDAT" })
        {
            var host = new SmtpHost();
            await using var pair = host.Connect();
            var run = Serve(host, pair);
            await pair.SendAsync("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\n" + said);
            await pair.FinishAsync();
            await run.WaitAsync(Patience);
            Assert.Empty(host.Taken);
            Assert.Equal(0, host.Spool.InFlight);
            Assert.Contains(host.Log.Lines, l =>
                l.Contains("transaction from <a@b.example> broke off after 4 octets for 1 recipients", StringComparison.Ordinal));
        }
    }

    internal static async Task Serve(SmtpHost host, WirePair pair)
    {
        await host.Server.RunAsync(pair.Server);
        await pair.Server.DisposeAsync();
    }

    internal static async Task<string> Say(SmtpPeer client, string text)
    {
        await client.SendAsync(text);
        return await client.ReadReplyAsync();
    }

    private static async Task SendPieces(WirePair pair, Random random, string text)
    {
        var octets = Encoding.Latin1.GetBytes(text);
        for (var at = 0; at < octets.Length;)
        {
            var length = Math.Min(octets.Length - at, random.Next(3) == 0 ? random.Next(1, 4) : random.Next(1, 300));
            await pair.Client.Output.WriteAsync(octets.AsMemory(at, length));
            at += length;
            if (random.Next(4) == 0) await Task.Yield();
        }
    }

    private static string RandomBody(Random random)
    {
        var body = new StringBuilder();
        for (var lines = random.Next(30); lines > 0; lines--)
        {
            var length = random.Next(3) == 0 ? random.Next(200) : random.Next(4);
            for (var i = 0; i < length; i++) body.Append(
                random.Next(3) == 0 ? '.' : (char)(random.Next(2) == 0 ? random.Next(32, 256) : random.Next('a', 'e')));
            body.Append("\r\n");
        }
        return body.ToString();
    }

    private static string Stuffed(string body) =>
        string.Concat(body.Split("\r\n")[..^1].Select(l => (l.StartsWith('.') ? "." : "") + l + "\r\n"));

    private static string Chunks(Random random, string body)
    {
        var chunks = new StringBuilder();
        for (var at = 0; ;)
        {
            var length = Math.Min(body.Length - at, random.Next(0, 200));
            var isLast = at + length == body.Length && random.Next(2) == 0;
            chunks.Append($"BDAT {length}{(isLast ? " LAST" : "")}\r\n").Append(body, at, length);
            if (isLast) return chunks.ToString();
            at += length;
        }
    }
}
