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
    /// All that SEARCH TEXT can find: every header field, those of parts too, file names, and every text part, separated by line feeds; at
    /// most
    /// <paramref name="limit"/> characters. <paramref name="read"/> gives octets of the message by offset and length.
    /// <paramref name="whole"/> is false when anything was left out, so that an index never hides what it does not hold.
    /// </summary>
    public static string Extract(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read, int limit, out bool whole)
    {
        var text = new StringBuilder(Math.Min(limit, 4096));
        whole = true;
        Walk(root, read, limit, text, ref whole);
        if (text.Length >= limit) whole = false;
        if (text.Length > limit) text.Length = limit;
        return text.ToString();
    }

    /// <summary>What a reader can look for in one text part: its text, of HTML what is shown and where its links lead.</summary>
    public static string Searchable(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit)
    {
        var whole = true;
        return PartText(part, read, limit, links: true, ref whole);
    }

    /// <summary>The beginning of the text a reader sees first, white space collapsed; at most 256 characters.</summary>
    public static string Preview(MimePart root, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        foreach (var subtype in (ReadOnlySpan<string?>)["plain", "html", null])
        {
            if (FirstText(root, subtype, 64) is not { } part) continue;
            var whole = true;
            var preview = Collapse(PartText(part, read, PreviewLength * 4, links: false, ref whole));
            if (preview.Length > 0) return preview;
        }
        return "";
    }

    private static void Walk(
        MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit, StringBuilder text, ref bool whole)
    {
        if (part.LimitHit || part.HeaderLength > MimeLimits.Default.HeaderOctets) whole = false;
        if (text.Length >= limit) return;
        Line(text, Header(part, read));
        if (part.Message is { } message) Walk(message, read, limit, text, ref whole);
        foreach (var child in part.Children) Walk(child, read, limit, text, ref whole);
        if (part.IsText || (part.IsMultipart && part.Children.Count == 0)) Line(
            text, PartText(part, read, limit - text.Length, links: true, ref whole));
    }

    /// <summary>
    /// The fields of a message or part, decoded, a line each, and its file name, whose encoding (RFC 2231) may be undone there only.
    /// Of a header over <see cref="MimeLimits.HeaderOctets"/> the beginning.
    /// </summary>
    public static string Header(MimePart part, Func<long, int, ReadOnlyMemory<byte>> read)
    {
        var text = new StringBuilder();
        var header = read(part.HeaderOffset, (int)Math.Min(part.HeaderLength, MimeLimits.Default.HeaderOctets)).Span;
        foreach (var field in new HeaderFields(header))
        {
            Line(text, Encoding.Latin1.GetString(field.Name));
            text.Append(": ").Append(HeaderText.Decode(field.Value));
        }
        if (part.FileName is { } name) Line(text, name);
        return text.ToString();
    }

    private static void Line(StringBuilder text, string line)
    {
        if (line.Length == 0) return;
        if (text.Length > 0) text.Append('\n');
        text.Append(line);
    }

    private static string PartText(
        MimePart part, Func<long, int, ReadOnlyMemory<byte>> read, int limit, bool links, ref bool whole)
    {
        if (limit <= 0 || part.BodyLength == 0) return "";
        var html = part.Subtype is "html" or "xhtml";
        var octets = Math.Min((long)limit * (html ? OctetsPerHtmlCharacter : OctetsPerCharacter) + 1024, MostOctets);
        if (part.BodyLength > octets) whole = false;
        var body = read(part.BodyOffset, (int)Math.Min(part.BodyLength, octets)).Span;
        var text = part.Encoding is "base64" or "quoted-printable"
            ? Charsets.Decode(part.Charset, TransferDecoder.DecodeAll(part.Encoding, body))
            : Charsets.Decode(part.Charset, body);
        if (html) return links ? HtmlText.Convert(text, limit) + HtmlText.Links(text, limit) : HtmlText.Convert(text, limit);
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
