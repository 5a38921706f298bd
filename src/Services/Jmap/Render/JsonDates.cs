using System.Globalization;

namespace Aviso.Jmap;

/// <summary>Date and UTCDate of RFC 8620 §1.4: RFC 3339, capital letters, no fraction of a second that is zero.</summary>
internal static class JsonDates
{
    public static string Date(DateTimeOffset date) =>
        date.ToString(date.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    public static string Utc(long unixSeconds) => Date(DateTimeOffset.FromUnixTimeSeconds(unixSeconds));
}
