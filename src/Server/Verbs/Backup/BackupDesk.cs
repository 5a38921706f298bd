using Aviso.Backup;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What the settings say of backups, for the running server and for verbs without one.</summary>
internal static class BackupDesk
{
    /// <summary>Another one: the rounds begin anew.</summary>
    public static string Fingerprint(ServerSettings settings) => !settings.HasBackup ? ""
        : $"{new SectionType<BackupSection>(BackupSection.Table).Format(settings.Backup)} {settings.Backup.Key?.Reveal()} "
            + $"{settings.HostName} "
            + string.Join(' ', settings.Backup.Targets.SelectMany(t => new[] { t.AccessKey, t.SecretKey, t.Password, t.Identity, t.Ca })
                .Select(s => s?.Reveal()));

    public static BackupKey? KeyOf(ServerSettings settings) =>
        settings.HasBackup && BackupKey.TryParse(settings.Backup.Key?.Reveal(), out var key) ? key : null;

    /// <summary>The target of this name, the first where none is given, or why there is none.</summary>
    public static (BackupTargetSection? Target, string Problem) Find(ServerSettings settings, string? name)
    {
        if (!settings.HasBackup || settings.Backup.Targets.Count == 0)
            return (null, "the settings name no targets of backups; see `backup` in the manual, or say --from and --key");
        var target = name is null ? settings.Backup.Targets[0] : settings.Backup.Targets.FirstOrDefault(t => t.Name == name);
        return target is null
            ? (null, $"there is no target {name}; there are {string.Join(", ", settings.Backup.Targets.Select(t => t.Name))}")
                : (target, "");
    }
}
