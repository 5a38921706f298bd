namespace Aviso.Spam;

/// <summary>
/// Words of folded text, one after the other, lower case, at most <see cref="Longest"/> characters: letters and digits with hyphens and
/// apostrophes inside, and the signs that sell ($, !, %, €, £). Long numbers become their shape, scripts without blanks come in pairs of
/// characters. One pass.
/// </summary>
internal ref struct WordReader(ReadOnlySpan<char> text, Span<char> room)
{
    public const int Longest = 24;

    private readonly Span<char> _room = room;
    private ReadOnlySpan<char> _rest = text;

    /// <summary>The word as it counts; valid until the next one.</summary>
    public ReadOnlySpan<char> Current { get; private set; }

    /// <summary>True when the word has letters and all of them are capitals, three or more.</summary>
    public bool IsShouted { get; private set; }

    /// <summary>Letters and digits are mixed in it.</summary>
    public bool IsMixed { get; private set; }

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            var c = _rest[0];
            if (char.IsAsciiLetterOrDigit(c) || (c > 127 && char.IsLetterOrDigit(c)))
            {
                if (c >= '\u2E80') Pair();
                else Word();
                return true;
            }
            var sign = c is '$' or '!' or '%' or '€' or '£';
            if (sign) Current = _rest[..1];
            _rest = _rest[1..];
            (IsShouted, IsMixed) = (false, false);
            if (sign) return true;
        }
        return false;
    }

    private void Pair()
    {
        var length = _rest.Length > 1 && _rest[1] >= '\u2E80' && char.IsLetterOrDigit(_rest[1]) ? 2 : 1;
        Current = _rest[..length];
        _rest = _rest[1..];
        (IsShouted, IsMixed) = (false, false);
    }

    private void Word()
    {
        var end = 0;
        var kept = 0;
        var (digits, capitals, small) = (0, 0, 0);
        for (; end < _rest.Length; end++)
        {
            var c = _rest[end];
            if (c is '\'' or '-')
            {
                if (end + 1 == _rest.Length || !char.IsLetterOrDigit(_rest[end + 1])) break;
            }
            else if (!char.IsAsciiLetterOrDigit(c))
            {
                if (c <= 127 || c >= '\u2E80' || !(
                    char.IsLetterOrDigit(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.NonSpacingMark)) break;
            }
            if (char.IsDigit(c)) digits++;
            else if (char.IsUpper(c)) capitals++;
            else small++;
            if (kept < Longest) _room[kept++] = char.ToLowerInvariant(c);
        }
        // A long word counts by its beginning and how long it is.
        if (end > Longest)
        {
            _room[4] = '~';
            _room[5] = (char)('0' + Math.Min(end / 8, 9));
            kept = 6;
        }
        // Numbers and codes count by their shape.
        if (digits > 2 || (digits > 0 && digits * 2 >= end && end > 4))
        {
            for (var i = 0; i < kept; i++)
            {
                if (char.IsDigit(_room[i])) _room[i] = '0';
            }
        }
        Current = _room[..kept];
        IsShouted = capitals > 2 && small == 0;
        IsMixed = digits > 0 && capitals + small > 0;
        _rest = _rest[end..];
    }
}
