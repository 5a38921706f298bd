using System.Text;

namespace Aviso.Imap;

/// <summary>RFC 3501 §5.1.3: mailbox names for clients that have not enabled UTF-8.</summary>
internal static class ModifiedUtf7
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

    public static string Encode(string name)
    {
        if (!name.AsSpan().ContainsAnyExceptInRange(' ', '~') && !name.Contains('&', StringComparison.Ordinal)) return name;
        var text = new StringBuilder(name.Length + 16);
        for (var i = 0; i < name.Length;)
        {
            if (name[i] is >= ' ' and <= '~')
            {
                text.Append(name[i] == '&' ? "&-" : name[i].ToString());
                i++;
                continue;
            }
            var start = i;
            while (i < name.Length && name[i] is < ' ' or > '~')
            {
                i++;
                if (i == name.Length) break;
            }
            EncodeRun(text, name.AsSpan(start, i - start));
        }
        return text.ToString();
    }

    private static void EncodeRun(StringBuilder text, ReadOnlySpan<char> run)
    {
        text.Append('&');
        int bits = 0, held = 0;
        foreach (var c in run)
        {
            bits = (bits << 16) | c;
            for (held += 16; held >= 6; held -= 6) text.Append(Alphabet[(bits >> (held - 6)) & 63]);
            bits &= (1 << held) - 1;
        }
        if (held > 0) text.Append(Alphabet[(bits << (6 - held)) & 63]);
        text.Append('-');
    }

    /// <summary>False for anything that <see cref="Encode"/> would not have written: two spellings of one name would be two
    /// names to a client.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> octets, out string name)
    {
        name = "";
        var text = new StringBuilder(octets.Length);
        for (var i = 0; i < octets.Length; i++)
        {
            if (octets[i] is < 0x20 or > 0x7E) return false;
            if (octets[i] != '&')
            {
                text.Append((char)octets[i]);
                continue;
            }
            var length = octets[(i + 1)..].IndexOf((byte)'-');
            if (length < 0) return false;
            if (length == 0) text.Append('&');
            else if (!DecodeRun(text, octets.Slice(i + 1, length))) return false;
            i += length + 1;
        }
        name = text.ToString();
        if (!IsUtf16(name)) return false;
        return octets.SequenceEqual(Encoding.ASCII.GetBytes(Encode(name)));
    }

    private static bool DecodeRun(StringBuilder text, ReadOnlySpan<byte> run)
    {
        int bits = 0, held = 0;
        foreach (var c in run)
        {
            var value = Alphabet.IndexOf((char)c, StringComparison.Ordinal);
            if (value < 0) return false;
            bits = ((bits << 6) | value) & 0xFFFFFF;
            held += 6;
            if (held < 16) continue;
            held -= 16;
            text.Append((char)((bits >> held) & 0xFFFF));
            bits &= (1 << held) - 1;
        }
        return held < 6 && bits == 0;
    }

    private static bool IsUtf16(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
