using System.Globalization;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Sieve;

/// <summary>date and currentdate (RFC 5260).</summary>
internal static class DateTests
{
    private static readonly string[] Parts =
        ["year", "month", "day", "date", "julian", "hour", "minute", "second", "time", "iso8601", "std11", "zone", "weekday"];

    private static readonly TagSpec Zone = new("zone", Wants.String, null, "zone");

    public static IEnumerable<Spec> Specs =>
    [
        new("date", "date")
        {
            Positional = [Wants.String, Wants.String, Wants.Strings],
            Matches = true,
            Tags = [Zone, new("originalzone", Wants.Nothing, null, "zone"), .. HeaderTests.Index],
            Check = (checker, call) =>
            {
                HeaderTests.CheckIndex(checker, call);
                Check(checker, call, call.Positional[1]!);
            },
            Test = Date,
        },
        new("currentdate", "date")
        {
            Positional = [Wants.String, Wants.Strings],
            Matches = true,
            Tags = [Zone],
            Check = (checker, call) => Check(checker, call, call.Positional[0]!),
            Test = CurrentDate,
        },
    ];

    private static void Check(Checker checker, Call call, Operand part)
    {
        foreach (var name in part.Constants)
        {
            if (!Parts.Contains(name.Constant!.ToLowerInvariant()))
                checker.Error(name.At, $"a date has no part `{name.Constant}`{Nearest.Hint(name.Constant!, Parts)}");
        }
        if (call.Tag("zone")?.Texts[0] is { Constant: { } zone, At: var at } && !TryZone(zone, out _)) checker.Error(at, $"`{zone}` is no time zone such as +0100");
    }

    // RFC 5260 §4.1: time-zone = ( "+" / "-" ) 4DIGIT
    private static bool TryZone(string text, out TimeSpan offset)
    {
        offset = default;
        if (text.Length != 5 || text[0] is not ('+' or '-') || text.AsSpan(1).ContainsAnyExceptInRange('0', '9')) return false;
        var (hours, minutes) = (int.Parse(text.AsSpan(1, 2)), int.Parse(text.AsSpan(3, 2)));
        if (minutes > 59) return false;
        offset = new TimeSpan(hours, minutes, 0) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static async ValueTask<bool> Date(SieveRun run, Call call)
    {
        var values = new List<string>();
        foreach (var field in HeaderTests.Select(call, run.View.Named(run.String(call.Positional[0]!))))
        {
            if (!run.Spend(2) || !TryRead(field, out var date)) continue;
            var shown = new Local(date.DateTime, date.Offset);
            if (!call.Has("originalzone") && !TryShift(run, call, date, out shown)) return false;
            if (Part(shown, run.String(call.Positional[1]!)) is { } part) values.Add(part);
            // RFC 5260 §4: without :index the first field is tested.
            if (!call.Has("index")) break;
        }
        return await run.Matcher(call, call.Positional[2]!).AnyAsync(values);
    }

    // RFC 5260 §4: of a Received field the date stands behind its last semicolon.
    private static bool TryRead(Field field, out DateTimeOffset date)
    {
        var value = field.Value;
        var semicolon = value.LastIndexOf((byte)';');
        return (semicolon >= 0 && MailDate.TryParse(value[(semicolon + 1)..], out date)) || MailDate.TryParse(value, out date);
    }

    private static async ValueTask<bool> CurrentDate(SieveRun run, Call call)
    {
        if (!TryShift(run, call, run.Message.Clock.GetUtcNow(), out var now)) return false;
        var part = Part(now, run.String(call.Positional[0]!));
        return await run.Matcher(call, call.Positional[1]!).AnyAsync(part is null ? [] : [part]);
    }

    private static bool TryShift(SieveRun run, Call call, DateTimeOffset date, out Local shown)
    {
        shown = default;
        if (run.String(call, "zone") is { } zone)
        {
            if (!TryZone(zone, out var offset))
            {
                run.Fail(call, $"`{zone}` is no time zone such as +0100");
                return false;
            }
            shown = Shifted(date, offset);
        }
        else shown = Shifted(date, run.Message.Clock.LocalTimeZone.GetUtcOffset(date));
        return true;
    }

    /// <summary>What the clock of a zone shows. Zones reach from -9959 to +9959, further than DateTimeOffset does.</summary>
    private readonly record struct Local(DateTime Time, TimeSpan Offset);

    private static Local Shifted(DateTimeOffset date, TimeSpan offset)
    {
        var ticks = date.UtcTicks + offset.Ticks;
        return ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks
            ? new(date.DateTime, date.Offset) : new(new(ticks), offset);
    }

    private static string? Part(Local date, string part)
    {
        string Format(string format) => date.Time.ToString(format, CultureInfo.InvariantCulture);
        return part.ToLowerInvariant() switch
        {
            "year" => Format("yyyy"),
            "month" => Format("MM"),
            "day" => Format("dd"),
            "date" => Format("yyyy-MM-dd"),
            // RFC 5260 §4.2, appendix A: the modified Julian day.
            "julian" => ((int)(date.Time.Date - new DateTime(1858, 11, 17)).TotalDays).ToString(CultureInfo.InvariantCulture),
            "hour" => Format("HH"),
            "minute" => Format("mm"),
            "second" => Format("ss"),
            "time" => Format("HH:mm:ss"),
            "iso8601" => Format("yyyy-MM-ddTHH:mm:ss") + Zoned(date.Offset, ":"),
            "std11" => Format("ddd, dd MMM yyyy HH:mm:ss ") + Zoned(date.Offset, ""),
            "zone" => Zoned(date.Offset, ""),
            "weekday" => ((int)date.Time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    private static string Zoned(TimeSpan offset, string between)
    {
        var minutes = (int)Math.Abs(offset.TotalMinutes);
        return $"{(offset < TimeSpan.Zero ? '-' : '+')}{minutes / 60:D2}{between}{minutes % 60:D2}";
    }
}
