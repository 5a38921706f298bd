using System.Globalization;

namespace Aviso.Verbs;

/// <summary>Moments on the command line: RFC 3339, or as tables show them; UTC where nothing else is said.</summary>
internal static class BackupTimes
{
    public static DateTimeOffset? Parse(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var at) ? at : null;

    public static string Wrong(string text) => $"`{text}` is no time such as 2026-11-30T16:05:30Z";

    public static string Show(DateTimeOffset? at) =>
        at is { } time ? time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : "never";
}
