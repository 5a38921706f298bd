using System.Buffers;
using System.Text;

namespace Aviso.Mime;

/// <summary>Unstructured header text (RFC 5322 §2.2.1): unfolding, RFC 6532 octets, RFC 2047 words.</summary>
public static class HeaderText
{
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    /// <summary>For people: unfolded, trimmed, encoded words decoded.</summary>
    public static string Decode(ReadOnlySpan<byte> value)
    {
        if (value.IndexOfAny(LineEnds) < 0) return EncodedWord.Decode(value.Trim(" \t"u8));
        return EncodedWord.Decode(Unfold(value));
    }

    /// <summary>As sent: unfolded and trimmed, encoded words left; octets that are not ASCII read as UTF-8, else Windows-1252.</summary>
    public static string Raw(ReadOnlySpan<byte> value) =>
        FromOctets(value.IndexOfAny(LineEnds) < 0 ? value.Trim(" \t"u8) : Unfold(value));

    /// <summary>
    /// RFC 5322 §2.2.3: line ends go, the white space after them stays; what stands around the text goes. A lone CR, which
    /// no field may hold, becomes a space.
    /// </summary>
    public static byte[] Unfold(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        var unfolded = new byte[value.Length];
        var length = 0;
        while (true)
        {
            var end = value.IndexOfAny(LineEnds);
            var piece = end < 0 ? value : value[..end];
            piece.CopyTo(unfolded.AsSpan(length));
            length += piece.Length;
            if (end < 0) break;
            if (value[end] == '\r' && value[end + 1] != '\n') unfolded[length++] = (byte)' ';
            value = value[(end + 1)..];
        }
        return unfolded[..length];
    }

    // NUL has no place in a string that goes to IMAP or a database.
    internal static string FromOctets(ReadOnlySpan<byte> octets)
    {
        var text = Ascii.IsValid(octets) ? Encoding.ASCII.GetString(octets) : Charsets.Guess(octets);
        return text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
    }
}
