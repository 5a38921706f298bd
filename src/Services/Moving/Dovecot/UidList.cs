using System.Buffers.Text;
using System.Text;

namespace Aviso.Moving;

/// <summary>A line of a UID list.</summary>
/// <param name="BaseName">The file's name up to its flags.</param>
/// <param name="Uidl">What POP3 clients know the message by, where it is not made of UID and UIDVALIDITY; else empty.</param>
internal readonly record struct UidLine(uint Uid, string BaseName, string Uidl);

/// <summary>
/// `dovecot-uidlist` (versions 1 and 3) and Courier's `courierimapuiddb`: which file has which UID. A line that cannot be read is left out
/// and counted; a file whose first line cannot be read is none.
/// </summary>
internal sealed record UidList(uint UidValidity, uint UidNext, IReadOnlyList<UidLine> Lines)
{
    /// <summary>Octets that are read at most.</summary>
    public const int MostOctets = 512 << 20;

    /// <summary>Lines that are no lines of such a file, or that repeat a UID or a name.</summary>
    public int Unread { get; init; }

    public static UidList? Parse(ReadOnlySpan<byte> octets)
    {
        var end = octets.IndexOf((byte)'\n');
        if (end < 0 || !TryHead(octets[..end], out var validity, out var next)) return null;
        var lines = new List<UidLine>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var unread = 0;
        uint last = 0;
        for (octets = octets[(end + 1)..]; !octets.IsEmpty;)
        {
            end = octets.IndexOf((byte)'\n');
            // A line without its end was cut while it was written.
            if (end < 0) break;
            var line = octets[..end];
            octets = octets[(end + 1)..];
            if (line.IsEmpty) continue;
            // Dovecot appends: a UID that is not above those before it belongs to a list that was spoilt.
            if (!TryLine(line, out var read) || read.Uid <= last || !names.Add(read.BaseName)) unread++;
            else
            {
                lines.Add(read);
                last = read.Uid;
            }
        }
        return new(validity, Math.Max(next, last + 1), lines) { Unread = unread };
    }

    // "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1", or "1 1275660208 25022" of version 1.
    private static bool TryHead(ReadOnlySpan<byte> line, out uint validity, out uint next)
    {
        (validity, next) = (0, 0);
        var isNew = line.StartsWith("3 "u8);
        if (!isNew && !line.StartsWith("1 "u8)) return false;
        var place = 0;
        foreach (var range in line[2..].Split((byte)' '))
        {
            var word = line[2..][range];
            if (word.IsEmpty) continue;
            if (isNew && word[0] == 'V') _ = TryNumber(word[1..], out validity);
            else if (isNew && word[0] == 'N') _ = TryNumber(word[1..], out next);
            else if (!isNew && place == 0) _ = TryNumber(word, out validity);
            else if (!isNew && place == 1) _ = TryNumber(word, out next);
            place++;
        }
        // Version 1 names the last UID that was given.
        if (!isNew && next > 0 && next < uint.MaxValue) next++;
        return validity > 0;
    }

    // "25006 W2481 P1f2 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,"; version 1 has neither fields nor the colon.
    private static bool TryLine(ReadOnlySpan<byte> line, out UidLine read)
    {
        read = default;
        var space = line.IndexOf((byte)' ');
        if (space <= 0 || !TryNumber(line[..space], out var uid) || uid is 0 or uint.MaxValue) return false;
        var rest = line[(space + 1)..];
        var colon = rest.StartsWith(":"u8) ? 0 : rest.IndexOf(" :"u8) + 1;
        var uidl = "";
        if (colon > 0)
        {
            foreach (var range in rest[..colon].Split((byte)' '))
                if (rest[range] is [(byte)'P', .. var told]) uidl = Encoding.UTF8.GetString(told);
        }
        var name = rest.StartsWith(":"u8) || colon > 0 ? rest[(colon + 1)..] : rest;
        if (name.IsEmpty || name.Contains((byte)'/')) return false;
        read = new(uid, MaildirName.BaseOf(Encoding.UTF8.GetString(name)), uidl);
        return read.BaseName.Length > 0;
    }

    private static bool TryNumber(ReadOnlySpan<byte> digits, out uint number) =>
        Utf8Parser.TryParse(digits, out number, out var used) && used == digits.Length;
}
