using System.Globalization;
using System.Text;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>What strangers write into reports, read kindly: encodings, dates, and counts that nobody has to believe.</summary>
internal static class ReportText
{
    /// <summary>More messages or sessions than this in one row are no count: the row's report is not summed. Sums of these stay far inside
    /// of 64 bits.</summary>
    public const long MostCount = 1_000_000_000;

    // 1e11 seconds are the year 5138, 1e11 milliseconds 1973.
    private const decimal MillisecondsFrom = 100_000_000_000;
    private const decimal MostSeconds = 253_402_300_799;

    /// <summary>XML 1.0 §4.3.3: UTF-8 and UTF-16 by their marks or first octets, else what the declaration says. Broken octets lose no
    /// figures.</summary>
    public static string Decode(ReadOnlySpan<byte> octets)
    {
        if (octets.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || octets.StartsWith("<\0"u8) || octets.StartsWith("{\0"u8))
            return Encoding.Unicode.GetString(octets).TrimStart('\uFEFF');
        if (octets.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || octets.StartsWith("\0<"u8) || octets.StartsWith("\0{"u8))
            return Encoding.BigEndianUnicode.GetString(octets).TrimStart('\uFEFF');
        octets = octets.TrimStart("\uFEFF \t\r\n"u8);
        return Charsets.Decode(Declared(octets), octets);
    }

    /// <summary>0 for what is none; at most <see cref="MostCount"/>.</summary>
    public static long Count(string text)
    {
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
            out var number)) return 0;
        return number >= MostCount ? MostCount : (long)number;
    }

    /// <summary>Seconds since 1970 with or without a fraction, milliseconds, or a date as text; the epoch for what is none.</summary>
    public static DateTimeOffset Time(string text)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            if (number >= MillisecondsFrom) number /= 1000;
            return number <= MostSeconds ? DateTimeOffset.FromUnixTimeSeconds((long)number) : DateTimeOffset.UnixEpoch;
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;
    }

    private static string Declared(ReadOnlySpan<byte> xml)
    {
        if (!xml.StartsWith("<?xml"u8)) return "utf-8";
        var declaration = xml[..Math.Min(xml.Length, 200)];
        if (declaration.IndexOf((byte)'>') is var end and >= 0) declaration = declaration[..end];
        var at = declaration.IndexOf("encoding="u8);
        if (at < 0 || at + 10 >= declaration.Length) return "utf-8";
        var value = declaration[(at + 10)..];
        var quote = value.IndexOf(declaration[at + 9]);
        var name = quote < 0 ? "" : Encoding.ASCII.GetString(value[..quote]);
        // Octets that say UTF-16 and are not: the declaration was copied.
        return name.Length == 0 || name.StartsWith("utf-16", StringComparison.OrdinalIgnoreCase) ? "utf-8" : name;
    }
}
