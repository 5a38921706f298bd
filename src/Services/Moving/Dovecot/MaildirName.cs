using System.Globalization;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// The name of a file in a Maildir: `1276528487.M364837P9451.host,S=1355,W=1394:2,FSab`. What stands before the colon names the message for
/// good, what stands after "2," are its flags.
/// </summary>
/// <param name="Letters">Flags and keyword letters as they stand, without order and without repetition assumed.</param>
/// <param name="Size">S=: octets of the message as Dovecot wrote it; -1 where the name does not say.</param>
/// <param name="WireSize">W=: octets with CRLF at every line's end; -1 where the name does not say.</param>
internal readonly record struct MaildirName(string Base, string Letters, long Size, long WireSize)
{
    public static MaildirName Parse(string file)
    {
        var name = BaseOf(file);
        var letters = "";
        if (file.Length > name.Length + 2 && file.AsSpan(name.Length + 1).StartsWith("2,"))
        {
            letters = file[(name.Length + 3)..];
            // What follows another comma belongs to other programs.
            if (letters.IndexOf(',', StringComparison.Ordinal) is >= 0 and var end) letters = letters[..end];
        }
        return new(name, letters, Field(name, ",S="), Field(name, ",W="));
    }

    public static string BaseOf(string file) => file.IndexOf(':', StringComparison.Ordinal) is >= 0 and var at ? file[..at] : file;

    public SystemFlags Flags
    {
        get
        {
            var flags = SystemFlags.None;
            foreach (var letter in Letters)
            {
                flags |= letter switch
                {
                    'S' => SystemFlags.Seen,
                    'R' => SystemFlags.Answered,
                    'F' => SystemFlags.Flagged,
                    'T' => SystemFlags.Deleted,
                    'D' => SystemFlags.Draft,
                    _ => SystemFlags.None,
                };
            }
            return flags;
        }
    }

    /// <summary>Letters a to z are lines 0 to 25 of `dovecot-keywords`.</summary>
    public IEnumerable<int> KeywordNumbers => Letters.Where(char.IsAsciiLetterLower).Select(letter => letter - 'a').Distinct();

    public static string LettersOf(SystemFlags flags) =>
        // The format wants them in the order of ASCII.
        string.Concat((flags & SystemFlags.Draft) != 0 ? "D" : "", (flags & SystemFlags.Flagged) != 0 ? "F" : "",
            (flags & SystemFlags.Answered) != 0 ? "R" : "", (flags & SystemFlags.Seen) != 0 ? "S" : "", (flags & SystemFlags.Deleted) != 0
                ? "T" : "");

    private static long Field(string name, string field)
    {
        var at = name.IndexOf(field, StringComparison.Ordinal);
        if (at < 0) return -1;
        var digits = name.AsSpan(at + field.Length);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        if (end >= 0) digits = digits[..end];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var octets) ? octets : -1;
    }

    /// <summary>The order in which Dovecot gives UIDs to files that have none: seconds, then microseconds where both have them, then the
    /// name.</summary>
    public static int Compare(string a, string b)
    {
        var (one, two) = (Seconds(a, out var first), Seconds(b, out var second));
        if (one != two) return one.CompareTo(two);
        if (Micros(a.AsSpan(first), out var ma) && Micros(b.AsSpan(second), out var mb) && ma != mb) return ma.CompareTo(mb);
        return string.CompareOrdinal(a[first..], b[second..]);
    }

    private static ulong Seconds(string name, out int end)
    {
        ulong seconds = 0;
        for (end = 0; end < name.Length && end < 19 && char.IsAsciiDigit(name[end]); end++) seconds = (seconds * 10)
            + (ulong)(name[end] - '0');
        return seconds;
    }

    private static bool Micros(ReadOnlySpan<char> rest, out uint micros)
    {
        micros = 0;
        if (!rest.StartsWith(".M")) return false;
        var digits = rest[2..];
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return uint.TryParse(end < 0 ? digits : digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out micros);
    }
}
