using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Mime;

/// <summary>A part to be composed: a leaf with octets, or a multipart with children.</summary>
public sealed class MimeEntity
{
    private MimeEntity(string type, byte[] body, params IEnumerable<MimeParameter> parameters)
    {
        Type = type;
        Body = body;
        Parameters = [.. parameters];
    }

    /// <summary>"type/subtype".</summary>
    public string Type { get; }

    public List<MimeParameter> Parameters { get; }

    public byte[] Body { get; }

    public List<MimeEntity> Children { get; } = [];

    /// <summary>Null, or "inline" or "attachment" with <see cref="FileName"/>.</summary>
    public string? Disposition { get; init; }

    public string? FileName { get; init; }

    /// <summary>Without angle brackets.</summary>
    public string? ContentId { get; init; }

    public string? Description { get; init; }

    /// <summary>Text in UTF-8; line ends become CRLF.</summary>
    public static MimeEntity Text(string text, string subtype = "plain")
    {
        var charset = System.Text.Ascii.IsValid(text) ? "us-ascii" : "utf-8";
        var octets = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
        return new("text/" + subtype, octets, new MimeParameter("charset", charset));
    }

    public static MimeEntity Attachment(string type, string fileName, byte[] octets) =>
        new(type, octets) { Disposition = "attachment", FileName = fileName };

    /// <summary>Octets as they are. message/* goes out as 7bit or 8bit (RFC 2046 §5.2.1), others as base64 unless ASCII text.</summary>
    public static MimeEntity Part(string type, byte[] octets, string? description = null) => new(type, octets) { Description = description };

    public static MimeEntity Multipart(string subtype, params IEnumerable<MimeEntity> children) => Multipart(subtype, [], children);

    public static MimeEntity Multipart(string subtype, IEnumerable<MimeParameter> parameters, IEnumerable<MimeEntity> children)
    {
        var entity = new MimeEntity("multipart/" + subtype, [], parameters);
        entity.Children.AddRange(children);
        return entity;
    }
}

/// <summary>Writes a whole message: <paramref name="header"/>, MIME-Version and the part tree, CRLF everywhere.</summary>
public sealed class MessageComposer(HeaderWriter header, MimeEntity body)
{
    private const int LongestLine = 998;

    /// <summary>The message; it is 7-bit unless a message/* part or the header is not.</summary>
    public byte[] Compose()
    {
        var into = new ArrayBufferWriter<byte>(4096);
        into.Write(header.ToArray());
        into.Write("MIME-Version: 1.0\r\n"u8);
        Write(into, body);
        return into.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> into, MimeEntity entity)
    {
        var fields = new HeaderWriter();
        var isMultipart = entity.Type.StartsWith("multipart/", StringComparison.Ordinal);
        var boundary = isMultipart ? NewBoundary() : "";
        IEnumerable<MimeParameter> parameters = isMultipart
            ? [.. entity.Parameters, new("boundary", boundary)]
            : entity.Parameters;
        fields.WithParameters("Content-Type", entity.Type, parameters);
        var encoding = Encoding(entity);
        if (encoding != "7bit") fields.Raw("Content-Transfer-Encoding", encoding);
        if (entity.Disposition is { } disposition)
            fields.WithParameters("Content-Disposition", disposition, entity.FileName is { } name ? [new("filename", name)] : []);
        if (entity.ContentId is { } id) fields.Ids("Content-ID", id);
        if (entity.Description is { } description) fields.Text("Content-Description", description);
        into.Write(fields.ToArray());
        into.Write("\r\n"u8);
        if (isMultipart) Children(into, entity, System.Text.Encoding.ASCII.GetBytes(boundary));
        else into.Write(TransferEncoder.EncodeAll(encoding, entity.Body));
    }

    private static void Children(ArrayBufferWriter<byte> into, MimeEntity entity, byte[] boundary)
    {
        foreach (var child in entity.Children)
        {
            into.Write("--"u8);
            into.Write(boundary);
            into.Write("\r\n"u8);
            Write(into, child);
            into.Write("\r\n"u8);
        }
        into.Write("--"u8);
        into.Write(boundary);
        into.Write("--\r\n"u8);
    }

    /// <summary>RFC 2045 §6.7: "=_" stands in no quoted-printable and no base64 text.</summary>
    public static string NewBoundary() => "=_" + RandomNumberGenerator.GetHexString(24, lowercase: true);

    /// <summary>The Content-Transfer-Encoding of a leaf of this type with these octets.</summary>
    public static string EncodingOf(string type, ReadOnlySpan<byte> octets)
    {
        var ascii = Ascii.IsValid(octets) && !octets.Contains((byte)0);
        if (type.StartsWith("message/", StringComparison.Ordinal)) return ascii ? "7bit" : "8bit";
        var isText = type.StartsWith("text/", StringComparison.Ordinal);
        if (ascii && isText && IsCrlfText(octets)) return "7bit";
        if (!isText) return "base64";
        var high = 0;
        foreach (var c in octets) high += c > 126 ? 1 : 0;
        return high > octets.Length / 4 ? "base64" : "quoted-printable";
    }

    private static string Encoding(MimeEntity entity)
    {
        // RFC 2045 §6.4: a multipart is what the widest of its parts is.
        if (entity.Type.StartsWith("multipart/", StringComparison.Ordinal))
            return entity.Children.Any(c => Encoding(c) == "8bit") ? "8bit" : "7bit";
        return EncodingOf(entity.Type, entity.Body);
    }

    // RFC 2045 §2.7: lines of at most 998 octets; CR and LF only together.
    private static bool IsCrlfText(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOfAny((byte)'\r', (byte)'\n');
            if ((end < 0 ? text.Length : end) > LongestLine) return false;
            if (end < 0) return true;
            if (!text[end..].StartsWith("\r\n"u8)) return false;
            text = text[(end + 2)..];
        }
        return true;
    }
}
