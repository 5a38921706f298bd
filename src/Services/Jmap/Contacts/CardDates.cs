using System.Globalization;

namespace Aviso.Jmap;

/// <summary>UTCDateTime (RFC 9553 §1.4.5), which is UTCDate of RFC 8620 §1.4.</summary>
internal static class CardDates
{
    private const string Whole = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private static readonly string[] Formats = [Whole, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    public static bool TryParse(string? text, out DateTimeOffset date) =>
        DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date);

    public static string Format(DateTimeOffset date) => date.UtcDateTime.ToString(Whole, CultureInfo.InvariantCulture);
}
