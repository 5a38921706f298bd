using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Aviso.Base;

namespace Aviso.Smtp;

/// <summary>Where this grammar is kinder than RFC 5321, each with its reason.</summary>
[Flags]
public enum PathLeniency
{
    /// <summary>The RFC to the letter.</summary>
    None = 0,

    /// <summary>"MAIL FROM:a@b" without angle brackets: devices and old scripts send it, and it cannot be misread.</summary>
    NoBrackets = 1,

    /// <summary>
    /// A local part of more than 64 octets: forwarders and list servers pack whole addresses into the sender's local part, and
    /// RFC 5321 §4.5.3.1 asks for no limit where it can be helped. Bounces come back to such senders, and reply addresses of forges and
    /// mailing systems are such recipients. Who has no mailbox of that name hears 550, not 501.
    /// </summary>
    LongLocalPart = 2,

    /// <summary>An underscore in a domain: the DNS has such names, and hosts send mail under theirs (docs/decisions/0022).</summary>
    Underscore = 4,

    /// <summary>
    /// Dots at either end of a local part or side by side: carriers gave such addresses to millions. Written back, they are quoted.
    /// </summary>
    AnyDots = 8,

    /// <summary>What commands may hold.</summary>
    Envelope = NoBrackets | LongLocalPart | Underscore | AnyDots,
}

/// <summary>RFC 5321 §4.1.2: an address as the envelope has it.</summary>
/// <param name="IsUtf8">It was written with anything outside ASCII: only legal with SMTPUTF8 (RFC 6531 §3.3).</param>
public readonly record struct Mailbox(MailAddress Address, bool IsUtf8);

