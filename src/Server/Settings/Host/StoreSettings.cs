namespace Aviso.Settings;

public sealed class StoreSection : SettingsSection
{
    internal static readonly Table<StoreSection> Table = new("How mail is kept.");

    public TimeSpan Undelete => Get(UndeleteKey);

    private static readonly Key<TimeSpan> UndeleteKey = new(Table, "undelete", Types.Duration, TimeSpan.FromDays(14),
        "How long an expunged message can be brought back; it does not count in the quota.") { AfterRestart = true, Example = "30d" };
}
