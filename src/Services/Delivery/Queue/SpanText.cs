using System.Globalization;

namespace Aviso.Delivery;

/// <summary>Lengths of time as letters and the queue say them.</summary>
internal static class SpanText
{
    /// <summary>In the largest unit that fits at least once: "5 days", "1 day", "1.5 hours", "30 minutes", "40 seconds".</summary>
    public static string Of(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => Of(span.TotalDays, "day"),
        { TotalHours: >= 1 } => Of(span.TotalHours, "hour"),
        { TotalMinutes: >= 1 } => Of(span.TotalMinutes, "minute"),
        _ => Of(Math.Max(0, span.TotalSeconds), "second"),
    };

    private static string Of(double number, string unit)
    {
        var text = number.ToString("0.#", CultureInfo.InvariantCulture);
        return $"{text} {unit}{(text == "1" ? "" : "s")}";
    }
}
