using System.Text;

namespace Aviso.Mime;

/// <summary>What the Content-* fields of a header block say of its part (RFC 2045 §5-8, 2183, 3282, 2557, 1864).</summary>
internal static class ContentFields
{
    private static readonly string[] EnvelopeNames =
        ["date", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "message-id"];

    /// <summary>Fills <paramref name="part"/>; the first field of a name counts.</summary>
    public static void Read(MimePart part, ReadOnlySpan<byte> header, MimePart? parent)
    {
        var typed = false;
        var encoded = false;
        foreach (var field in new HeaderFields(header))
        {
            if (field.Name.Length < 10 || (field.Name[0] | 0x20) != 'c' || field.Name[7] != '-') continue;
            var value = field.Value;
            switch (field.Name.Length)
            {
                case 12 when !typed && field.Is("Content-Type"u8):
                    typed = true;
                    ReadType(part, value);
                    break;
                case 25 when !encoded && field.Is("Content-Transfer-Encoding"u8):
                    encoded = true;
                    part.Encoding = ReadEncoding(value);
                    break;
                case 19 when part.Disposition is null && field.Is("Content-Disposition"u8):
                    ReadDisposition(part, value);
                    break;
                case 10 when part.ContentId is null && field.Is("Content-ID"u8):
                    part.ContentId = Text(value);
                    break;
                case 19 when part.Description is null && field.Is("Content-Description"u8):
                    part.Description = Text(value);
                    break;
                case 11 when part.Md5 is null && field.Is("Content-MD5"u8):
                    part.Md5 = Text(value);
                    break;
                case 16 when part.Language.Count == 0 && field.Is("Content-Language"u8):
                    part.Language = ReadLanguages(value);
                    break;
                case 16 when part.Location is null && field.Is("Content-Location"u8):
                    part.Location = Text(value)?.Replace(" ", "", StringComparison.Ordinal);
                    break;
                default:
                    break;
            }
        }
        // RFC 2046 §5.1.5: inside a digest the default is message/rfc822.
        if (!typed && parent is { Type: "multipart", Subtype: "digest" }) (part.Type, part.Subtype) = ("message", "rfc822");
    }

    /// <summary>The fields ENVELOPE shows, as they stand; null when they are more than <paramref name="room"/> octets.</summary>
    public static byte[]? EnvelopeOnly(ReadOnlySpan<byte> header, int room)
    {
        var fields = new List<byte>();
        foreach (var field in new HeaderFields(header))
        {
            if (!IsEnvelope(field)) continue;
            if (fields.Count + field.Length > room) return null;
            fields.AddRange(header.Slice(field.Offset, field.Length));
            if (fields[^1] != '\n') fields.Add((byte)'\n');
        }
        return fields.ToArray();
    }

    /// <summary>"--" and the boundary without the blanks RFC 2046 §5.1.1 forbids at its end.</summary>
    public static byte[] BoundaryOctets(string boundary) => Encoding.UTF8.GetBytes("--" + boundary.TrimEnd(' ', '\t'));

    private static bool IsEnvelope(in HeaderField field)
    {
        if (field.Name.Length is < 2 or > 11) return false;
        foreach (var name in EnvelopeNames)
        {
            if (Ascii.EqualsIgnoreCase(field.Name, name)) return true;
        }
        return false;
    }

    // RFC 2045 §5.2: what cannot be read is text/plain in US-ASCII. A lone type keeps what it can mean.
    private static void ReadType(MimePart part, ReadOnlySpan<byte> value)
    {
        var reader = new ValueReader(value);
        reader.SkipCfws();
        var type = Lower(reader.Token());
        reader.SkipCfws();
        if (type.Length == 0) return;
        var slash = reader.Take((byte)'/');
        if (slash) reader.SkipCfws();
        var subtype = slash ? Lower(reader.Token()) : "";
        if (subtype.Length == 0)
        {
            if (!slash && !reader.AtEnd && reader.Peek != ';') return;
            if (type is not ("text" or "multipart" or "message")) (part.Type, part.Subtype) = ("application", "octet-stream");
            if (type != "multipart") return;
            subtype = "mixed";
        }
        var parameters = ParameterList.Read(ref reader);
        // RFC 2046 §5.1.1: a multipart without a boundary has no parts to find; its text is at least shown.
        if (type == "multipart" && !HasBoundary(parameters)) return;
        (part.Type, part.Subtype, part.Parameters) = (type, subtype, parameters);
    }

    private static bool HasBoundary(IReadOnlyList<MimeParameter> parameters)
    {
        foreach (var p in parameters)
        {
            if (p.Name == "boundary") return p.Value.AsSpan().TrimEnd(" \t").Length > 0;
        }
        return false;
    }

    private static string ReadEncoding(ReadOnlySpan<byte> value)
    {
        var reader = new ValueReader(value);
        reader.SkipCfws();
        var name = Lower(reader.Peek == '"' ? reader.QuotedString() : reader.Token());
        return name switch
        {
            "" => "7bit",
            "7-bit" => "7bit",
            "8-bit" => "8bit",
            "base-64" => "base64",
            "quoted_printable" or "qp" => "quoted-printable",
            _ => name,
        };
    }

    private static void ReadDisposition(MimePart part, ReadOnlySpan<byte> value)
    {
        var reader = new ValueReader(value);
        reader.SkipCfws();
        var name = Lower(reader.Token());
        if (name.Length == 0 && reader.Peek != ';') return;
        part.DispositionParameters = ParameterList.Read(ref reader);
        // RFC 2183 §2.8: an unknown disposition is treated as attachment.
        part.Disposition = name.Length == 0 ? "attachment" : name;
    }

    private static List<string> ReadLanguages(ReadOnlySpan<byte> value)
    {
        var languages = new List<string>();
        var reader = new ValueReader(value);
        while (!reader.AtEnd && languages.Count < MimeLimits.Parameters)
        {
            reader.SkipCfws();
            var tag = reader.Token();
            if (!tag.IsEmpty) languages.Add(HeaderText.FromOctets(tag));
            else if (!reader.AtEnd) reader.Skip();
        }
        return languages;
    }

    private static string? Text(ReadOnlySpan<byte> value) => HeaderText.Raw(value) is { Length: > 0 } text ? text : null;

    private static string Lower(ReadOnlySpan<byte> token) => Known(token) ?? HeaderText.FromOctets(token).ToLowerInvariant();

    // The names nearly every message uses, without making new strings.
    private static string? Known(ReadOnlySpan<byte> token)
    {
        ReadOnlySpan<string> names = token.Length switch
        {
            4 => ["text", "html", "7bit", "8bit"],
            5 => ["plain", "mixed", "image"],
            6 => ["base64", "inline"],
            9 => ["multipart"],
            10 => ["attachment"],
            11 => ["application", "alternative"],
            16 => ["quoted-printable"],
            _ => [],
        };
        foreach (var name in names)
        {
            if (Ascii.EqualsIgnoreCase(token, name)) return name;
        }
        return null;
    }
}
