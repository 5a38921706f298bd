using Aviso.Trace;

namespace Aviso.Settings;

public sealed class TraceSection : SettingsSection
{
    internal static readonly Table<TraceSection> Table = new(
        "The life of each message, kept for those who ask what became of it; see docs/trace.md.");

    public bool Enabled => Get(EnabledKey);

    private static readonly Key<bool> EnabledKey = new(Table, "enabled", Types.Boolean, true,
        "Whether anything is recorded.")
    { Example = "false" };

    public TimeSpan Keep => Get(KeepKey);

    private static readonly Key<TimeSpan> KeepKey = new(Table, "keep", Types.Duration, TimeSpan.FromDays(30),
        "How long it is kept, at least an hour.")
    { Example = "14d" };

    public long Size => Get(SizeKey);

    private static readonly Key<long> SizeKey = new(Table, "size", Types.Size, 512L << 20,
        "How much of the disk it may take, at least 4MB; the oldest is dropped first.")
    { Example = "2GB" };

    public bool Subjects => Get(SubjectsKey);

    private static readonly Key<bool> SubjectsKey = new(Table, "subjects", Types.Boolean, true,
        "Whether subjects are kept, so that messages are found by their words.")
    { Example = "false" };
}

/// <summary>What the keys of this file must keep to.</summary>
internal static class TraceChecks
{
    public static void BoundsAreOfUse(TraceSection trace, Problems problems)
    {
        if (trace.Keep < TimeSpan.FromHours(1)) SettingsChecks.Say(problems, trace, "keep", "at least an hour: 1h");
        if (trace.Size < 4 << 20) SettingsChecks.Say(problems, trace, "size", "at least 4MB");
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class TraceMapping
{
    public static TraceOptions Trace(ServerSettings settings) => new()
    {
        Enabled = settings.Trace.Enabled,
        Keep = settings.Trace.Keep,
        Size = settings.Trace.Size,
        Subjects = settings.Trace.Subjects,
    };
}
