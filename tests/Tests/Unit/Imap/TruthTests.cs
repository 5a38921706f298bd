using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>What a client is told about one mailbox while another session changes it, and what it may remember of it.</summary>
public sealed class TruthTests
{
    /// <summary>RFC 7162 §3.2: MODSEQs told while an expunge waits must not make a client believe that it has seen the expunge.</summary>
    [Theory]
    [InlineData("STORE 1 +FLAGS (\\Flagged)")]
    [InlineData("STORE 1 +FLAGS.SILENT (\\Flagged)")]
    [InlineData("STORE 1 (UNCHANGEDSINCE 1000) +FLAGS (\\Flagged)")]
    [InlineData("FETCH 1 BODY[]")]
    [InlineData("FETCH 1:* (FLAGS MODSEQ)")]
    [InlineData("SEARCH MODSEQ 1")]
    public async Task A_client_that_drops_while_an_expunge_waits_hears_of_it_when_it_comes_back(string command)
    {
        await using var host = await WithMailAsync(6);
        await using var a = await OpenAsync(host);
        await using var b = await OpenAsync(host, "QRESYNC");
        await a.CommandAsync("x", "UID STORE 3 +FLAGS.SILENT (\\Deleted)");
        await b.CommandAsync("x", "NOOP");
        await a.CommandAsync("y", "EXPUNGE");
        var told = await b.CommandAsync("y", command);
        var remembered = told.Where(l => l.StartsWith("* OK [HIGHESTMODSEQ ", StringComparison.Ordinal))
            .Select(l => long.Parse(l.Split(' ', ']')[3], null)).Last();

        await using var again = await ConnectAsync(host, "QRESYNC");
        var validity = told.Count > 0 ? (await again.CommandAsync("v", "STATUS INBOX (UIDVALIDITY)"))[0].Split(' ', ')')[4] : "";
        var news = await again.CommandAsync("s", $"SELECT INBOX (QRESYNC ({validity} {remembered} 1:6))");
        Assert.Contains("* VANISHED (EARLIER) 3", news);
    }

    [Fact]
    public async Task When_the_expunge_is_told_the_mod_sequence_catches_up()
    {
        await using var host = await WithMailAsync(3);
        await using var a = await OpenAsync(host);
        await using var b = await OpenAsync(host, "QRESYNC");
        await a.CommandAsync("x", "UID STORE 2 +FLAGS.SILENT (\\Deleted)");
        await a.CommandAsync("y", "EXPUNGE");
        Assert.Contains(await b.CommandAsync("x", "STORE 1 +FLAGS (\\Flagged)"), l =>
            l.StartsWith("* OK [HIGHESTMODSEQ ", StringComparison.Ordinal));
        var news = await b.CommandAsync("y", "NOOP");
        Assert.Equal("* VANISHED 2", news[0]);
        Assert.StartsWith("* OK [HIGHESTMODSEQ ", news[^2], StringComparison.Ordinal);
        Assert.DoesNotContain(await b.CommandAsync("z", "NOOP"), l => l.Contains("HIGHESTMODSEQ", StringComparison.Ordinal));
    }

    /// <summary>RFC 7162 §3.2.4.</summary>
    [Theory]
    [InlineData("CONDSTORE", "STORE 1 +FLAGS (\\Flagged)", "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent) MODSEQ (")]
    [InlineData("CONDSTORE", "STORE 1 +FLAGS.SILENT (\\Flagged)", "* 1 FETCH (UID 1 MODSEQ (")]
    [InlineData("QRESYNC", "STORE 1 +FLAGS (\\Flagged)", "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent) MODSEQ (")]
    [InlineData("CONDSTORE", "FETCH 1 BODY[TEXT]", "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) MODSEQ (")]
    public async Task What_changes_flags_answers_with_uid_and_mod_sequence(string enable, string command, string answer)
    {
        await using var host = await WithMailAsync(1);
        await using var peer = await OpenAsync(host, enable);
        Assert.StartsWith(answer, (await peer.CommandAsync("x", command))[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("STORE 2 +FLAGS (\\Flagged)", "NO [EXPUNGEISSUED]")]
    [InlineData("STORE 2 +FLAGS.SILENT (\\Flagged)", "NO [EXPUNGEISSUED]")]
    [InlineData("UID STORE 2 +FLAGS (\\Flagged)", "OK")]
    public async Task A_message_that_another_session_expunged_has_no_flags_to_tell(string command, string end)
    {
        await using var host = await WithMailAsync(3);
        await using var a = await OpenAsync(host);
        await using var b = await OpenAsync(host, "CONDSTORE");
        await a.CommandAsync("x", "UID STORE 2 +FLAGS.SILENT (\\Deleted)");
        await b.CommandAsync("x", "NOOP");
        await a.CommandAsync("y", "EXPUNGE");
        var answer = await b.CommandAsync("y", command);
        Assert.DoesNotContain(answer, l => l.Contains(" FETCH ", StringComparison.Ordinal));
        Assert.StartsWith("y " + end, answer[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notify_with_changes_of_flags_tells_the_highest_mod_sequence()
    {
        await using var host = await WithMailAsync(1);
        await using var peer = await ConnectAsync(host);
        var answer = await peer.CommandAsync("x", "NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge FlagChange))");
        Assert.Contains(answer, l =>
            l.StartsWith("* STATUS \"INBOX\"", StringComparison.Ordinal) && l.Contains("HIGHESTMODSEQ", StringComparison.Ordinal));
    }

    /// <summary>RFC 9051 §9: a literal has no NUL; BINARY's may.</summary>
    [Fact]
    public async Task A_literal_has_no_nul()
    {
        await using var host = await ImapHost.StartAsync();
        await host.DeliverAsync("Subject: n\r\n\r\na\0b\r\n");
        await using var peer = await OpenAsync(host);
        Assert.Contains("a\u0080b", await peer.CommandAsync("x", "FETCH 1 BODY.PEEK[TEXT]"));
        var binary = await peer.CommandAsync("y", "FETCH 1 BINARY.PEEK[1]");
        Assert.EndsWith("~{5}", binary[0], StringComparison.Ordinal);
        Assert.Equal("a\0b", binary[1]);
    }

    private static async Task<ImapHost> WithMailAsync(int count)
    {
        var host = await ImapHost.StartAsync();
        for (var i = 1; i <= count; i++) await host.DeliverAsync($"Subject: m{i}\r\n\r\nbody\r\n");
        return host;
    }

    private static async Task<ImapPeer> ConnectAsync(ImapHost host, string enable = "")
    {
        var (peer, _) = await ImapPeer.ConnectAsync(host);
        await peer.LogInAsync();
        if (enable.Length > 0) await peer.CommandAsync("e", "ENABLE " + enable);
        return peer;
    }

    private static async Task<ImapPeer> OpenAsync(ImapHost host, string enable = "")
    {
        var peer = await ConnectAsync(host, enable);
        await peer.CommandAsync("s", "SELECT INBOX");
        return peer;
    }
}
