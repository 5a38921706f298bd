using System.Globalization;
using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>Large messages, slow readers, and messages that have to be rendered again.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task Five_megabytes_go_in_by_append_and_come_out_the_same_while_the_client_reads_slowly()
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        var message = Message(5_000_000);
        await peer.SendAsync($"a APPEND INBOX (\\Seen) {{{message.Length}}}\r\n");
        Assert.StartsWith("+ ", await peer.LineAsync(), StringComparison.Ordinal);
        for (var at = 0; at < message.Length; at += 60_001) await peer.SendAsync(
            message.AsMemory(at, Math.Min(60_001, message.Length - at)));
        await peer.SendAsync("\r\n");
        Assert.Contains("APPENDUID", await peer.LineAsync(), StringComparison.Ordinal);
        await peer.CommandAsync("b", "SELECT INBOX");
        await peer.SendAsync("c FETCH 1 BODY.PEEK[]\r\n");
        Assert.Equal($"* 1 FETCH (BODY[] {{{message.Length}}}", await peer.LineAsync());
        var back = new List<byte>(message.Length);
        while (back.Count < message.Length)
        {
            back.AddRange(await peer.OctetsAsync(Math.Min(100_000, message.Length - back.Count)));
            // What the server may hold for a reader that is behind: its pipe and one piece, not the message.
            Assert.True(peer.Pair.Server.Output.UnflushedBytes < 256 * 1024);
        }
        Assert.Equal(message, back);
        Assert.Equal(")", await peer.LineAsync());
        await peer.AnswerAsync("c");
        await peer.SendAsync("d FETCH 1 BODY.PEEK[]<4999990.100>\r\n");
        var head = await peer.LineAsync();
        Assert.StartsWith("* 1 FETCH (BODY[]<4999990> {", head, StringComparison.Ordinal);
        await peer.AnswerAsync("d");
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    [Fact]
    public async Task A_large_append_under_deflate_and_tls_arrives_whole()
    {
        await using var host = await ImapHost.StartAsync();
        var (peer, run) = await ImapPeer.ConnectAsync(host, implicitTls: true);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("c", "COMPRESS DEFLATE");
        peer.StartDeflate();
        var message = Message(700_000);
        await peer.SendAsync($"a APPEND INBOX {{{message.Length}+}}\r\n");
        await peer.SendAsync(message);
        await peer.SendAsync("\r\n");
        Assert.StartsWith("a OK [APPENDUID", (await peer.AnswerAsync("a"))[^1], StringComparison.Ordinal);
        await peer.CommandAsync("b", "SELECT INBOX");
        await peer.SendAsync("f FETCH 1 BODY.PEEK[]\r\n");
        await peer.LineAsync();
        Assert.Equal(message, await peer.OctetsAsync(message.Length));
        await peer.AnswerAsync("f");
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    [Fact]
    public async Task Who_does_not_read_for_two_minutes_is_left_alone()
    {
        var clock = new Net.ManualClock();
        await using var host = await ImapHost.StartAsync(clock: clock);
        await host.DeliverAsync("Subject: x\r\n\r\n" + new string('x', 900_000));
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("b", "SELECT INBOX");
        await peer.SendAsync("c FETCH 1 BODY.PEEK[]\r\n");
        await clock.AdvanceUntilAsync(run, TimeSpan.FromSeconds(10), "the session ends");
        await run;
    }

    [Fact]
    public async Task An_old_rendering_is_made_anew_on_fetch_and_search_and_sort()
    {
        await using var host = await ImapHost.StartAsync();
        await host.DeliverAsync(
            "Subject: old\nFrom: a@b.example\n\nx\n".ReplaceLineEndings("\r\n"), renderedVersion: ImapStructure.Version - 1);
        await host.DeliverAsync("Subject: new\nFrom: a@b.example\n\nx\n".ReplaceLineEndings("\r\n"));
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("b", "SELECT INBOX");
        Assert.Equal("* SEARCH 1", (await peer.CommandAsync("c", "SEARCH SUBJECT old"))[0]);
        Assert.Equal("* SORT 2 1", (await peer.CommandAsync("d", "SORT (SUBJECT) UTF-8 ALL"))[0]);
        var fetched = await peer.CommandAsync("e", "FETCH 1:* (ENVELOPE BODYSTRUCTURE)");
        Assert.Contains("(NIL \"old\" ((NIL NIL \"a\" \"b.example\"))", fetched.Find(l => l.StartsWith("* 1 ", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Contains("(NIL \"new\"", fetched.Find(l => l.StartsWith("* 2 ", StringComparison.Ordinal)), StringComparison.Ordinal);
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    [Fact]
    public async Task A_client_without_utf8_gets_ascii_envelopes_and_structures()
    {
        await using var host = await ImapHost.StartAsync();
        // DeliverAsync takes octets: this is UTF-8 in a header without encoded words.
        var raw = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(
            "Subject: gr\u00fc\u00dfe\r\nFrom: J\u00f6rg <j\u00f6rg@b\u00fccher.example>\r\nContent-Type: text/plain; name=\"\u00e4.txt\"\r\n\r\nx\r\n"));
        await host.DeliverAsync(raw);
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("b", "SELECT INBOX");
        var plain = string.Join('\n', await peer.CommandAsync("c", "FETCH 1 (ENVELOPE BODYSTRUCTURE BODY)"));
        Assert.All(plain, c => Assert.True(c < 128, plain));
        Assert.Contains("=?", plain, StringComparison.Ordinal);
        await peer.CommandAsync("d", "ENABLE UTF8=ACCEPT");
        var utf8 = string.Join('\n', await peer.CommandAsync("e", "FETCH 1 (ENVELOPE)"));
        Assert.Contains(Encoding.Latin1.GetString("gr\u00fc\u00dfe"u8), utf8, StringComparison.Ordinal);
        Assert.StartsWith("f BAD", await peer.LastAsync("f", "SEARCH CHARSET UTF-8 ALL"), StringComparison.Ordinal);
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    private static byte[] Message(int size)
    {
        var text = new StringBuilder("Subject: large\r\nMIME-Version: 1.0\r\n\r\n", size + 100);
        for (var i = 0; text.Length < size; i++) text.Append(CultureInfo.InvariantCulture, $"line {i} of a message that is long\r\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
