using System.Text;
using Aviso.Net;
using Aviso.Tests.Unit.Imap;
using Aviso.Tests.Unit.ManageSieve;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Net;

/// <summary>T17: what printers, scripts and gateways of our own are refused is one event each, whatever refused it.</summary>
public sealed class OwnRefusalTests
{
    private const string Begin = "EHLO printer.lan\r\nMAIL FROM:<scan@printer.lan>\r\nRCPT TO:<a@example.test>\r\n";

    [Theory]
    [InlineData(ListenerKind.Smtp, "EHLO my printer\r\n", "501 5.5.4 Say who you are")]
    [InlineData(ListenerKind.Smtp, "EHLO printer.lan\n", "521 5.5.2 Lines end in CR LF")]
    [InlineData(ListenerKind.Smtp, "EHLO printer.lan\r\nAUTH PLAIN AA==\r\n", "502 5.5.1 Not implemented here")]
    [InlineData(ListenerKind.Smtp, "EHLO printer.lan\r\nMAIL FROM:<scan>\r\n", "501 5.1.7 Expected MAIL FROM:<address>")]
    [InlineData(ListenerKind.Smtp, "EHLO printer.lan\r\nMAIL FROM:<scan@printer.lan> SIZE=99999999\r\n", "552 5.3.4 Message larger")]
    [InlineData(ListenerKind.Smtp, "EHLO printer.lan\r\nMAIL FROM:<scan@printer.lan>\r\nRCPT TO:a b\r\n", "501 5.1.3 Expected RCPT TO:<address>")]
    [InlineData(ListenerKind.Smtp, Begin + "DATA\r\na\nb\r\n.\r\n", "550 5.6.0 Message holds a CR or LF on its own")]
    [InlineData(ListenerKind.Smtp, Begin + "DATA\r\n{long}\r\n.\r\n", "550 5.6.0 Message holds a line longer")]
    [InlineData(ListenerKind.Smtp, Begin + "DATA\r\n{large}\r\n.\r\n", "552 5.3.4 Message larger")]
    [InlineData(ListenerKind.Smtp, "{long}", "500 5.5.2 Command line too long")]
    [InlineData(ListenerKind.Submission, "EHLO printer.lan\r\nMAIL FROM:<scan@printer.lan>\r\n", "530 5.7.0")]
    [InlineData(ListenerKind.Imap, "a HUH\r\n", "Unknown command")]
    [InlineData(ListenerKind.Imap, "a LOGIN alice@example.test secret\r\n", "Log in under TLS only")]
    [InlineData(ListenerKind.Imap, "a LOGIN {long}", "The line is too long")]
    [InlineData(ListenerKind.ManageSieve, "HUH\r\n", "Unknown command")]
    [InlineData(ListenerKind.ManageSieve, "AUTHENTICATE \"PLAIN\" \"AA==\"\r\n", "Log in under TLS only")]
    public async Task T17_each_refusal_of_one_of_ours_is_one_event(ListenerKind kind, string said, string reply)
    {
        said = said.Replace("{long}", new string('x', 70_000), StringComparison.Ordinal)
            .Replace("{large}", string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 150)), StringComparison.Ordinal);
        foreach (var isOurs in (bool[])[true, false])
        {
            var log = await TalkAsync(kind, said, isOurs);
            var events = log.Lines
                .Where(l => l.StartsWith("4003 refused one of ours: session test from 192.0.2.7:40000 ", StringComparison.Ordinal)).ToList();
            if (isOurs) Assert.Contains(events, e => e.Contains(reply, StringComparison.Ordinal));
            else Assert.Empty(events);
            if (said.Contains("printer.lan\r\nMAIL", StringComparison.Ordinal) && isOurs)
                Assert.Contains(events, e => e.Contains("HELO printer.lan", StringComparison.Ordinal));
        }
    }

    private static async Task<LogLines> TalkAsync(ListenerKind kind, string said, bool isOurs)
    {
        var log = new LogLines();
        switch (kind)
        {
            case ListenerKind.Imap:
                await using (var imap = await ImapHost.StartAsync(log: log))
                await using (var pair = imap.Connect(cleartext: false, isInternal: isOurs))
                    await TalkAsync(imap.Server, pair, said);
                return log;
            case ListenerKind.ManageSieve:
                await using (var sieve = await ManageSieveHost.StartAsync(log: log))
                await using (var pair = ManageSieveHost.Connect(cleartext: false, isInternal: isOurs))
                    await TalkAsync(sieve.Server, pair, said);
                return log;
            default:
                var smtp = new SmtpHost(kind, login: kind != ListenerKind.Smtp);
                await using (var pair = smtp.Connect(isInternal: isOurs)) await TalkAsync(smtp.Server, pair, said);
                return smtp.Log;
        }
    }

    private static async Task TalkAsync(IWireProtocol protocol, WirePair pair, string said)
    {
        var run = protocol.RunAsync(pair.Server);
        // Who is cut off in the middle never gets rid of the rest.
        var sent = SendAsync(pair, said);
        // A client that reads what it is told.
        while (!run.IsCompleted && await Task.WhenAny(run, pair.ReceiveLineAsync()) != run)
        {
        }
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        await pair.Server.DisposeAsync();
        await sent.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static async Task SendAsync(WirePair pair, string said)
    {
        await pair.Client.Output.WriteAsync(Encoding.Latin1.GetBytes(said));
        await pair.FinishAsync();
    }
}