/// <summary>
/// RFC 5321 §4.1.2 and §4.1.3 with RFC 6531 §3.3: paths, mailboxes, domains, address literals. Never throws; after a false,
/// <see cref="Position"/> is where the rule that was wanted broke.
/// </summary>
public ref struct PathGrammar(ReadOnlySpan<byte> text, PathLeniency leniency = PathLeniency.None)
{
    private const int LongestDomain = 255;
    private const int LongestLabel = 63;

    private static readonly SearchValues<byte> AText = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~"u8);

    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>Octets read.</summary>
    public int Position { get; private set; }

    public readonly bool AtEnd => Position >= _text.Length;

    private readonly byte Next => AtEnd ? (byte)0 : _text[Position];

    // Reverse-path = Path / "<>"
    public bool TryReversePath(out Mailbox path)
    {
        path = default;
        if (!_text[Position..].StartsWith("<>"u8)) return TryPath(out path);
        Position += 2;
        return true;
    }

    // "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
    public bool TryForwardPath(out Mailbox path) => TryPostmaster(out path) || TryPath(out path);

    // Path = "<" [ A-d-l ":" ] Mailbox ">"
    public bool TryPath(out Mailbox path)
    {
        path = default;
        if (!Expect('<')) return leniency.HasFlag(PathLeniency.NoBrackets) && TryMailbox(out path) && Next is 0 or (byte)' ';
        if (Next == '@' && !TryRoute()) return false;
        return TryMailbox(out path) && Expect('>');
    }

    // Mailbox = Local-part "@" ( Domain / address-literal )
    public bool TryMailbox(out Mailbox mailbox)
    {
        mailbox = default;
        var start = Position;
        if (!TryLocalPart(out var local)) return false;
        var longest = leniency.HasFlag(PathLeniency.LongLocalPart) ? MailAddress.LongestAddress : MailAddress.LongestLocalPart;
        if (Position - start > longest || !Expect('@')) return false;
        DomainName domain;
        if (Next == '[' ? !TryAddressLiteral(out domain) : !TryDomain(out domain)) return false;
        var whole = _text[start..Position];
        if (whole.Length > MailAddress.LongestAddress) return false;
        mailbox = new(new(local, domain), whole.ContainsAnyExceptInRange((byte)0, (byte)0x7F));
        return true;
    }

    // Local-part = Dot-string / Quoted-string
    private bool TryLocalPart(out string local) => Next == '"' ? TryQuotedString(out local) : TryDotString(out local);

    // Dot-string = Atom *("." Atom); Atom = 1*atext; atext =/ UTF8-non-ascii
    private bool TryDotString(out string local)
    {
        var start = Position;
        local = "";
        do
        {
            var atom = Position;
            while (!AtEnd && (AText.Contains(Next) || Next >= 0x80)) Position++;
            if (Position == atom && !leniency.HasFlag(PathLeniency.AnyDots)) return false;
        }
        while (Expect('.'));
        if (!_text[start..Position].ContainsAnyExcept((byte)'.')) return false;
        return TryText(_text[start..Position], out local);
    }

    // Quoted-string = DQUOTE *QcontentSMTP DQUOTE; QcontentSMTP = qtextSMTP / quoted-pairSMTP
    private bool TryQuotedString(out string local)
    {
        local = "";
        if (!Expect('"')) return false;
        Span<byte> plain = stackalloc byte[MailAddress.LongestAddress];
        var length = 0;
        while (!AtEnd && Next != '"')
        {
            // quoted-pairSMTP = %d92 %d32-126
            if (Next == '\\')
            {
                Position++;
                if (Next is < 32 or > 126) return false;
            }
            else if (Next is < 32 or 127) return false;
            if (length == plain.Length) return false;
            plain[length++] = _text[Position++];
        }
        return Expect('"') && TryText(plain[..length], out local);
    }

    // Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str] / U-label
    internal bool TryDomain(out DomainName domain)
    {
        domain = default;
        var start = Position;
        do
        {
            if (!TrySubDomain()) return false;
        }
        while (Expect('.'));
        var whole = _text[start..Position];
        if (whole.Length > LongestDomain || !TryText(whole, out var text) || !DomainName.TryParse(text, out domain)) return false;
        return whole.IndexOfAnyExceptInRange((byte)0, (byte)0x7F) < 0 || HoldsOnlyLabelRunes(domain.Unicode);
    }

    private bool TrySubDomain()
    {
        var start = Position;
        while (!AtEnd && IsLabelOctet(Next)) Position++;
        var label = _text[start..Position];
        return label.Length is > 0 and <= LongestLabel && label[0] != '-' && label[^1] != '-';
    }

    private readonly bool IsLabelOctet(byte c) => char.IsAsciiLetterOrDigit((char)c) || c is (byte)'-' or >= 0x80
        || (c == '_' && leniency.HasFlag(PathLeniency.Underscore));

    // A-d-l = At-domain *( "," At-domain ); RFC 5321 §3.6.1 and appendix C: read, then ignored
    private bool TryRoute()
    {
        do
        {
            if (!Expect('@') || !TryDomain(out _)) return false;
        }
        while (Expect(','));
        return Expect(':');
    }

    // RFC 5321 §4.1.1.3: without a domain, in any case of letters
    private bool TryPostmaster(out Mailbox path)
    {
        path = new(MailAddress.Postmaster, false);
        var rest = _text[Position..];
        var word = "<postmaster>"u8;
        if (rest.Length < word.Length || !Ascii.EqualsIgnoreCase(rest[..word.Length], word)) return false;
        Position += word.Length;
        return true;
    }

    // address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
    // The tag of a general literal must be registered, and IPv6 is the only one that is (RFC 5321 §4.1.3).
    internal bool TryAddressLiteral(out DomainName literal)
    {
        literal = default;
        var start = Position;
        if (!Expect('[')) return false;
        var length = _text[Position..].IndexOf((byte)']');
        if (length < 0) return false;
        var inside = _text.Slice(Position, length);
        var tag = "IPv6:"u8;
        var isGood = inside.Length > tag.Length && Ascii.EqualsIgnoreCase(inside[..tag.Length], tag)
            ? IsIPv6(inside[tag.Length..])
            : IsIPv4(inside);
        if (!isGood) return false;
        Position += length + 1;
        return DomainName.TryParseOrLiteral(Encoding.ASCII.GetString(_text[start..Position]), out literal);
    }

    // IPv4-address-literal = Snum 3("." Snum); Snum = 1*3DIGIT, 0 to 255
    private static bool IsIPv4(ReadOnlySpan<byte> text)
    {
        var numbers = 0;
        foreach (var range in text.Split((byte)'.'))
        {
            var number = text[range];
            if (++numbers > 4 || number.Length is 0 or > 3 || number.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
            var value = 0;
            foreach (var digit in number) value = (value * 10) + digit - '0';
            if (value > 255) return false;
        }
        return numbers == 4;
    }

    // IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp. "::" for a single group is read too: RFC 5952 §4.2.2
    // says not to write it, which others do.
    private static bool IsIPv6(ReadOnlySpan<byte> text)
    {
        var groups = 8;
        var lastColon = text.LastIndexOf((byte)':');
        if (text.Contains((byte)'.'))
        {
            if (lastColon < 0 || !IsIPv4(text[(lastColon + 1)..])) return false;
            groups = 6;
            // "::1.2.3.4" keeps both colons, "x:1.2.3.4" loses its one
            text = lastColon > 0 && text[lastColon - 1] == ':' ? text[..(lastColon + 1)] : text[..lastColon];
        }
        var gap = text.IndexOf("::"u8);
        if (gap < 0) return CountGroups(text) == groups;
        var before = CountGroups(text[..gap]);
        var after = CountGroups(text[(gap + 2)..]);
        return before >= 0 && after >= 0 && before + after < groups;
    }

    // How many 1*4HEXDIG stand in text with single colons between them; -1 when anything else does.
    private static int CountGroups(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return 0;
        var groups = 0;
        foreach (var range in text.Split((byte)':'))
        {
            var group = text[range];
            if (group.Length is 0 or > 4) return -1;
            foreach (var digit in group)
            {
                if (!char.IsAsciiHexDigit((char)digit)) return -1;
            }
            groups++;
        }
        return groups;
    }

    // Valid UTF-8 without control characters or line separators, which ASCII rules cannot see.
    private static bool TryText(ReadOnlySpan<byte> octets, out string text)
    {
        text = "";
        if (octets.ContainsAnyExceptInRange((byte)0, (byte)0x7F))
        {
            if (!Utf8.IsValid(octets)) return false;
            text = Encoding.UTF8.GetString(octets);
            foreach (var c in text)
            {
                if (c is (>= '\u0080' and < '\u00A0') or '\u2028' or '\u2029') return false;
            }
            return true;
        }
        text = Encoding.ASCII.GetString(octets);
        return true;
    }

    // RFC 5892 in short: letters, marks, digits and the joiners.
    private static bool HoldsOnlyLabelRunes(string domain)
    {
        foreach (var rune in domain.EnumerateRunes())
        {
            if (rune.IsAscii || rune.Value is 0x200C or 0x200D or 0xB7 or 0x30FB) continue;
            if (Rune.IsLetter(rune) || Rune.IsDigit(rune)) continue;
            if (Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark) continue;
            return false;
        }
        return true;
    }

    private bool Expect(char c)
    {
        if (AtEnd || _text[Position] != c) return false;
        Position++;
        return true;
    }
}
