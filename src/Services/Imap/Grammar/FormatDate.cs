using System.Text;

namespace Aviso.Imap;

/// <summary>Dates as IMAP writes them: <c>"17-Jul-1996 02:44:25 +0000"</c>. Always UTC; the instant is what is stored.</summary>
internal static class FormatDate
{
    /// <summary>DateOnly.DayNumber of 1970-01-01.</summary>
    public const int EpochDay = 719_162;

    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>1 to 12, or 0.</summary>
    public static int MonthOf(ReadOnlySpan<byte> name)
    {
        for (var m = 0; name.Length == 3 && m < 12; m++)
        {
            if (Ascii.EqualsIgnoreCase(name, Months.Slice(m * 3, 3))) return m + 1;
        }
        return 0;
    }

    /// <summary>Writes 28 octets, quotes included.</summary>
    public static void Write(long unixSeconds, Span<byte> into)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(unixSeconds, -62_135_596_800, 253_402_300_799));
        "\"00-Jan-0000 00:00:00 +0000\""u8.CopyTo(into);
        Two(into[1..], time.Day);
        Months.Slice((time.Month - 1) * 3, 3).CopyTo(into[4..]);
        Two(into[8..], time.Year / 100);
        Two(into[10..], time.Year % 100);
        Two(into[13..], time.Hour);
        Two(into[16..], time.Minute);
        Two(into[19..], time.Second);
    }

    private static void Two(Span<byte> into, int value)
    {
        into[0] = (byte)('0' + (value / 10));
        into[1] = (byte)('0' + (value % 10));
    }
}
