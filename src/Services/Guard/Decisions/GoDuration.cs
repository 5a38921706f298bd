using System.Buffers;
using System.Globalization;
using System.Text;

namespace Aviso.Guard;

/// <summary>Durations as Go writes them and CrowdSec speaks them: "3h59m27.66s", "-1m0s", "250ms".</summary>
public static class GoDuration
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Name, double Ticks)[] Units =
    [
        ("ns", 0.01), ("us", 10), ("µs", 10), ("μs", 10), ("ms", 10_000), ("s", 1e7), ("m", 6e8), ("h", 3.6e10), ("d", 8.64e11),
            ("w", 6.048e12),
    ];

    /// <summary>Days and weeks are taken too, which Go does not know. False when it is no duration or beyond a thousand years.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        var negative = text.StartsWith("-", StringComparison.Ordinal);
        if (negative || text.StartsWith("+", StringComparison.Ordinal)) text = text[1..];
        if (text.IsEmpty) return false;
        var ticks = 0d;
        if (text is not "0")
        {
            while (!text.IsEmpty)
            {
                var digits = text.IndexOfAnyExcept(Digits);
                if (digits <= 0 || !double.TryParse(
                    text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
                text = text[digits..];
                var end = text.IndexOfAny(Digits);
                var unit = end < 0 ? text : text[..end];
                if (!TryUnit(unit, out var factor)) return false;
                ticks += number * factor;
                text = text[unit.Length..];
            }
        }
        if (ticks > TimeSpan.TicksPerDay * 365_000d) return false;
        duration = TimeSpan.FromTicks((long)(negative ? -ticks : ticks));
        return true;
    }

    public static string Format(TimeSpan duration)
    {
        var text = new StringBuilder(duration < TimeSpan.Zero ? "-" : "");
        var all = duration.Duration();
        var hours = (long)all.TotalHours;
        if (hours > 0) text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (hours > 0 || all.Minutes > 0) text.Append(CultureInfo.InvariantCulture, $"{all.Minutes}m");
        return text.Append(CultureInfo.InvariantCulture, $"{all.TotalSeconds % 60:0.###}s").ToString();
    }

    private static bool TryUnit(ReadOnlySpan<char> name, out double ticks)
    {
        foreach (var unit in Units)
        {
            if (!name.SequenceEqual(unit.Name)) continue;
            ticks = unit.Ticks;
            return true;
        }
        ticks = 0;
        return false;
    }
}
