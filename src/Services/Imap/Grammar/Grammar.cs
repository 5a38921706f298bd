using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Aviso.Imap;

/// <summary>
/// RFC 9051 §9, the rules that commands share. Sees one complete command: lines joined with the octets of their literals
/// exactly as on the wire. Never waits, never throws. A message literal (APPEND) is only its marker here; its octets
/// went to a spool.
/// </summary>
internal ref partial struct Grammar(ReadOnlySpan<byte> octets, NameForm utf8Names)
{
    // atom-specials: ( ) { SP CTL list-wildcards quoted-specials resp-specials
    private static readonly SearchValues<byte> AtomChars = SearchValues.Create(Chars("(){%*\"\\]"));
    private static readonly SearchValues<byte> AStringChars = SearchValues.Create(Chars("(){%*\"\\"));
    private static readonly SearchValues<byte> TagChars = SearchValues.Create(Chars("(){%*\"\\+"));
    private static readonly SearchValues<byte> ListChars = SearchValues.Create(Chars("(){\"\\"));
    private static readonly SearchValues<byte> QuotedStops = SearchValues.Create("\"\\\r\n\0"u8);

    private readonly ReadOnlySpan<byte> _octets = octets;
    private readonly NameForm _names = utf8Names;
    private int _at;
    private int _searchKeys;

    /// <summary>The search has more or deeper keys than we take.</summary>
    public bool TooComplex { get; private set; }

    public readonly int Position => _at;

    private readonly ReadOnlySpan<byte> Rest => _octets[_at..];

    public readonly bool AtEnd => _at == _octets.Length;

    public readonly byte Peek => _at < _octets.Length ? _octets[_at] : (byte)0;

    public bool End() => AtEnd;

    public bool Sp() => Char((byte)' ');

    public bool Char(byte c)
    {
        if (Peek != c || AtEnd) return false;
        _at++;
        return true;
    }

    /// <summary>A fixed word in any case, ending where an atom ends.</summary>
    public bool Word(ReadOnlySpan<byte> word)
    {
        var rest = Rest;
        if (rest.Length < word.Length || !Ascii.EqualsIgnoreCase(rest[..word.Length], word)) return false;
        if (rest.Length > word.Length && AtomChars.Contains(rest[word.Length])
            && rest[word.Length] is not ((byte)'[' or (byte)'.' or (byte)'<'))
            return false;
        _at += word.Length;
        return true;
    }

    /// <summary>Fixed octets in any case, whatever follows.</summary>
    public bool Text(ReadOnlySpan<byte> text)
    {
        var rest = Rest;
        if (rest.Length < text.Length || !Ascii.EqualsIgnoreCase(rest[..text.Length], text)) return false;
        _at += text.Length;
        return true;
    }

    public bool Tag(out ReadOnlySpan<byte> tag) => Run(TagChars, out tag);

    public bool Atom(out ReadOnlySpan<byte> atom) => Run(AtomChars, out atom);

    // astring = 1*ASTRING-CHAR / string
    public bool AString(out ReadOnlySpan<byte> value)
    {
        if (Peek is (byte)'"' or (byte)'{' or (byte)'~') return Peek == '~' && !Rest.StartsWith("~{"u8)
            ? Run(AStringChars, out value) : String(out value);
        return Run(AStringChars, out value);
    }

    // string = quoted / literal
    public bool String(out ReadOnlySpan<byte> value) => Peek == '"' ? Quoted(out value) : Literal(out value);

    // nstring = string / nil
    public bool NString(out ReadOnlySpan<byte> value, out bool nil)
    {
        value = default;
        nil = Word("NIL"u8);
        return nil || String(out value);
    }

    public bool Quoted(out ReadOnlySpan<byte> value)
    {
        value = default;
        var start = _at;
        if (!Char((byte)'"')) return false;
        var length = Rest.IndexOfAny(QuotedStops);
        if (length >= 0 && Rest[length] == '"')
        {
            value = Rest[..length];
            _at += length + 1;
            return true;
        }
        _at = start;
        return QuotedWithEscapes(out value);
    }

    private bool QuotedWithEscapes(out ReadOnlySpan<byte> value)
    {
        value = default;
        var start = _at++;
        var plain = new ArrayBufferWriter<byte>();
        while (true)
        {
            var length = Rest.IndexOfAny(QuotedStops);
            if (length < 0) break;
            plain.Write(Rest[..length]);
            _at += length;
            if (Char((byte)'"'))
            {
                value = plain.WrittenSpan;
                return true;
            }
            if (!Char((byte)'\\') || Peek is not ((byte)'"' or (byte)'\\')) break;
            plain.Write(Rest[..1]);
            _at++;
        }
        _at = start;
        return false;
    }

    // literal = "{" number64 ["+"] "}" CRLF *CHAR8 ; literal8 = "~{" ...
    public bool Literal(out ReadOnlySpan<byte> value)
    {
        value = default;
        var start = _at;
        if (LiteralMarker(out var length) && length <= Rest.Length)
        {
            value = Rest[..(int)length];
            _at += (int)length;
            return true;
        }
        _at = start;
        return false;
    }

    /// <summary>The marker alone: what a message literal leaves in the command.</summary>
    public bool LiteralMarker(out long length)
    {
        var start = _at;
        Char((byte)'~');
        if (Char((byte)'{') && Number64(out length) && (Char((byte)'+') || true) && Char((byte)'}') && Text("\r\n"u8)) return true;
        _at = start;
        length = 0;
        return false;
    }

    public bool Number(out uint value)
    {
        value = 0;
        if (!Number64(out var wide) || wide > uint.MaxValue) return false;
        value = (uint)wide;
        return true;
    }

    // nz-number
    public bool NonZero(out uint value) => Number(out value) && value > 0;

    // number64 = 0 to 2^63-1 (RFC 9051 §9)
    public bool Number64(out long value)
    {
        value = 0;
        if (Peek is < (byte)'0' or > (byte)'9' || !Utf8Parser.TryParse(Rest, out value, out var used)) return false;
        _at += used;
        return value >= 0;
    }

    /// <summary>A name in the encoding this client uses (RFC 3501 §5.1.3 or UTF-8), canonical: NFC, INBOX in capitals. A name
    /// that cannot be one comes as null: the caller answers NO [CANNOT].</summary>
    public bool Mailbox(out string? name)
    {
        name = null;
        if (!AString(out var raw)) return false;
        name = MailboxName.FromWire(raw, _names);
        return true;
    }

    // list-mailbox = 1*list-char / string
    public bool ListMailbox(out string? pattern)
    {
        pattern = null;
        if (!(Peek is (byte)'"' or (byte)'{' ? String(out var raw) : Run(ListChars, out raw))) return false;
        pattern = MailboxName.PatternFromWire(raw, _names);
        return true;
    }

    // sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command
    public bool Sequence(out SequenceSet set)
    {
        set = SequenceSet.Saved;
        if (Char((byte)'$')) return true;
        var ranges = new List<NumberRange>();
        var star = false;
        do
        {
            var onlyStar = Peek == '*';
            if (!SequenceNumber(out var first, ref star)) return false;
            var last = first;
            if (Char((byte)':'))
            {
                onlyStar &= Peek == '*';
                if (!SequenceNumber(out last, ref star)) return false;
            }
            // "*" alone is the last message, whatever its number; as a range end it reaches to it.
            if (onlyStar) continue;
            ranges.Add(new(Math.Min(first, last), Math.Max(first, last)));
            if (ranges.Count > SequenceSet.MaxRanges) return false;
        }
        while (Char((byte)','));
        set = SequenceSet.Of(ranges, star);
        return true;
    }

    private bool SequenceNumber(out uint number, ref bool star)
    {
        number = uint.MaxValue;
        if (!Char((byte)'*')) return NonZero(out number);
        star = true;
        return true;
    }

    // flag-list = "(" [flag *(SP flag)] ")"
    public bool FlagList(out FlagList flags)
    {
        flags = new();
        if (!Char((byte)'(')) return false;
        if (Char((byte)')')) return true;
        do
        {
            if (!Flag(flags)) return false;
        }
        while (Sp());
        return Char((byte)')');
    }

    // store-att-flags: a list, or flags with spaces between
    public bool Flags(out FlagList flags)
    {
        if (Peek == '(') return FlagList(out flags);
        flags = new();
        do
        {
            if (!Flag(flags)) return false;
        }
        while (Sp());
        return true;
    }

    // RFC 9051 §9: flag-keyword = atom; unlike names of mailboxes it goes as it is to clients that know no UTF-8: 7 bits only
    private bool Flag(FlagList flags)
    {
        var system = Char((byte)'\\');
        if (!Atom(out var name) || !System.Text.Ascii.IsValid(name)) return false;
        flags.Add(name, system);
        return true;
    }

    // date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
    public bool DateTime(out long unixSeconds)
    {
        unixSeconds = 0;
        if (!Quoted(out var text) || text.Length != 26) return false;
        var day = text[0] == ' ' ? text[1..2] : text[..2];
        if (!TryDate(day, text[3..6], text[7..11], out var date) || text[2] != '-' || text[6] != '-') return false;
        if (text[11] != ' ' || text[14] != ':' || text[17] != ':' || text[20] != ' ') return false;
        if (!Digits(text[12..14], 23, out var hour) || !Digits(text[15..17], 59, out var minute) ||
            !Digits(text[18..20], 60, out var second)) return false;
        if (text[21] is not ((byte)'+' or (byte)'-') || !Digits(text[22..24], 23, out var zoneHour) ||
            !Digits(text[24..26], 59, out var zoneMinute)) return false;
        var zone = ((zoneHour * 60) + zoneMinute) * (text[21] == '-' ? -60 : 60);
        unixSeconds = (date * 86400L) + (hour * 3600) + (minute * 60) + Math.Min(second, 59) - zone;
        return true;
    }

    // date = date-text / DQUOTE date-text DQUOTE ; days since 1970
    public bool Date(out int day)
    {
        day = 0;
        ReadOnlySpan<byte> text;
        if (Peek == '"' ? !Quoted(out text) : !Atom(out text)) return false;
        var first = text.IndexOf((byte)'-');
        return first is 1 or 2 && text.Length == first + 9 && text[first + 4] == '-' &&
            TryDate(text[..first], text.Slice(first + 1, 3), text[(first + 5)..], out day);
    }

    private static bool TryDate(ReadOnlySpan<byte> day, ReadOnlySpan<byte> month, ReadOnlySpan<byte> year, out int days)
    {
        days = 0;
        if (!Digits(day, 31, out var d) || !Digits(year, 9999, out var y) || y < 1) return false;
        var m = FormatDate.MonthOf(month);
        if (m == 0 || d < 1 || d > System.DateTime.DaysInMonth(y, m)) return false;
        days = DateOnly.FromDateTime(new DateTime(y, m, d, 0, 0, 0, DateTimeKind.Utc)).DayNumber - FormatDate.EpochDay;
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, int most, out int value) =>
        Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && value >= 0 && value <= most
            && text[0] is >= (byte)'0' and <= (byte)'9';

    private bool Run(SearchValues<byte> allowed, out ReadOnlySpan<byte> run)
    {
        var length = Rest.IndexOfAnyExcept(allowed);
        if (length < 0) length = Rest.Length;
        run = Rest[..length];
        _at += length;
        return length > 0;
    }

    // RFC 6855 §3 lets UTF-8 stand in quoted strings only; octets above 127 in atoms are taken too, since the meaning is plain.
    private static byte[] Chars(string except)
    {
        var chars = new List<byte>();
        for (var c = 0x21; c < 0x100; c++)
        {
            if (c != 0x7F && !except.Contains((char)c, StringComparison.Ordinal)) chars.Add((byte)c);
        }
        return [.. chars];
    }

    public static string AsText(ReadOnlySpan<byte> octets) => Encoding.UTF8.GetString(octets);

    public static string AsAscii(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);
}
