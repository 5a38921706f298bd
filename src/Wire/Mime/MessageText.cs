using System.Text;

namespace Aviso.Mime;

/// <summary>The words of a message, for search and previews. Bounded by what the caller asks for, whatever the message is.</summary>
public static class MessageText
{
    /// <summary>RFC 8970 §3: a preview has at most 256 characters.</summary>
    public const int PreviewLength = 256;

    // Encoded text is at most three times as long as what it gives, markup often ten times.
    private const int OctetsPerCharacter = 4;
    private const int OctetsPerHtmlCharacter = 16;
    private const int MostOctets = 4 * 1024 * 1024;

    /// <summary>
    /// Subject, names and addresses, file names, then every text part, separated by line feeds; at most
    /// <paramref name="limit"/> characters. <paramref name="read"/> gives octets of the message by offset and length.
    /// </summary>
    public static string Extract(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, int limit)
    {
        var text = new StringBuilder(Math.Min(limit, 4096));
        Walk(root, read, limit, text, isMessage: true);
        if (text.Length > limit) text.Length = limit;
        return text.ToString();
    }

    /// <summary>The beginning of the text a reader sees first, white space collapsed; at most 256 characters.</summary>
    public static string Preview(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        foreach (var subtype in (ReadOnlySpan<string?>)["plain", "html", null])
        {
            if (FirstText(root, subtype, 64) is not { } part) continue;
            var preview = Collapse(PartText(part, read, PreviewLength * 4));
            if (preview.Length > 0) return preview;
        }
        return "";
    }

    private static void Walk(
        MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit, StringBuilder text, bool isMessage)
    {
        if (text.Length >= limit) return;
        if (isMessage) Headers(read(part.HeaderOffset, (int)Math.Min(part.HeaderLength, MimeLimits.Default.HeaderOctets)).Span, text);
        if (part.FileName is { } name) Line(text, name);
        if (part.Message is { } message) Walk(message, read, limit, text, isMessage: true);
        foreach (var child in part.Children) Walk(child, read, limit, text, isMessage: false);
        if (part.IsText || (part.IsMultipart && part.Children.Count == 0)) Line(text, PartText(part, read, limit - text.Length));
    }

    private static void Headers(ReadOnlySpan<byte> header, StringBuilder text)
    {
        foreach (var field in new HeaderFields(header))
        {
            if (field.Is("Subject"u8)) Line(text, HeaderText.Decode(field.Value));
            else if (field.Is("From"u8) || field.Is("To"u8) || field.Is("Cc"u8) || field.Is("Bcc"u8) || field.Is("Reply-To"u8))
            {
                foreach (var address in AddressList.Mailboxes(AddressList.Parse(field.Value)))
                    Line(text, $"{address.DisplayName} {address.Address}");
            }
        }
    }

    private static void Line(StringBuilder text, string line)
    {
        if (line.Length == 0) return;
        if (text.Length > 0) text.Append('\n');
        text.Append(line);
    }

    private static string PartText(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit)
    {
        if (limit <= 0 || part.BodyLength == 0) return "";
        var html = part.Subtype is "html" or "xhtml";
        var octets = Math.Min((long)limit * (html ? OctetsPerHtmlCharacter : OctetsPerCharacter) + 1024, MostOctets);
        var body = read(part.BodyOffset, (int)Math.Min(part.BodyLength, octets)).Span;
        var text = part.Encoding is "base64" or "quoted-printable"
            ? Charsets.Decode(part.Charset, TransferDecoder.DecodeAll(part.Encoding, body))
            : Charsets.Decode(part.Charset, body);
        if (html) return HtmlText.Convert(text, limit);
        return text.Length > limit ? text[..limit] : text;
    }

    private static MimePart? FirstText(MimePart part, string? subtype, int depth)
    {
        if (part.IsText && part.Disposition != "attachment" && (subtype is null || part.Subtype == subtype)) return part;
        if (depth == 0) return null;
        foreach (var child in part.Children)
        {
            if (FirstText(child, subtype, depth - 1) is { } found) return found;
        }
        return part.Message is { } message ? FirstText(message, subtype, depth - 1) : null;
    }

    private static string Collapse(string text)
    {
        var into = new StringBuilder(PreviewLength);
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c))
            {
                if (into.Length > 0 && into[^1] != ' ') into.Append(' ');
            }
            else into.Append(c);
            if (into.Length == PreviewLength) break;
        }
        if (into.Length > 0 && char.IsHighSurrogate(into[^1])) into.Length--;
        return into.ToString().Trim();
    }
}
