using System.Globalization;
using System.Text;

namespace Aviso.Imap;

/// <summary>
/// A relative IMAP URL of a message or a part of one (RFC 5092 §5, §7.2), as CATENATE takes it: <c>/INBOX;UIDVALIDITY=1/;UID=20/;SECTION=1.2</c>,
/// or from <c>;UID=</c> on for the selected mailbox.
/// </summary>
/// <param name="Mailbox">Canonical name; null: the selected mailbox.</param>
/// <param name="Section">What of the message, its PARTIAL range included.</param>
internal sealed record MessageUrl(string? Mailbox, uint? UidValidity, uint Uid, FetchSection Section)
{
    /// <summary>Null for what is no such URL: absolute ones, those with a login, and whatever names no message.</summary>
    /// <param name="names">How the client writes names; in a URL always in UTF-8 (RFC 5092 §8).</param>
    public static MessageUrl? Parse(string text, NameForm names = default)
    {
        // RFC 5092 §7.2: inetwork-path and absolute URLs lead to other servers or sessions.
        if (text.StartsWith("//", StringComparison.Ordinal) || text.Contains("://", StringComparison.Ordinal)) return null;
        var at = text.IndexOf(";UID=", StringComparison.OrdinalIgnoreCase);
        if (at < 0 || !TryMailbox(text[..at], names with { Utf8 = true }, out var mailbox, out var validity)) return null;
        var items = text[(at + 1)..].Split('/');
        if (!TryNumber(items[0], "UID=", out var uid)) return null;
        var (section, range) = ("", "");
        foreach (var item in items.Skip(1))
        {
            if (item.StartsWith(";SECTION=", StringComparison.OrdinalIgnoreCase) && section.Length + range.Length == 0) section = item[9..];
            else if (item.StartsWith(";PARTIAL=", StringComparison.OrdinalIgnoreCase) && range.Length == 0) range = item[9..];
            else return null;
        }
        return TrySection(section, range, out var found) ? new(mailbox, validity, uid, found) : null;
    }

    private static bool TryMailbox(string text, NameForm names, out string? mailbox, out uint? validity)
    {
        (mailbox, validity) = (null, null);
        if (text.EndsWith('/')) text = text[..^1];
        if (text.Length == 0) return true;
        if (text[0] != '/') return false;
        var at = text.IndexOf(";UIDVALIDITY=", StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            if (!TryNumber(text[(at + 1)..], "UIDVALIDITY=", out var number)) return false;
            validity = number;
            text = text[..at];
        }
        if (!TryUnescape(text[1..], out var name)
            || MailboxName.FromWire(Encoding.UTF8.GetBytes(name), names) is not { Length: > 0 } known) return false;
        mailbox = known;
        return true;
    }

    private static bool TryNumber(string text, string name, out uint number)
    {
        number = 0;
        return text.StartsWith(name, StringComparison.OrdinalIgnoreCase)
            && uint.TryParse(text.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }

    // ipartial = "/;PARTIAL=" number ["." nz-number]
    private static bool TrySection(string section, string range, out FetchSection found)
    {
        found = new(SectionKind.Body, [], SectionText.Whole, [], 0, long.MaxValue, false, []);
        if (!TryUnescape(section, out var spec)) return false;
        var ends = range.Split('.');
        var partial = range.Length == 0 ? "" : $"<{ends[0]}.{(ends.Length > 1 ? ends[1] : long.MaxValue.ToString(CultureInfo.InvariantCulture))}>";
        return ends.Length <= 2 && new Grammar(Encoding.UTF8.GetBytes(spec + "]" + partial), utf8Names: true).SectionAlone(out found);
    }

    private static bool TryUnescape(string text, out string plain)
    {
        plain = Uri.UnescapeDataString(text);
        return !plain.Contains('\uFFFD', StringComparison.Ordinal);
    }
}
