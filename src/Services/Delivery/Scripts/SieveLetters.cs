using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;

namespace Aviso.Delivery;

/// <summary>Writes what scripts send: answers (RFC 5230 §5), notifications (RFC 5436 §2) and notes about scripts that failed.</summary>
internal sealed class SieveLetters(string hostName, IdSource ids, TimeProvider clock)
{
    // RFC 6068 §4: what a mailto URI may not set; RFC 5436 §2.7.1 adds trace and the like.
    private static readonly HashSet<string> OurFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted", "received", "return-path",
        "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "importance", "body",
    };

    /// <summary>Null when an address cannot be written.</summary>
    public byte[]? Vacation(SieveAction.Vacation vacation)
    {
        if (Address(vacation.To) is not { } to || Address(vacation.From ?? vacation.Own) is not { } from) return null;
        var header = Begin(from, [to], vacation.Subject, "auto-replied", IsUtf8(vacation.To, vacation.From ?? vacation.Own));
        if (vacation.InReplyTo is { } answered) header.Ids("In-Reply-To", answered);
        if (vacation.References.Count > 0) header.Ids("References", vacation.References);
        // Exchange would answer an answer otherwise.
        header.Raw("X-Auto-Response-Suppress", "All");
        return vacation.IsMime ? WithPart(header, vacation.Reason) : new MessageComposer(header, MimeEntity.Text(vacation.Reason)).Compose();
    }

    /// <summary>Null when an address cannot be written.</summary>
    public byte[]? Notification(SieveAction.Notify notify)
    {
        var to = notify.To.Select(Address).ToList();
        var cc = notify.Cc.Select(Address).ToList();
        if (to.Count + cc.Count == 0 || to.Contains(null) || cc.Contains(null) || Address(notify.From ?? notify.Own) is not { } from) return null;
        var utf8 = IsUtf8([.. notify.To, .. notify.Cc, notify.From ?? notify.Own, notify.Own]);
        // RFC 5436 §2.7.1: owner-email tells a person whom to ask.
        var header = Begin(from, to.OfType<HeaderAddress>(), notify.Subject, $"auto-notified; owner-email=\"{Wire(notify.Own)}\"", utf8);
        header.Addresses("Cc", cc.OfType<HeaderAddress>());
        header.Raw("Importance", notify.Importance switch { 1 => "High", 3 => "Low", _ => "Normal" });
        foreach (var (name, value) in notify.Fields)
        {
            if (!OurFields.Contains(name) && name.Length is > 0 and <= 76 && name.All(c => c is > ' ' and < '\x7F' and not ':')) header.Text(name, value);
        }
        return new MessageComposer(header, MimeEntity.Text(notify.Text)).Compose();
    }

    /// <summary>Tells an account's owner that a script failed.</summary>
    public SieveLetter Note(string address, string sender, string error)
    {
        var name = error.Split(':')[0];
        var to = Address(address) ?? HeaderAddress.Of("", "postmaster", hostName);
        var header = Begin(HeaderAddress.Of("Mail filter", "MAILER-DAEMON", hostName), [to], $"Your mail filter \"{name}\" failed", "auto-generated", IsUtf8(address));
        var text = $"This is the mail system at {hostName}.\n\n"
            + $"Your Sieve script could not do what it says for a message from <{sender}>:\n\n    {error}\n\n"
            + "The message was not lost: it is in your mailbox. Please correct the script.\n"
            + "You are told at most once a day, however many messages meet this.\n";
        return new("note", [address], new MessageComposer(header, MimeEntity.Text(text)).Compose());
    }

    private HeaderWriter Begin(HeaderAddress from, IEnumerable<HeaderAddress> to, string subject, string auto, bool utf8) => new HeaderWriter(utf8)
        .Addresses("From", from)
        .Addresses("To", to)
        .Text("Subject", subject)
        .Date("Date", clock.GetUtcNow())
        .Ids("Message-ID", $"{IdText.Format(ids.Next())}@{hostName}")
        .Raw("Auto-Submitted", auto);

    // RFC 5230 §4.1 :mime: the reason has its own MIME fields (RFC 2045 §3), and none of any other kind.
    private static byte[] WithPart(HeaderWriter header, string part)
    {
        var octets = Encoding.UTF8.GetBytes(part.ReplaceLineEndings("\r\n"));
        var whole = new MemoryStream();
        whole.Write(header.ToArray());
        whole.Write("MIME-Version: 1.0\r\n"u8);
        var end = 0;
        foreach (var field in new HeaderFields(octets))
        {
            end = field.Offset + field.Length;
            if (!Ascii.EqualsIgnoreCase(field.Name[..Math.Min(8, field.Name.Length)], "Content-"u8)) continue;
            whole.Write(octets.AsSpan(field.Offset, field.Length));
            if (octets[end - 1] != '\n') whole.Write("\r\n"u8);
        }
        if (end == octets.Length) whole.Write("\r\n"u8);
        whole.Write(octets.AsSpan(end));
        return whole.ToArray();
    }

    internal static HeaderAddress? Address(string text)
    {
        var list = AddressList.Mailboxes(AddressList.Parse(Encoding.UTF8.GetBytes(text))).ToList();
        if (list is not [{ Domain.Length: > 0, LocalPart.Length: > 0 } one]) return null;
        return one.TryMailAddress(out var address) ? HeaderAddress.Of(one.RawName, address) : one;
    }

    /// <summary>For the envelope: as A-labels, unless the local part is beyond ASCII anyway.</summary>
    internal static string Wire(string address) => MailAddress.TryParse(address, out var read) ? read.Wire : address;

    // RFC 6531 §3.2: a domain has its A-labels; only a local part beyond ASCII asks for hosts that take UTF-8.
    private static bool IsUtf8(params IEnumerable<string> addresses) =>
        addresses.Any(a => Address(a) is { } one ? !Ascii.IsValid(one.Address) : !Ascii.IsValid(a));
}
