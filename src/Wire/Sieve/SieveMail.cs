using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>Mail that actions send, ready for the queue. Line ends are CRLF; Message-ID is the sender's to add.</summary>
public static class SieveMail
{
    /// <summary>RFC 5230 §5: the answer.</summary>
    public static byte[] Compose(SieveAction.Vacation action, DateTimeOffset now)
    {
        var header = new HeaderWriter().Raw("From", Ascii.IsValid(action.From ?? "") ? action.From ?? action.Own : action.Own)
            .Raw("To", action.To).Date("Date", now).Text("Subject", action.Subject).Raw("Auto-Submitted", "auto-replied");
        if (action.InReplyTo is { } id) header.Ids("In-Reply-To", id);
        if (action.References.Count > 0) header.Ids("References", action.References);
        header.Raw("Precedence", "bulk");
        return Whole(header, action.Reason, action.IsMime);
    }

    /// <summary>RFC 5436 §2.7: the notification.</summary>
    public static byte[] Compose(SieveAction.Notify action, DateTimeOffset now)
    {
        var header = new HeaderWriter().Raw("From", action.From ?? action.Own).Raw("To", string.Join(", ", action.To));
        if (action.Cc.Count > 0) header.Raw("Cc", string.Join(", ", action.Cc));
        header.Date("Date", now).Text("Subject", action.Subject).Raw("Auto-Submitted", $"auto-notified; owner-email=\"{action.Own}\"");
        // RFC 5435 §3.4 as mail programs know it.
        if (action.Importance != 2)
        {
            header.Raw("X-Priority", action.Importance == 1 ? "1 (Highest)" : "5 (Lowest)");
            header.Raw("Importance", action.Importance == 1 ? "High" : "Low");
        }
        foreach (var (name, value) in action.Fields) header.Text(name, value);
        return Whole(header, action.Text, isMime: false);
    }

    /// <summary>RFC 5429 §2.2: the refusal as a message, for a server that can no longer refuse in SMTP.</summary>
    public static byte[] Compose(SieveAction.Reject action, SieveMessage message, DateTimeOffset now)
    {
        var header = new HeaderWriter().Raw("From", $"MAILER-DAEMON@{MailAddress.DomainOf(message.EnvelopeTo)}")
            .Raw("To", message.EnvelopeFrom).Date("Date", now).Text("Subject", "Your message was rejected").Raw("Auto-Submitted", "auto-replied");
        var status = new HeaderWriter().Raw("Reporting-MTA", "dns; localhost").ToArray();
        var recipient = new HeaderWriter().Raw("Final-Recipient", $"rfc822; {message.EnvelopeTo}").Raw("Action", "failed").Raw("Status", "5.7.1").ToArray();
        return new MessageComposer(header, MimeEntity.Multipart("report", [new MimeParameter("report-type", "delivery-status")],
        [
            MimeEntity.Text($"Your message to {message.EnvelopeTo} was rejected:\r\n\r\n{action.Reason}\r\n"),
            MimeEntity.Part("message/delivery-status", [.. status, .. "\r\n"u8, .. recipient]),
        ])).Compose();
    }

    private static byte[] Whole(HeaderWriter header, string text, bool isMime)
    {
        if (!isMime) return new MessageComposer(header, MimeEntity.Text(text)).Compose();
        var octets = Encoding.UTF8.GetBytes(text);
        return [.. header.ToArray(), .. "MIME-Version: 1.0\r\n"u8, .. octets];
    }
}
