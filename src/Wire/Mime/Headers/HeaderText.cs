using System.Buffers;
using System.Text;
using Aviso.Base;

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

    /// <summary>RFC 8621 §4.1.2.2: unfolded, without the blanks at its beginning, NUL dropped, encoded words decoded where they are well
    /// placed, in form C.</summary>
    public static string Strict(ReadOnlySpan<byte> value)
    {
        var text = Unfolded(WithoutNul(value)).AsSpan().TrimStart(" \t"u8);
        return Nfc.Normalize(EncodedWord.DecodeStrictly(text));
    }

    /// <summary>As <see cref="Strict(ReadOnlySpan{byte})"/> of a text that <see cref="Raw"/> read, or of a phrase.</summary>
    public static string Strict(string text) => Nfc.Normalize(
        text.Contains("=?", StringComparison.Ordinal) ? EncodedWord.DecodeStrictly(Encoding.UTF8.GetBytes(text)) : text);

    /// <summary>The octets, or a copy without NUL, which no header may hold.</summary>
    public static ReadOnlySpan<byte> WithoutNul(ReadOnlySpan<byte> value)
    {
        if (!value.Contains((byte)0)) return value;
        var kept = new List<byte>(value.Length);
        foreach (var c in value) if (c != 0) kept.Add(c);
        return kept.ToArray();
    }

    /// <summary>
    /// RFC 5322 §2.2.3: line ends go, the white space after them stays; what stands around the text goes. A lone CR, which
    /// no field may hold, becomes a space.
    /// </summary>
    public static byte[] Unfold(ReadOnlySpan<byte> value)
    {
        return Unfolded(value.Trim(" \t\r\n"u8));
    }

    private static byte[] Unfolded(ReadOnlySpan<byte> value)
    {
        var unfolded = new byte[value.Length];
        var length = 0;
        while (true)
        {
            var end = value.IndexOfAny(LineEnds);
            var piece = end < 0 ? value : value[..end];
            piece.CopyTo(unfolded.AsSpan(length));
            length += piece.Length;
            if (end < 0) break;
            if (value[end] == '\r' && (end + 1 == value.Length || value[end + 1] != '\n')) unfolded[length++] = (byte)' ';
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
