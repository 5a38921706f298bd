namespace Aviso.Settings;

public sealed class DigestSection : SettingsSection
{
    internal static readonly Table<DigestSection> Table = new("The weekly letter.");

    /// <summary>Null: there is none.</summary>
    public DayOfWeek? Day => Get(DayKey).Day;

    private static readonly Key<DigestDay> DayKey = new(Table, "day", Types.Words<DigestDay>("day",
        [.. Enum.GetValues<DayOfWeek>().Select(d => (d.ToString().ToLowerInvariant(), new DigestDay(d))), ("never", new DigestDay(null))]),
        new(DayOfWeek.Monday),
        "When it goes; it is about the seven days before. never: there is none.")
    { Example = "sunday" };

    public int Hour => Get(HourKey);

    private static readonly Key<int> HourKey = new(Table, "hour", Types.Number(0, 23), 8,
        "The hour of that day, by the server's local time. When the server was down then, it goes at the next start.")
    { Example = "6" };
}

/// <param name="Day">Null: never.</param>
internal readonly record struct DigestDay(DayOfWeek? Day);
