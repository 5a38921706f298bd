namespace Aviso.Settings;

public sealed class ProbeSection : SettingsSection
{
    internal static readonly Table<ProbeSection> Table = new("The round-trip probe.");

    public TimeSpan? Every => Given(EveryKey);

    private static readonly Key<TimeSpan> EveryKey = new(Table, "every", Types.Duration,
        "How often a message is sent out and waited for.")
    { Example = "20m", DefaultText = "never", Later = "the round-trip probe" };
}
