using System.Text;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Whatever a peer sends: the session ends when the peer does, every reply is one of three digits and ends in CR LF, the same octets cut
/// otherwise give the same replies and messages, no message holds a lone CR or LF, and no octet stays in the spool.
/// </summary>
public sealed class SmtpFuzz
{
    private static readonly string[] Sessions =
    [
        "EHLO x\r\nMAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME\r\nRCPT TO:<b@example.test>\r\nDATA\r\nSubject: x\r\n\r\n..\r\nx\r\n.\r\nQUIT\r\n",
        "LHLO x\r\nEHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nRCPT TO:<late-busy@x.example> NOTIFY=NEVER\r\nBDAT 4\r\nab\r\nBDAT 3 LAST\r\nc\r\nRSET\r\nQUIT\r\n",
        "EHLO x\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABjb3JyZWN0IGhvcnNl\r\nAUTH LOGIN\r\nYWxpY2U=\r\nYWxpY2U=\r\nMAIL FROM:a@b.c\r\nRCPT TO:<fault@x.y>\r\nNOOP\r\n",
        "EHLO x\r\nAUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJjZGVmZ2g=\r\n*\r\nVRFY x\r\nEXPN y\r\nHELP\r\nSTARTTLS\r\nNOOP\r\n",
        "HELO x\r\nMAIL FROM:<fault@x.y>\r\nMAIL FROM:<a@x.y>\r\nRCPT TO:<c@x.y>\r\nDATA\r\n\0\r\n\n.\r\n.\r.\r\n.\r\nMAIL FROM:<a@x.y>\r\nRCPT TO:<d@x.y>\r\nDATA\r\ntext\r\n.\r\n",
    ];

    private static readonly string[] Paths =
    [
        "FROM:<@a.example,@b.example:\"a\\\"b\"@[IPv6:2001:db8::1]> SIZE=10 RET=FULL ENVID=a+2Bb AUTH=<> SMTPUTF8",
        "TO:<ñ@bücher.example> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;\\x{FC}ü@x.example",
        "TO:<a.b@[IPv6:::ffff:192.0.2.1]> ORCPT=rfc822;a+40b",
        "FROM:a@b.example BODY=8BITMIME",
    ];

    [Fact]
    public void A_session_takes_anything() => Mutator.Run([.. Sessions.Select(Encoding.Latin1.GetBytes)], 400, input =>
    {
        var kind = input.Length % 3 == 0 ? ListenerKind.Lmtp : input.Length % 3 == 1 ? ListenerKind.Smtp : ListenerKind.Submission;
        var whole = Task.Run(() => TalkAsync(input, kind, int.MaxValue)).GetAwaiter().GetResult();
        // What waits behind a refused DATA depends on when it came; nothing else may.
        if (whole.Replies.Contains("421 4.7.0 Octets sent", StringComparison.Ordinal)) return;
        Assert.Equal(whole, Task.Run(() => TalkAsync(input, kind, 1)).GetAwaiter().GetResult());
    });

    [Fact]
    public void Envelope_grammar_takes_anything() => Mutator.Run([.. Paths.Select(Encoding.UTF8.GetBytes)], 3000, input =>
    {
        if (MailCommand.Read(input, true, out var mail) is null)
        {
            var said = mail.Sender.LocalPart + mail.Sender.Domain + mail.Parameters.EnvelopeId + mail.Parameters.SubmitterAuth;
            Assert.DoesNotContain(said, char.IsControl);
        }
        if (RecipientCommand.Read(input, true, out var recipient) is null)
        {
            Assert.NotEqual("", recipient!.LocalPart + recipient.Domain);
            Assert.DoesNotContain(recipient + recipient.OriginalRecipient, char.IsControl);
        }
        var grammar = new PathGrammar(input, PathLeniency.NoBrackets | PathLeniency.LongLocalPart);
        _ = grammar.TryForwardPath(out _) || grammar.TryReversePath(out _);
        Assert.InRange(grammar.Position, 0, input.Length);
    });

    private static async Task<(string Replies, string Messages)> TalkAsync(byte[] input, ListenerKind kind, int piece)
    {
        var host = new SmtpHost(kind) { ScramOffered = false };
        await using var pair = host.Connect(clearLogin: true);
        var run = SmtpSessionTests.Serve(host, pair);
        var replies = pair.ReceiveAllAsync();
        await pair.SendInPiecesAsync(input, piece);
        await pair.FinishAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        var said = (await replies.WaitAsync(TimeSpan.FromSeconds(30))).Split("\r\n");
        Assert.Equal("", said[^1]);
        Assert.All(said[..^1], line => Assert.Matches(@"^[2-5]\d\d[ -][ -~]*$", line));
        Assert.All(host.Taken, t => Assert.False(t.Text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny("\r\n\0")));
        Assert.Equal(0, host.Spool.InFlight);
        // References of faults are random.
        var heard = string.Join('\n', said.Select(l => l.Contains("reference", StringComparison.Ordinal) ? l[..9] : l));
        return (heard, string.Join('\n', host.Taken.Select(t => SmtpTranscripts.Envelope(t.Transaction, t.Recipients) + t.Text)));
    }
}
