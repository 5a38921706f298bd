using System.Security.Cryptography;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// What a blob id says: "m" and a message, "p", a message and the number of a part, or "u" and an upload, perhaps with the number of a
/// part of it, "s" and the digest of a Sieve script, or "k", a contact card and the digest of a picture in it. Nothing is kept for it, and
/// what it names never changes (RFC 8620 §6).
/// </summary>
/// <param name="Value">Of the email, the upload or the card.</param>
/// <param name="Part">As IMAP numbers it, such as "1.2"; empty for the whole. Of a script: SHA-256 of its text; of a card: the first
/// half of that of the octets.</param>
internal readonly record struct BlobId(BlobKind Kind, long Value, string Part)
{
    private const int IdLength = 13, MostPart = 200, DigestLength = 64, HalfDigest = 32;

    public static BlobId OfEmail(EmailId email) => new(BlobKind.Email, email.Value, "");

    /// <param name="part">As IMAP numbers it.</param>
    public static BlobId OfPart(EmailId email, string part) => new(BlobKind.Part, email.Value, part);

    public static BlobId OfUpload(long id) => new(BlobKind.Upload, id, "");

    public static BlobId OfScript(ReadOnlySpan<byte> text) =>
        new(BlobKind.Script, 0, Convert.ToHexStringLower(SHA256.HashData(text)));

    /// <summary>Octets that a contact card has in itself.</summary>
    public static BlobId OfCard(long card, ReadOnlySpan<byte> octets) =>
        new(BlobKind.Card, card, Convert.ToHexStringLower(SHA256.HashData(octets).AsSpan(0, HalfDigest / 2)));

    public static bool TryParse(string text, out BlobId id)
    {
        id = default;
        if (text.Length == 1 + DigestLength && text[0] == 's' && text[1..].All(char.IsAsciiHexDigitLower))
        {
            id = new(BlobKind.Script, 0, text[1..]);
            return true;
        }
        if (text.Length <= IdLength || !IdText.TryParse(text.AsSpan(1, IdLength), out var value)) return false;
        var rest = text[(1 + IdLength)..];
        id = text[0] switch
        {
            'm' when rest.Length == 0 => new(BlobKind.Email, value, ""),
            'k' when rest.Length == HalfDigest && rest.All(char.IsAsciiHexDigitLower) => new(BlobKind.Card, value, rest),
            'u' when rest.Length == 0 => new(BlobKind.Upload, value, ""),
            'u' when IsPart(rest) => new(BlobKind.Upload, value, rest[1..].Replace('-', '.')),
            'p' when IsPart(rest) => new(BlobKind.Part, value, rest[1..].Replace('-', '.')),
            _ => default,
        };
        // One spelling for each: an id is compared by its octets.
        return id.Kind != BlobKind.None && id.ToString() == text;
    }

    /// <summary>A part of this message.</summary>
    /// <param name="part">As IMAP numbers it within the message.</param>
    public BlobId Within(string part) => new(
        Kind == BlobKind.Email ? BlobKind.Part : Kind, Value, Part.Length == 0 ? part : $"{Part}.{part}");

    public override string ToString()
    {
        if (Kind == BlobKind.Script) return "s" + Part;
        if (Kind == BlobKind.Card) return $"k{IdText.Format(Value)}{Part}";
        var letter = Kind switch { BlobKind.Email => 'm', BlobKind.Upload => 'u', _ => 'p' };
        return Part.Length == 0 ? letter + IdText.Format(Value) : $"{letter}{IdText.Format(Value)}-{Part.Replace('.', '-')}";
    }

    // "-1-2"; no dots stand in an id (RFC 8620 §1.2).
    private static bool IsPart(string rest) => rest.Length is > 1 and <= MostPart && rest[0] == '-'
        && rest[1..].Split('-').All(number => number is [>= '1' and <= '9', ..] && number.All(char.IsAsciiDigit));
}

/// <summary>Where a blob's octets are.</summary>
internal enum BlobKind
{
    None, Email, Part, Upload, Script, Card,
}
