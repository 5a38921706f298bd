using System.Globalization;
using System.Text;

namespace Aviso.Mime;

/// <summary>
/// Date fields: RFC 5322 §3.3 with the obsolete forms of §4.3 (two-digit years, named zones, comments) and what else is met: no
/// weekday, no seconds, no zone (read as UTC), full month names, single digits, hyphens (5-Oct-2020), AM and PM, the year 0102 for 2002.
/// </summary>
public static class MailDate
{
    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";

    /// <summary>False when no day, month, year and time of day can be read. A leap second reads as :59.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        date = default;
        var reader = new ValueReader(value);
        if (!TryDay(ref reader, out var day) || !TryMonth(ref reader, out var month)) return false;
        Separator(ref reader);
        if (!TryNumber(ref reader, out var year, out var digits) || digits > 4) return false;
        if (!TryTime(ref reader, out var time)) return false;
        // RFC 5322 §4.3: 00-49 is 2000-2049, 50-99 and three digits add 1900; 0102 is what a program with that fault writes. §3.3: none before 1900.
        if (digits <= 2) year += year < 50 ? 2000 : 1900;
        else if (year < 1000) year += 1900;
        if (year < 1900 || day < 1 || day > DateTime.DaysInMonth(Math.Min(year, 9999), month)) return false;
        return TryMake(new DateTime(year, month, day).Add(time), Zone(ref reader), out date);
    }

    /// <summary>RFC 5322 §3.3: "Thu, 01 Jan 1970 02:00:00 +0200".</summary>
    public static string Format(DateTimeOffset date)
    {
        var zone = date.Offset.Duration();
        return date.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture)
            + (date.Offset < TimeSpan.Zero ? '-' : '+') + zone.ToString("hhmm", CultureInfo.InvariantCulture);
    }

    private static bool TryMake(DateTime local, int minutes, out DateTimeOffset date)
    {
        var ticks = local.Ticks - (minutes * TimeSpan.TicksPerMinute);
        date = default;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks) return false;
        var utc = new DateTimeOffset(ticks, TimeSpan.Zero);
        date = Math.Abs(minutes) <= 14 * 60 ? utc.ToOffset(TimeSpan.FromMinutes(minutes)) : utc;
        return true;
    }

    // [ day-of-week "," ] day; whatever words stand before the first number are skipped.
    private static bool TryDay(ref ValueReader reader, out int day)
    {
        day = 0;
        for (var words = 0; words < 4 && !reader.AtEnd; words++)
        {
            reader.SkipCfws();
            if (reader.Take((byte)',')) continue;
            if (reader.Peek is >= (byte)'0' and <= (byte)'9') return TryNumber(ref reader, out day, out var digits) && digits <= 2;
            if (Word(ref reader).Length == 0 || (words > 0 && !reader.AtEnd && reader.Peek is >= (byte)'a' and <= (byte)'z')) return false;
        }
        return false;
    }

    private static bool TryMonth(ref ValueReader reader, out int month)
    {
        Separator(ref reader);
        var name = Word(ref reader);
        month = 0;
        if (name.Length < 3) return false;
        Span<char> lower = stackalloc char[3];
        for (var i = 0; i < 3; i++) lower[i] = (char)(name[i] | 0x20);
        var at = Months.AsSpan().IndexOf(lower, StringComparison.Ordinal);
        month = (at / 3) + 1;
        return at >= 0 && at % 3 == 0;
    }

    // RFC 5322 §3.3: hour ":" minute [ ":" second ]; dots are met as well.
    private static bool TryTime(ref ValueReader reader, out TimeSpan time)
    {
        time = default;
        reader.SkipCfws();
        reader.Take((byte)',');
        if (!TryNumber(ref reader, out var hour, out _) || hour > 23 || !Colon(ref reader)) return false;
        if (!TryNumber(ref reader, out var minute, out _) || minute > 59) return false;
        var second = 0;
        if (Colon(ref reader) && (!TryNumber(ref reader, out second, out _) || second > 60)) return false;
        time = new TimeSpan(Hour(hour, ref reader), minute, Math.Min(second, 59));
        return true;
    }

    // No form of any RFC, and met: 10:05:15 PM.
    private static int Hour(int hour, ref ValueReader reader)
    {
        reader.SkipCfws();
        var ahead = reader;
        var half = Word(ref ahead);
        if (hour is < 1 or > 12 || !(Ascii.EqualsIgnoreCase(half, "AM"u8) || Ascii.EqualsIgnoreCase(half, "PM"u8))) return hour;
        reader = ahead;
        return (hour % 12) + ((half[0] | 0x20) == 'p' ? 12 : 0);
    }

    private static bool Colon(ref ValueReader reader)
    {
        reader.SkipCfws();
        return reader.Take((byte)':') || reader.Take((byte)'.');
    }

    // RFC 5322 §4.3: military and unknown zones say nothing about the offset: UTC.
    private static int Zone(ref ValueReader reader)
    {
        reader.SkipCfws();
        var minus = reader.Peek == '-';
        if (!reader.Take((byte)'+') && !reader.Take((byte)'-')) return Named(Word(ref reader));
        if (!TryNumber(ref reader, out var number, out var digits)) return 0;
        if (digits <= 2)
        {
            number *= 100;
            if (reader.Take((byte)':') && TryNumber(ref reader, out var minutes, out _)) number += Math.Min(minutes, 59);
        }
        var offset = (number / 100 * 60) + (number % 100);
        return minus ? -offset : offset;
    }

    private static int Named(ReadOnlySpan<byte> zone)
    {
        var name = Encoding.ASCII.GetString(zone).ToUpperInvariant();
        return name switch
        {
            "EDT" => -4 * 60,
            "EST" or "CDT" => -5 * 60,
            "CST" or "MDT" => -6 * 60,
            "MST" or "PDT" => -7 * 60,
            "PST" => -8 * 60,
            "CET" or "MEZ" => 60,
            "CEST" or "MESZ" or "EET" => 120,
            "BST" => 60,
            "JST" => 9 * 60,
            _ => 0,
        };
    }

    private static void Separator(ref ValueReader reader)
    {
        reader.SkipCfws();
        reader.Take((byte)'-');
        reader.SkipCfws();
    }

    private static ReadOnlySpan<byte> Word(ref ValueReader reader)
    {
        var word = reader.Until("-,.:;() \t\r\n+0123456789"u8);
        reader.Take((byte)'.');
        return word;
    }

    private static bool TryNumber(ref ValueReader reader, out int number, out int digits)
    {
        reader.SkipCfws();
        number = digits = 0;
        while (reader.Peek is >= (byte)'0' and <= (byte)'9')
        {
            number = (number * 10) + (reader.Peek - '0');
            reader.Skip();
            if (++digits > 4) return false;
        }
        return digits > 0;
    }
}
