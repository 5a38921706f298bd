using System.Text;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Spam;

/// <summary>The real clamd, with one signature of ours, over TCP and over a UNIX socket; then it goes away.</summary>
public sealed class ClamdTests
{
    private const string Proxy = "127.0.0.9";

    // The test pattern every scanner knows; in two halves, so that none finds it here.
    private static readonly string Pattern = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*";

    [Theory]
    [InlineData(true, "reject", "defer")]
    [InlineData(false, "tag", "accept")]
    public async Task A_virus_is_found_and_without_clamd_mail_waits_or_goes_on_unscanned(bool unix, string action, string unreachable)
    {
        await using var clamd = await ClamdServer.StartAsync(Pattern);
        var address = unix ? $"unix:{clamd.Socket}" : $"127.0.0.1:{clamd.Port}";
        await using var server = await AvisoServer.StartAsync($$"""
            spam: { lists: [], antivirus: { clamd: "{{address}}", action: {{action}}, unreachable: {{unreachable}} } }

            """, "smtp imap metrics", proxies: $"{Proxy}/32");
        Assert.StartsWith("250", Send(server, "clean", "nothing to see"), StringComparison.Ordinal);
        Assert.DoesNotContain("skipped=", await HeaderAsync(server, "INBOX"), StringComparison.Ordinal);
        Assert.Equal(1, await server.MetricAsync("aviso_virus_scans_total", "clean"));

        var reply = Send(server, "virus", Pattern);
        if (action == "reject") Assert.Matches(@"^550 5\.7\.1 This message has a virus \(.*(?i:eicar).*\)", reply);
        else
        {
            Assert.StartsWith("250", reply, StringComparison.Ordinal);
            Assert.Contains("VIRUS=", await HeaderAsync(server, "Junk"), StringComparison.Ordinal);
        }

        await clamd.DisposeAsync();
        var unscanned = Send(server, "unscanned", Pattern);
        if (unreachable == "defer") Assert.StartsWith("451 4.7.0", unscanned, StringComparison.Ordinal);
        else
        {
            Assert.StartsWith("250", unscanned, StringComparison.Ordinal);
            Assert.Contains("clamd (away)", await HeaderAsync(server, "INBOX", 2), StringComparison.Ordinal);
        }
        var said = unreachable == "defer" ? "mail of strangers is put off" : "mail is not scanned for viruses";
        await Patience.UntilAsync(() => server.Log.Contains(said, StringComparison.Ordinal), "the event", 20, () => server.Log);
        Assert.Equal(1, await server.MetricAsync("aviso_spam_checks_skipped_total", "clamd"));
    }

    private static string Send(AvisoServer server, string subject, string content)
    {
        using var smtp = new SmtpLineClient(server.Port("smtp"), "far.net", Proxy, "11.22.33.44");
        smtp.Command("MAIL FROM:<x@far.net>", "250");
        smtp.Command("RCPT TO:<carol@example.test>", "250");
        smtp.Command("DATA", "354");
        smtp.Send($"From: <x@far.net>\r\nTo: <carol@example.test>\r\nSubject: {subject}\r\nDate: {DateTimeOffset.UtcNow:ddd, dd MMM yyyy HH:mm:ss} +0000\r\nMessage-ID: <{Guid.NewGuid():N}@far.net>\r\n"
            + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee the file\r\n--b\r\nContent-Type: text/plain; name=notes.txt\r\n"
            + $"Content-Disposition: attachment; filename=notes.txt\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(Encoding.ASCII.GetBytes(content))}\r\n--b--\r\n.\r\n");
        return smtp.ReadLine();
    }

    private static async Task<string> HeaderAsync(AvisoServer server, string mailbox, int number = 1)
    {
        using var imap = new ImapLineClient(server.Port("imap"), "carol@example.test", AvisoServer.Password);
        await Patience.UntilAsync(() => imap.Ok($"STATUS {mailbox} (MESSAGES)").Any(l =>
            l.Contains($"MESSAGES {number})", StringComparison.Ordinal)), $"{number} in {mailbox}", 20, () => server.Log);
        imap.Ok($"SELECT {mailbox}");
        return string.Concat(imap.Ok($"FETCH {number} BODY.PEEK[HEADER]"));
    }
}
