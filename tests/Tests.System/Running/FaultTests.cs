using System.Net;
using System.Net.Sockets;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>What mail does not need fails: it is stored all the same, and its header says what was left out.</summary>
public sealed class FaultTests
{
    private const string Proxy = "127.0.0.9";
    private const string Stranger = "203.0.113.7";

    [Fact]
    public async Task With_a_dns_that_never_answers_mail_is_stored_and_says_what_was_not_looked_at()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await using var server = await AvisoServer.StartAsync(
            $"dns: {{ resolvers: [\"127.0.0.1:{((IPEndPoint)silent.Client.LocalEndPoint!).Port}\"] }}\n", proxies: $"{Proxy}/32");
        Deliver(server, "slow dns");
        var header = Header(server, "slow dns");
        Assert.Contains("spf=temperror", header, StringComparison.Ordinal);
        Assert.DoesNotContain("spf=fail", header, StringComparison.Ordinal);
        Assert.Contains("dmarc=temperror", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_ruined_learning_data_the_server_starts_and_mail_is_stored()
    {
        await using var server = await AvisoServer.StartAsync(proxies: $"{Proxy}/32");
        await server.StopAsync();
        foreach (var file in Directory.EnumerateFiles(server.DataFolder, "spam.db*")) File.Delete(file);
        await File.WriteAllTextAsync(
            Path.Combine(server.DataFolder, "spam.db"), string.Concat(Enumerable.Repeat("this is no database ", 1000)));
        await server.StartAgainAsync();
        Assert.Contains(server.Troubles, line => line.Contains("spam.db", StringComparison.Ordinal));
        Deliver(server, "ruined words");
        Assert.Contains("X-Spam", Header(server, "ruined words"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.PageAsync("/healthz/ready")).Status);
    }

    [Fact]
    public async Task Starved_of_file_descriptors_nothing_acknowledged_is_lost_and_it_recovers()
    {
        var prlimit = Tool.Find("prlimit", "util-linux");
        await using var server = await AvisoServer.StartAsync(proxies: $"{Proxy}/32");
        Deliver(server, "before");
        using var open = new SmtpLineClient(server.Port("smtp"), "sender.test", Proxy, Stranger);
        var used = Directory.GetFileSystemEntries($"/proc/{server.Pid}/fd").Length;
        var limit = File.ReadLines($"/proc/{server.Pid}/limits").Single(l => l.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        (await Tool.RunAsync(prlimit, ["--pid", $"{server.Pid}", $"--nofile={used}:"])).MustSucceed();
        var acknowledged = new List<string>();
        for (var n = 0; n < 5; n++)
        {
            // Larger than what is held in memory: it needs a file of its own.
            if (Try(open, $"starved{n}", n % 2 == 0 ? 100 : 600_000)) acknowledged.Add($"starved{n}");
        }
        (await Tool.RunAsync(prlimit, ["--pid", $"{server.Pid}", $"--nofile={limit}:"])).MustSucceed();
        await Patience.UntilAsync(async () =>
            (await server.PageAsync("/healthz/ready")).Status == HttpStatusCode.OK, "the server is ready again", pause: 200);
        Deliver(server, "after");
        foreach (var subject in (string[])["before", .. acknowledged, "after"]) Header(server, subject);
        (await server.VerbAsync("store", "check", "--bodies")).MustSucceed();
    }

    private static void Deliver(AvisoServer server, string subject)
    {
        using var smtp = new SmtpLineClient(server.Port("smtp"), "sender.test", Proxy, Stranger);
        Assert.True(Try(smtp, subject, 100), server.Log);
    }

    /// <summary>True when it was acknowledged; otherwise the refusal must be a temporary one.</summary>
    private static bool Try(SmtpLineClient smtp, string subject, int octets)
    {
        smtp.Command("RSET", "250");
        smtp.Command("MAIL FROM:<bob@sender.test>", "250");
        smtp.Command("RCPT TO:<alice@example.test>", "250");
        smtp.Command("DATA", "354");
        smtp.Send($"From: <bob@sender.test>\r\nTo: <alice@example.test>\r\nSubject: {subject}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject.Replace(' ', '.')}@sender.test>\r\n\r\n"
            + string.Concat(Enumerable.Repeat("Hello, how are you today, and what is the news from the harbour?\r\n", octets / 67 + 1))
                + ".\r\n");
        var reply = smtp.Expect("");
        Assert.True(reply[0] is '2' or '4', reply);
        return reply[0] == '2';
    }

    private static string Header(AvisoServer server, string subject)
    {
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        foreach (var mailbox in new[] { "INBOX", "Junk" })
        {
            imap.Ok($"SELECT {mailbox}");
            var found = imap.Ok($"UID SEARCH SUBJECT \"{subject}\"")
                .Single(l => l.StartsWith("* SEARCH", StringComparison.Ordinal))["* SEARCH".Length..].Trim();
            if (found.Length == 0) continue;
            return string.Concat(imap.Ok($"UID FETCH {found.Split(' ')[0]} BODY.PEEK[HEADER]"));
        }
        Assert.Fail($"`{subject}` is not there\n{server.Log}");
        return "";
    }
}
