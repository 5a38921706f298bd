using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Tells a person that a message which waited for its time was not sent: a delivery report (RFC 3464) in INBOX with the whole message,
/// whatever the quota says. Its email may be long gone, so this is where it is found again.
/// </summary>
internal sealed class UnsentLetters(IMailStore store, IMessageReader reader, IdSource ids, TimeProvider clock, string hostName)
{
    /// <param name="pieces">The octets of the message.</param>
    public async Task PutAsync(
        JmapUser user, EmailSubmission unsent, IReadOnlyList<ReadOnlyMemory<byte>> pieces, string why, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var letter = Letter(user, unsent, Joined(pieces), Told(why), now);
        using var body = store.Spool.Begin();
        body.Write(letter.Compose());
        var inbox = new AcceptTarget(user.Account, "INBOX", Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {user.Address}\r\n"),
            SystemFlags.None, [], IgnoreQuota: true);
        var acceptance = new Acceptance(body, reader.Render(body), [inbox], null) { ReceivedAt = now.ToUnixTimeSeconds() };
        if ((await store.AcceptAsync(acceptance, cancel)).Value is not { Targets: [{ Ok: true }] })
            throw new IOException("the letter about a message that was not sent could not be stored");
        JmapMeters.Unsent.Add(1);
    }

    private DeliveryReport Letter(JmapUser user, EmailSubmission unsent, byte[] original, string why, DateTimeOffset now) => new()
    {
        ReportingMta = hostName,
        From = HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", hostName),
        To = MailAddress.TryParse(user.Address, out var to) ? HeaderAddress.Of("", to) : HeaderAddress.Of("", user.Address, hostName),
        Subject = "Your message was not sent",
        Text = Text(unsent, why),
        Date = now,
        MessageId = $"{IdText.Format(ids.Next())}@{hostName}",
        Recipients =
        [
            .. Addresses(unsent).Select(a => new RecipientReport(a, "failed", "5.0.0") { DiagnosticCode = why, LastAttempt = now }),
        ],
        ArrivalDate = DateTimeOffset.FromUnixTimeSeconds(unsent.SendAt),
        Original = original,
        HeadersOnly = false,
        Utf8 = true,
    };

    private string Text(EmailSubmission unsent, string why)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"This is the mail system at {hostName}.\r\n\r\n")
            .Append("Your message waited to be sent. When its time came, it was refused, and nobody has received it:\r\n\r\n    ")
            .Append(why).Append("\r\n\r\nThe message is attached. Mend what the reason says and send it again. It was for:\r\n");
        foreach (var address in Addresses(unsent)) text.Append(CultureInfo.InvariantCulture, $"\r\n<{address}>");
        return text.Append("\r\n").ToString();
    }

    private static IEnumerable<string> Addresses(EmailSubmission unsent) =>
        unsent.Envelope.RcptTo.Select(r => r.Email).Distinct(StringComparer.Ordinal);

    private static string Told(string why) => new([.. why.Select(c => char.IsControl(c) ? ' ' : c)]);

    private static byte[] Joined(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var whole = new byte[pieces.Sum(p => p.Length)];
        var at = 0;
        foreach (var piece in pieces)
        {
            piece.Span.CopyTo(whole.AsSpan(at));
            at += piece.Length;
        }
        return whole;
    }
}
