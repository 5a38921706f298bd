using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>The text of a part (RFC 8621 §4.1.4 EmailBodyValue).</summary>
internal readonly record struct BodyValue(string Value, bool IsEncodingProblem, bool IsTruncated)
{
    // Encoded text is at most three times as long as what it gives; charsets that shift write more.
    private const int OctetsForOne = 8;
    private const int OctetsBeside = 64 * 1024;

    /// <param name="most">Octets of UTF-8 that the value may have; 0 is no limit.</param>
    public static BodyValue Read(MessageOctets message, BodyPart part, long most)
    {
        var enough = most == 0 ? long.MaxValue : most > long.MaxValue / 16 ? long.MaxValue : (most * OctetsForOne) + OctetsBeside;
        var octets = message.Decode(part.Mime, enough);
        var text = Charsets.Decode(part.Mime.Charset, octets.Span, out var isProblem).Replace("\r\n", "\n", StringComparison.Ordinal);
        var kept = most == 0 ? text.Length : Fitting(text, most);
        var isTruncated = kept < text.Length || part.Mime.BodyLength > enough;
        // RFC 8621 §4.2: not inside a tag.
        if (isTruncated && part.Type == "text/html") kept = HtmlCut.WholeTags(text.AsSpan(0, kept));
        return new(text[..kept], isProblem || !TransferDecoder.Knows(part.Mime.Encoding), isTruncated);
    }

    public void Write(Utf8JsonWriter into)
    {
        into.WriteStartObject();
        into.WriteString("value"u8, Value);
        into.WriteBoolean("isEncodingProblem"u8, IsEncodingProblem);
        into.WriteBoolean("isTruncated"u8, IsTruncated);
        into.WriteEndObject();
    }

    // As many whole characters as fit into so many octets.
    private static int Fitting(string text, long most)
    {
        if (text.Length <= most / 3) return text.Length;
        var room = new byte[(int)Math.Min(most, Encoding.UTF8.GetMaxByteCount(text.Length))];
        Utf8.FromUtf16(text, room, out var read, out _);
        return read;
    }
}
