using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Settings;

public sealed class StoreSection : SettingsSection
{
    internal static readonly Table<StoreSection> Table = new("How mail is kept.");

    public TimeSpan Undelete => Get(UndeleteKey);

    private static readonly Key<TimeSpan> UndeleteKey = new(Table, "undelete", Types.Duration, TimeSpan.FromDays(14),
        "How long an expunged message can be brought back; it does not count in the quota.")
    { AfterRestart = true, Example = "30d" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class StoreMapping
{
    /// <summary>Options of the store; the verbs open it with the same.</summary>
    public static StoreOptions Store(ServerSettings settings, IMessageReader reader, TimeProvider clock, ILogger log) => new()
    {
        DataFolder = settings.Data,
        Clock = clock,
        Log = log,
        Reader = reader,
        UndeleteWindow = settings.Store.Undelete,
    };
}
