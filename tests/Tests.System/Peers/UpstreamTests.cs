using System.Text.RegularExpressions;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>Mail that other servers send to us.</summary>
public sealed class UpstreamTests
{
    private const int CorpusMessages = 20;

    [Fact]
    public async Task Five_hundred_messages_of_smtp_source_in_ten_sessions_are_all_in_the_mailbox()
    {
        await using var server = await AvisoServer.StartAsync();
        (await Tool.RunAsync(Tool.Find("smtp-source", "postfix"),
            ["-s", "10", "-m", "500", "-l", "3000", "-f", "load@sender.test", "-t", "alice@example.test",
                $"127.0.0.1:{server.Port("smtp")}"],
            seconds: 120)).MustSucceed();
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.Contains("MESSAGES 500", string.Concat(imap.Ok("STATUS INBOX (MESSAGES)")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_that_reconnect_for_every_message_lose_none()
    {
        await using var server = await AvisoServer.StartAsync();
        (await Tool.RunAsync(Tool.Find("smtp-source", "postfix"),
            ["-d", "-s", "5", "-m", "200", "-l", "500", "-f", "load@sender.test", "-t", "bob@example.test",
                $"127.0.0.1:{server.Port("smtp")}"],
            seconds: 120)).MustSucceed();
        using var imap = new ImapLineClient(server.Port("imap"), "bob@example.test", AvisoServer.Password);
        Assert.Contains("MESSAGES 200", string.Concat(imap.Ok("STATUS INBOX (MESSAGES)")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postfix_sends_real_messages_over_starttls_and_their_bodies_are_intact()
    {
        var files = Corpus();
        await using var server = await AvisoServer.StartAsync();
        await using var postfix = await PostfixServer.StartSenderAsync(server.Port("smtp"));
        for (var i = 0; i < files.Count; i++) await postfix.InjectAsync($"n{i}@sender.test", "alice@example.test", files[i]);
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        await Patience.UntilAsync(
            () => imap.Ok("STATUS INBOX (MESSAGES)").Any(line => line.Contains($"MESSAGES {files.Count}", StringComparison.Ordinal)),
            $"{files.Count} messages in the mailbox", 60, () => postfix.Log + "\n" + server.Log);
        imap.Ok("SELECT INBOX");
        var stored = Enumerable.Range(1, files.Count).Select(n => string.Join("\r\n", imap.Ok($"FETCH {n} BODY.PEEK[]")))
            .ToDictionary(message => Between(message, "Return-Path: <n", "@sender.test>"));
        for (var i = 0; i < files.Count; i++)
        {
            var message = stored[$"{i}"];
            Assert.True(Regex.IsMatch(message, @"Received: from upstream\.sender\.test[^;]*with (ESMTPS|UTF8SMTPS)"), message);
            // Postfix completes and may tidy the header; the body is the sender's.
            Assert.True(message.Contains(Body(files[i]), StringComparison.Ordinal), $"{files[i]}\n{message}");
        }
    }

    private static string Between(string text, string before, string after)
    {
        var start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }

    private static string Body(string file)
    {
        var text = Read(file);
        return text[text.IndexOf("\r\n\r\n", StringComparison.Ordinal)..];
    }

    private static string Read(string file) =>
        global::System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)).Replace("\r\n", "\n", StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);

    // Messages that Postfix passes on as they are: lines up to 998, no NUL or lone CR, a header that is one.
    private static List<string> Corpus() =>
    [
        .. Directory.EnumerateFiles(Suites.Find("mime-corpus"), "*.eml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(file => new FileInfo(file).Length is > 200 and < 200_000)
            .Where(file =>
                Read(file) is var text && text.EndsWith("\r\n", StringComparison.Ordinal) && !text.Contains('\0', StringComparison.Ordinal)
                && !text.Replace("\r\n", "", StringComparison.Ordinal).Contains('\r', StringComparison.Ordinal)
                && text.Split("\r\n").All(line => line.Length < 990) && text.Contains("\r\n\r\n", StringComparison.Ordinal)
                    && !text.StartsWith("From ", StringComparison.Ordinal))
            .Take(CorpusMessages),
    ];
}
