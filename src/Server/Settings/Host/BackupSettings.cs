using Aviso.Backup;
using Aviso.Net;

namespace Aviso.Settings;

public sealed class BackupSection : SettingsSection
{
    internal static readonly Table<BackupSection> Table = new(
        "Copies of everything elsewhere: made all the time, sealed with a key, and restored by schedule to prove them. See "
            + "docs/backup.md.");

    public IReadOnlyList<BackupTargetSection> Targets => Get(TargetsKey);

    private static readonly Key<IReadOnlyList<BackupTargetSection>> TargetsKey = new(Table, "targets",
        Types.ListOf(new SectionType<BackupTargetSection>(BackupTargetSection.Table)), [],
        "Where the copies go; each has all. One that is away does not hold up the others.")
    { Required = true, Example = "[ { name: disk, folder: /mnt/backup/aviso } ]" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.Secret,
        "The recovery key, 64 hexadecimal digits; `aviso backup key` prints a new one. Keep it where it survives this machine: without it "
        + "nobody can read the copies.")
    { Required = true, Example = "env:BACKUP_KEY" };

    public TimeSpan Every => Get(EveryKey);

    private static readonly Key<TimeSpan> EveryKey = new(Table, "every", Types.Duration, TimeSpan.FromMinutes(1),
        "How often what changed is copied: at most so much is lost when the machine is.")
    { Example = "1min" };

    public BackupKeepSection Keep => Get(KeepKey);

    private static readonly Key<BackupKeepSection> KeepKey = new(Table, "keep", new SectionType<BackupKeepSection>(BackupKeepSection.Table),
        new(), "How far back the copies go.")
    { Example = "{ days: 14, weeks: 8, months: 12 }" };

    public TimeSpan? Drill => Given(DrillKey);

    private static readonly Key<TimeSpan> DrillKey = new(Table, "drill", Types.Duration,
        "How often the newest copy is restored beside the running store and compared with it. Only this moves the age of the last proven "
        + "backup. It reads all that lies on the target, and needs room for a second copy of the mail while it runs.")
    { Example = "1d", DefaultText = "never" };

    public string? Scratch => Find(ScratchKey);

    private static readonly Key<string> ScratchKey = new(Table, "scratch", Types.Path,
        "Where a drill restores to.")
    { Example = "/var/tmp/aviso-drill", DefaultText = "`backup` in the data folder" };

    public long Bandwidth => Get(BandwidthKey);

    private static readonly Key<long> BandwidthKey = new(Table, "bandwidth", Types.Size, 0,
        "At most so much a second goes to each target.")
    { Example = "10MB", DefaultText = "no limit" };
}

public sealed class BackupTargetSection : SettingsSection
{
    internal static readonly Table<BackupTargetSection> Table = new("One place for copies: a folder, an S3 bucket, or a folder by SFTP.");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Word, "",
        "How verbs, metrics and findings call it.")
    { Required = true, Example = "disk" };

    public string? Folder => Find(FolderKey);

    private static readonly Key<string> FolderKey = new(Table, "folder", Types.Path,
        "A folder that exists, best on another disk.")
    { Example = "/mnt/backup/aviso", DefaultText = "none" };

    public string? S3 => Find(S3Key);

    private static readonly Key<string> S3Key = new(Table, "s3", Types.Text,
        "A bucket and what names begin with there.")
    { Example = "\"s3://s3.example.net/mail-backup/aviso\"", DefaultText = "none" };

    public string? Sftp => Find(SftpKey);

    private static readonly Key<string> SftpKey = new(Table, "sftp", Types.Text,
        "A folder of another machine that exists; two slashes after the host begin an absolute path.")
    { Example = "\"sftp://backup@nas.example.net/aviso\"", DefaultText = "none" };

    public string Region => Get(RegionKey);

    private static readonly Key<string> RegionKey = new(Table, "region", Types.Word, "us-east-1",
        "Of `s3`.")
    { Example = "eu-central-1" };

    public Secret? AccessKey => Find(AccessKeyKey);

    private static readonly Key<Secret> AccessKeyKey = new(Table, "access_key", Types.Secret,
        "The access key id of `s3`.")
    { Example = "env:S3_ACCESS_KEY", DefaultText = "none" };

    public Secret? SecretKey => Find(SecretKeyKey);

    private static readonly Key<Secret> SecretKeyKey = new(Table, "secret_key", Types.Secret,
        "The secret access key of `s3`.")
    { Example = "env:S3_SECRET_KEY", DefaultText = "none" };

    public TimeSpan? Lock => Given(LockKey);

    private static readonly Key<TimeSpan> LockKey = new(Table, "lock", Types.Duration,
        "Object lock of `s3`: nobody, not even with these keys, can remove or change an object for so long after it was written. The "
            + "bucket "
        + "must have been made with object lock.")
    { Example = "30d", DefaultText = "none" };

    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Certificate authorities to trust for `s3` instead of the system's, as PEM.")
    { Example = "file:/etc/aviso/s3-ca.crt", DefaultText = "the system's" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "Of the user of `sftp`.")
    { Example = "env:NAS_PASSWORD", DefaultText = "none" };

    public Secret? Identity => Find(IdentityKey);

    private static readonly Key<Secret> IdentityKey = new(Table, "identity", Types.Secret,
        "The private key of the user of `sftp`, without a passphrase.")
    { Example = "file:/etc/aviso/backup_ed25519", DefaultText = "none" };

    public string? HostKey => Find(HostKeyKey);

    private static readonly Key<string> HostKeyKey = new(Table, "host_key", Types.Text,
        "The fingerprint of the key of `sftp`'s host, as `ssh-keygen -lf` prints it. Another key is refused.")
    { Example = "\"SHA256:5Ckr5b1WWZ2kMPN1kJZ8pWnLwFJS2nuLGAvVmnNVGjU\"", DefaultText = "none" };
}

