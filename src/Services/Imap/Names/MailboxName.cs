using System.Text;

namespace Aviso.Imap;

/// <summary>Rules for mailbox names (RFC 9051 §5.1): Unicode NFC, levels separated by '/', INBOX in capitals.</summary>
internal static class MailboxName
{
    /// <summary>UTF-8 octets of a whole name.</summary>
    public const int MaxOctets = 1000;

    /// <summary>UTF-8 octets of one level.</summary>
    public const int MaxLevelOctets = 255;

    public const int MaxDepth = 32;

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The canonical name, or null when the octets cannot be one.</summary>
    public static string? FromWire(ReadOnlySpan<byte> raw, NameForm form)
    {
        if (raw.Length > MaxOctets * 3 || Decode(raw, form.Utf8) is not { } name) return null;
        return Canonical(form.Inward(name));
    }

    /// <summary>A LIST pattern: decoded, wildcards kept. Null when it cannot match any name.</summary>
    public static string? PatternFromWire(ReadOnlySpan<byte> raw, NameForm form) =>
        raw.Length > MaxOctets * 3 ? null : (Decode(raw, form.Utf8) is { } text ? Aviso.Base.Nfc.Normalize(form.Turned(text)) : null);

    public static string ToWire(string name, NameForm form) =>
        form.Utf8 ? form.Outward(name) : ModifiedUtf7.Encode(form.Outward(name));

    public static string Canonical(string name)
    {
        var nfc = Aviso.Base.Nfc.Normalize(name);
        if (!nfc.StartsWith("INBOX", StringComparison.OrdinalIgnoreCase)) return nfc;
        return nfc.Length == 5 ? "INBOX" : nfc[5] == '/' ? "INBOX" + nfc[5..] : nfc;
    }

    /// <summary>May a mailbox of this name be made? The reason why not, or null.</summary>
    public static string? WhyNot(string name)
    {
        if (name.Length == 0) return "The name is empty";
        if (Encoding.UTF8.GetByteCount(name) > MaxOctets) return "The name is too long";
        var levels = name.Split('/');
        if (levels.Length > MaxDepth) return "The name has too many levels";
        foreach (var level in levels)
        {
            if (level.Length == 0) return "The name has an empty level";
            if (Encoding.UTF8.GetByteCount(level) > MaxLevelOctets) return "A level of the name is too long";
        }
        if (name[0] == '#') return "Names that begin with # are reserved";
        foreach (var c in name)
        {
            // RFC 9051 §5.1: no control characters, no U+2028, U+2029; list wildcards would make it unaddressable.
            if (char.IsControl(c) || c is '\u2028' or '\u2029' or '%' or '*' or '\uFFFD')
                return "The name holds a character that is not allowed";
        }
        return null;
    }

    private static string? Decode(ReadOnlySpan<byte> raw, bool utf8)
    {
        // A rev1 client that sends UTF-8 all the same means UTF-8: the encoding has no octets above 127.
        if (utf8 || raw.ContainsAnyInRange((byte)0x80, (byte)0xFF))
        {
            try
            {
                return Strict.GetString(raw);
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }
        return ModifiedUtf7.TryDecode(raw, out var name) ? name : null;
    }
}
