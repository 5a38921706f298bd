using Aviso.Base;

namespace Aviso.Mime;

/// <summary>
/// RFC 5322 §3.4 mailbox-list, strictly: mailboxes on which all programs agree. No groups, no routes, no empty entries, nothing left
/// open; phrases may hold dots and square brackets, which people write. Addresses may be UTF-8 (RFC 6532), never encoded words
/// (RFC 2047 §5). For whatever is met there is <see cref="AddressList"/>.
/// </summary>
public static class MailboxList
{
    /// <summary>False when it is none, or has more than <paramref name="most"/> mailboxes.</summary>
    /// <param name="value">A field's value, folded or not.</param>
    public static bool TryParse(ReadOnlySpan<byte> value, int most, out IReadOnlyList<HeaderAddress> mailboxes)
    {
        var found = new List<HeaderAddress>(1);
        mailboxes = found;
        while (true)
        {
            if (found.Count == most || !TryLength(value, out var length) || One(value[..length]) is not { } mailbox) return false;
            found.Add(mailbox);
            if (length == value.Length) return true;
            value = value[(length + 1)..];
        }
    }

    // Up to the comma that separates; false when a quoted string, a comment or an angle bracket stays open.
    private static bool TryLength(ReadOnlySpan<byte> value, out int length)
    {
        var inAngle = false;
        for (length = 0; length < value.Length; length++)
        {
            switch (value[length])
            {
                case (byte)'"' or (byte)'(':
                    if (!TrySkip(value, ref length)) return false;
                    break;
                case (byte)'<' when !inAngle:
                    inAngle = true;
                    break;
                case (byte)'>' when inAngle:
                    inAngle = false;
                    break;
                case (byte)'<' or (byte)'>':
                    return false;
                case (byte)',' when !inAngle:
                    return true;
            }
        }
        return !inAngle;
    }

    // Over a quoted string or a comment (RFC 5322 §3.2.2, §3.2.4), to its last octet.
    private static bool TrySkip(ReadOnlySpan<byte> value, ref int at)
    {
        var (isComment, depth) = (value[at] == '(', 1);
        while (++at < value.Length)
        {
            var c = value[at];
            if (c == '\\') at++;
            else if (isComment && c == '(') depth++;
            else if (c == (isComment ? (byte)')' : (byte)'"') && --depth == 0) return true;
        }
        return false;
    }

    // mailbox = name-addr / addr-spec; name-addr = [display-name] [CFWS] "<" addr-spec ">" [CFWS]
    private static HeaderAddress? One(ReadOnlySpan<byte> piece)
    {
        var (open, close) = Angle(piece);
        if (open < 0) return Address(piece, "");
        return IsPhrase(piece[..open]) && IsBlank(piece[(close + 1)..])
            ? Address(piece[(open + 1)..close], HeaderText.Raw(piece[..open].Trim(" \t\r\n\""u8))) : null;
    }

    private static HeaderAddress? Address(ReadOnlySpan<byte> spec, string name) =>
        AddrSpec.TryParse(spec, out var local, out var domain) && !local.Contains("=?", StringComparison.Ordinal) && domain.Length > 0
            ? HeaderAddress.Of(name, local, domain) : null;

    private static (int Open, int Close) Angle(ReadOnlySpan<byte> piece)
    {
        var open = -1;
        for (var i = 0; i < piece.Length; i++)
        {
            if (piece[i] is (byte)'"' or (byte)'(') TrySkip(piece, ref i);
            else if (piece[i] == '<') open = i;
            else if (piece[i] == '>') return (open, i);
        }
        return (-1, -1);
    }

    // phrase = 1*word / obs-phrase
    private static bool IsPhrase(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is (byte)'"' or (byte)'(') TrySkip(text, ref i);
            else if (c < 128 && !MailAddress.IsAtomText((char)c) && !" \t\r\n.[]"u8.Contains(c)) return false;
        }
        return true;
    }

    // [CFWS]
    private static bool IsBlank(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '(') TrySkip(text, ref i);
            else if (!" \t\r\n"u8.Contains(text[i])) return false;
        }
        return true;
    }
}
