using System.Text;
using System.Text.RegularExpressions;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Whole SMTP and LMTP sessions fed with anything: each ends, says only well-formed replies, never blames itself, holds no
/// octets afterwards, and stores only what the rules allow. The grammar below is fed on its own, where it is faster.
/// </summary>
public sealed partial class SmtpFuzz
{
    private const string Start = "EHLO client.example\r\nMAIL FROM:<a@client.example> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<b@example.test> NOTIFY=SUCCESS,DELAY\r\n";

    private static readonly string[] Sessions =
    [
        Start + "RCPT TO:<unknown@example.test>\r\nDATA\r\nSubject: x\r\n\r\n..x\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n",
        Start + "BDAT 9\r\nabc\r\ndef\rBDAT 0\r\nBDAT 3 LAST\r\n\nxyQUIT\r\n",
        Start + "DATA\r\nx\r\n\n.\r\nMAIL FROM:<evil@x.example>\r\n\r\n.\r\r\n.\r\nNOOP\r\nVRFY b\r\nHELP\r\nEXPN x\r\nETRN y\r\n",
        "HELO x\r\nAUTH PLAIN AGFsaWNlAGI=\r\nAUTH LOGIN\r\nYWxpY2U=\r\nYg==\r\nAUTH SCRAM-SHA-256 biwsbj1hLHI9Yg==\r\n*\r\nSTARTTLS\r\nNOOP\r\n",
        "LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<late-refused@example.test>\r\nDATA\r\nhello\r\n.\r\nBDAT 1 LAST\r\nxQUIT\r\n",
        "EHLO [IPv6:::1]\r\nMAIL FROM:<\"a b\"@[192.0.2.1]> SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<>\r\nRCPT TO:<@x,@y:\u00e4@\u00f6.example> ORCPT=utf-8;\\x{E4}@x\r\nDATA\r\n.\r\n",
    ];

    private static readonly string[] Arguments =
    [
        "FROM:<\"a\\\"b c\"@example.org> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x+2Dy AUTH=a@b",
        "FROM:<>", "FROM: a@b.example SIZE=1", "FROM:<@one.example,@two.example:user@[IPv6:1::2:3.4.5.6]>",
        "TO:<postmaster>", "TO:<u\u00eb@\u0142.example> NOTIFY=NEVER ORCPT=utf-8;\\x{1F600}+2B",
        "TO:<a.b@c-d.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+40b",
    ];

    [Fact]
    public void A_session_takes_anything()
    {
        var stored = 0;
        Mutator.Run([.. Sessions.Select(Encoding.UTF8.GetBytes)], 150, input =>
        {
            foreach (var kind in new[] { ListenerKind.Smtp, ListenerKind.Lmtp, ListenerKind.Submission })
                stored += ConverseAsync(kind, input).WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
        });
        // Or this fuzzed the first line only.
        Assert.True(stored > 100, $"{stored} messages");
    }

    [Fact]
    public void Envelope_grammar_takes_anything() => Mutator.Run([.. Arguments.Select(Encoding.UTF8.GetBytes)], 3000, static input =>
    {
        if (MailCommand.Read(input, out var mail) is null)
        {
            Plain(mail.Sender.ToString(), mail.Parameters.SmtpUtf8);
            Plain(mail.Parameters.EnvelopeId ?? "", utf8: false);
            Plain(mail.Parameters.SubmitterAuth ?? "", utf8: false);
            Assert.InRange(mail.Sender.ToString().Length, 0, 254);
        }
        foreach (var utf8 in new[] { false, true })
        {
            if (RecipientCommand.Read(input, utf8, out var recipient) is not null) continue;
            Plain(recipient!.ToString(), utf8);
            // RFC 6533 §3: the type utf-8 comes in ASCII escapes too
            Plain(recipient.OriginalRecipient ?? "", utf8: true);
            Assert.NotEqual("", recipient.LocalPart + recipient.Domain);
        }
    });

    private static void Plain(string text, bool utf8)
    {
        foreach (var c in text) Assert.False(char.IsControl(c) || (!utf8 && c > '~'), $"U+{(int)c:X4}");
    }

    private static async Task<int> ConverseAsync(ListenerKind kind, byte[] input)
    {
        var host = new SmtpHost(kind);
        await using var pair = host.Connect(clearLogin: true);
        var run = RunAsync(host, pair);
        var heard = new List<string>();
        var listening = ListenAsync(pair, heard);
        try
        {
            await pair.SendInPiecesAsync(input, 1 + (input.Length / 3));
            await pair.FinishAsync();
        }
        catch (InvalidOperationException)
        {
            // The server closed first.
        }
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        await listening.WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var line in heard)
        {
            Assert.Matches(ReplyLine(), line);
            Assert.False(line.StartsWith("451 4.3.0", StringComparison.Ordinal) && !IsPlayedFault(input), line);
        }
        Assert.Equal(0, host.Spool.InFlight);
        foreach (var (text, transaction) in host.Taken)
        {
            Assert.True(text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().IndexOfAny("\r\n\0") < 0);
            Assert.NotEmpty(transaction.Recipients);
        }
        if (kind != ListenerKind.Lmtp) Assert.Equal(host.Taken.Count, heard.Count(l => l.StartsWith("250 2.0.0 Accepted", StringComparison.Ordinal)));
        return host.Taken.Count;
    }

    // The host plays a fault for some words, which a mutation could hit upon.
    private static bool IsPlayedFault(byte[] input) => input.AsSpan().IndexOf("fault"u8) >= 0 || input.AsSpan().IndexOf("FAULT"u8) >= 0;

    private static async Task RunAsync(SmtpHost host, Unit.Net.WirePair pair)
    {
        await host.Server.RunAsync(pair.Server);
        await pair.Server.DisposeAsync();
    }

    private static async Task ListenAsync(Unit.Net.WirePair pair, List<string> heard)
    {
        while (await pair.ReceiveLineAsync() is { } line) heard.Add(line);
    }

    [GeneratedRegex(@"\A[2-5][0-9][0-9][ -][\x20-\x7E]*\z")]
    private static partial Regex ReplyLine();
}