public sealed class BackupKeepSection : SettingsSection
{
    internal static readonly Table<BackupKeepSection> Table = new("How far back copies go.");

    public int Days => Get(DaysKey);

    private static readonly Key<int> DaysKey = new(Table, "days", Types.Number(1, 3650), KeepRule.Standard.Days,
        "Every moment of so many days can be restored.")
    { Example = "14" };

    public int Weeks => Get(WeeksKey);

    private static readonly Key<int> WeeksKey = new(Table, "weeks", Types.Number(0, 1000), KeepRule.Standard.Weeks,
        "Before that one moment a week, for so many weeks.")
    { Example = "8" };

    public int Months => Get(MonthsKey);

    private static readonly Key<int> MonthsKey = new(Table, "months", Types.Number(0, 600), KeepRule.Standard.Months,
        "And one a month, for so many months.")
    { Example = "12" };
}

/// <summary>What the keys of this file must agree on.</summary>
internal static class BackupChecks
{
    public static void BackupIsWhole(ServerSettings settings, Problems problems)
    {
        if (!settings.HasBackup) return;
        var backup = settings.Backup;
        if (backup.Key is { } key && !BackupKey.TryParse(key.Reveal(), out _))
            SettingsChecks.Say(problems, backup, "key", "is no recovery key: 64 hexadecimal digits; `aviso backup key` prints a new one");
        if (backup.Every < TimeSpan.FromSeconds(1)) SettingsChecks.Say(problems, backup, "every", "at most once a second");
        foreach (var twice in backup.Targets.GroupBy(t => t.Name).Where(g => g.Key.Length > 0 && g.Count() > 1))
            SettingsChecks.Say(problems, twice.Last(), "name", $"there are two targets called {twice.Key}");
        foreach (var target in backup.Targets)
            if (BackupMapping.Target(target).Problem is { Length: > 0 } problem) SettingsChecks.Say(problems, target, "name", problem);
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class BackupMapping
{
    /// <summary>Null: no copies are made.</summary>
    public static BackupOptions? Options(ServerSettings settings)
    {
        if (!settings.HasBackup) return null;
        var backup = settings.Backup;
        return new(settings.HostName, backup.Every, backup.Drill, new(backup.Keep.Days, backup.Keep.Weeks, backup.Keep.Months),
            backup.Bandwidth,
            backup.Scratch ?? Path.Combine(settings.Data, "backup"));
    }

    public static TargetSpec Target(BackupTargetSection target) => new(target.Name, target.Folder, target.S3, target.Sftp)
    {
        Region = target.Region,
        AccessKey = target.AccessKey?.Reveal(),
        SecretKey = target.SecretKey?.Reveal(),
        LockFor = target.Lock,
        Roots = target.Ca is { } ca ? Authorities.Read(ca.Reveal()) : null,
        Password = target.Password?.Reveal(),
        Identity = target.Identity?.Reveal(),
        HostKey = target.HostKey,
    };
}
