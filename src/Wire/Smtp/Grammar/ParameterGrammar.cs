using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Aviso.Smtp;

/// <summary>
/// RFC 5321 §4.1.2: [ SP Mail-parameters ] after a path, and the encodings of RFC 3461 §4 and RFC 6533 §3 inside them.
/// </summary>
internal ref struct ParameterGrammar(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public readonly bool AtEnd => _rest.IsEmpty;

    // esmtp-param = esmtp-keyword ["=" esmtp-value]; trailing spaces are read over, as senders leave them
    public bool TryNext(out ReadOnlySpan<byte> keyword, out ReadOnlySpan<byte> value, out bool hasValue)
    {
        keyword = value = default;
        hasValue = false;
        if (_rest.IsEmpty || _rest[0] != ' ') return false;
        _rest = _rest.TrimStart((byte)' ');
        var end = _rest.IndexOf((byte)' ');
        var parameter = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 || _rest[end..].TrimStart((byte)' ').IsEmpty ? default : _rest[end..];
        var equals = parameter.IndexOf((byte)'=');
        hasValue = equals >= 0;
        keyword = hasValue ? parameter[..equals] : parameter;
        value = hasValue ? parameter[(equals + 1)..] : default;
        return IsKeyword(keyword) && (!hasValue || IsValue(value));
    }

    // size-value = 1*20DIGIT (RFC 1870 §3); also the chunk size of RFC 3030 §2
    public static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text.Length is 0 or > 20) return false;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            var next = ((Int128)number * 10) + (digit - '0');
            number = next > long.MaxValue ? long.MaxValue : (long)next;
        }
        return true;
    }

    // xtext = *( xchar / hexchar ); hexchar = "+" 2(%x30-39 / %x41-46). What comes out is printable ASCII: it goes into
    // header fields of reports (RFC 3461 §4.4).
    public static bool TryXText(ReadOnlySpan<byte> text, out string decoded)
    {
        decoded = "";
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            int c = text[i];
            if (c == '+')
            {
                if (i + 2 >= text.Length || !IsUpperHex(text[i + 1]) || !IsUpperHex(text[i + 2])) return false;
                c = (HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]);
                i += 2;
            }
            else if (c is < 33 or > 126 or '=') return false;
            if (c is < 32 or > 126) return false;
            plain.Append((char)c);
        }
        decoded = plain.ToString();
        return true;
    }

    // original-recipient-address = addr-type ";" xtext, addr-type = atom; with RFC 6533 §3 for the type utf-8
    public static bool TryOriginalRecipient(ReadOnlySpan<byte> text, out string decoded, out bool isUtf8)
    {
        decoded = "";
        isUtf8 = text.ContainsAnyExceptInRange((byte)0, (byte)0x7F);
        var semicolon = text.IndexOf((byte)';');
        if (semicolon < 1 || !IsKeyword(text[..semicolon])) return false;
        var type = Encoding.ASCII.GetString(text[..semicolon]).ToLowerInvariant();
        var address = text[(semicolon + 1)..];
        string plain;
        if (type == "utf-8" ? !TryUtf8Address(address, out plain) : !TryXText(address, out plain)) return false;
        decoded = $"{type};{plain}";
        return plain.Length > 0;
    }

    // utf-8-addr-xtext = 1*(QCHAR / EmbeddedUnicodeChar), EmbeddedUnicodeChar = "\x{" HEXPOINT "}";
    // utf-8-addr-unitext adds UTF8-non-ascii
    private static bool TryUtf8Address(ReadOnlySpan<byte> text, out string decoded)
    {
        decoded = "";
        if (!Utf8.IsValid(text)) return false;
        var plain = new StringBuilder(text.Length);
        var rest = Encoding.UTF8.GetString(text).AsSpan();
        while (!rest.IsEmpty)
        {
            if (rest.StartsWith(@"\x{"))
            {
                var end = rest.IndexOf('}');
                if (end is < 5 or > 9
                    || !int.TryParse(rest[3..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
                    || !Rune.TryCreate(point, out var rune) || Rune.IsControl(rune) || point is 0x2028 or 0x2029) return false;
                plain.Append(rune.ToString());
                rest = rest[(end + 1)..];
                continue;
            }
            if (rest[0] is < '!' or '\\' or '+' or '=' or (>= '\u007F' and < '\u00A0') or '\u2028' or '\u2029') return false;
            plain.Append(rest[0]);
            rest = rest[1..];
        }
        decoded = plain.ToString();
        return true;
    }

    // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    private static bool IsKeyword(ReadOnlySpan<byte> word)
    {
        if (word.IsEmpty || word[0] == '-') return false;
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && c != '-') return false;
        }
        return true;
    }

    // esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii). "=" inside is left to each parameter: AUTH= values of
    // real clients hold it unencoded.
    private static bool IsValue(ReadOnlySpan<byte> value)
    {
        foreach (var c in value)
        {
            if (c is < 33 or 127) return false;
        }
        return !value.IsEmpty;
    }

    private static bool IsUpperHex(byte c) => c is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'F');

    private static int HexValue(byte c) => c <= '9' ? c - '0' : c - 'A' + 10;
}
