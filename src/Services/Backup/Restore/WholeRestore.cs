using System.Globalization;
using Aviso.Store;
using Aviso.Store.Copying;
using Aviso.Store.Restoring;

namespace Aviso.Backup;

/// <summary>How a whole data folder comes back.</summary>
/// <param name="To">The moment; null: the newest.</param>
/// <param name="NewUidValidity">Clients forget their caches: for when UIDs may have been given out that nobody knows of.</param>
public sealed record WholeWishes(string Folder, DateTimeOffset? To, bool NewUidValidity);

/// <summary>What became of it.</summary>
/// <param name="At">The last commit that is in it.</param>
/// <param name="Aside">Where what stood in the folder went; empty: nothing did.</param>
/// <param name="Damage">What could not be read on the target.</param>
/// <param name="Lost">Messages whose octets are lost.</param>
/// <param name="Findings">What the store's own check finds in the restored store.</param>
/// <param name="Held">Mail on its way out that waits for `aviso queue release`.</param>
public sealed record WholeReport(
    string Folder, DateTimeOffset? At, long Accounts, long Mailboxes, long Messages, string Aside, IReadOnlyList<string> Damage,
    IReadOnlyList<string> Lost, IReadOnlyList<string> Findings, string Held);

/// <summary>
/// Brings everything back into a data folder that no server uses. Made beside it and moved in at the end, so that a restore which is cut
/// off
/// changes nothing; what stood there is kept.
/// </summary>
public sealed class WholeRestore(ITarget target, BackupKey key, TimeProvider clock)
{
    private const string Unfinished = "restore.unfinished", Before = "before-restore-";

    /// <summary>Of a store; they make no sense beside another one.</summary>
    private static readonly string[] Replaced =
    [
        "store.db", "store.db-wal", "store.db-shm", "segments", "large", "journal", "views", "spool", "search.db", "search.db-wal",
            "search.db-shm",
        "spam.db", "spam.db-wal", "spam.db-shm",
    ];

    /// <summary>Settings that came along, below the folder.</summary>
    public const string Settings = "settings";

    /// <exception cref="NoRestoreException">Nothing can be restored.</exception>
    /// <exception cref="StoreOpenException">A server uses the folder.</exception>
    public async Task<WholeReport> RunAsync(WholeWishes wishes, CancellationToken cancel)
    {
        Directory.CreateDirectory(wishes.Folder);
        using var held = RestoredStore.Hold(wishes.Folder);
        var fresh = Path.Combine(wishes.Folder, Unfinished);
        if (Directory.Exists(fresh)) Directory.Delete(fresh, recursive: true);
        var restorer = new Restorer(target, key);
        var moment = wishes.To is { } to ? new CopyMoment(to.ToUnixTimeMilliseconds()) : CopyMoment.Newest;
        var restored = await restorer.DatabaseAsync(fresh, moment, cancel);
        var damage = new List<Damage>(restored.Damage);
        damage.AddRange(await restorer.BodiesAsync(restored.Chain, fresh, RestoredStore.Wants(fresh), cancel));
        damage.AddRange(await restorer.OthersAsync(restored.Chain, fresh, cancel));
        var lost = damage.Where(d => d.Stretch is not null).SelectMany(d => RestoredStore.MessagesIn(fresh, d.Stretch!.Value)).ToList();
        // Of the newest at most a minute is unknown, and mail that was taken must go out; of an older one, and of one that ends before what
        // was asked for, much may have been sent since.
        var holds = wishes.To is not null || !restored.Wanted;
        RestoredStore.Resume(fresh, holds, wishes.NewUidValidity, clock.GetUtcNow());
        var findings = SqliteMailStore.CheckOffline(fresh, StoreCheckDepth.Bodies, cancel).Where(f => f.Code != "journal-missing").ToList();
        var digest = DigestReader.OfFolder(fresh);
        var aside = Swap(wishes.Folder, fresh);
        return new(wishes.Folder, restored.At, digest.Accounts, digest.Mailboxes, digest.Messages, aside,
            [.. damage.Select(d => d.ToString())],
            [.. lost.Select(m => m.ToString()).Distinct()], [.. findings.Select(f => f.Text)],
            !holds ? "" : "mail in the queue is held: it may have been sent since; see `aviso queue list`, `aviso queue "
                + "release`");
    }

    /// <summary>Whether something stands in the folder that a restore would put aside.</summary>
    public static bool IsUsed(string folder) => Directory.Exists(folder) && File.Exists(Path.Combine(folder, "store.db"));

    private string Swap(string folder, string fresh)
    {
        var comes = new DirectoryInfo(fresh).EnumerateFileSystemInfos().Select(entry => entry.Name)
            .Concat(Replaced).ToHashSet(StringComparer.Ordinal);
        var old = new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(entry => comes.Contains(entry.Name)).ToList();
        var aside = old.Count == 0 ? "" : AsideOf(folder);
        foreach (var entry in old) Move(entry, Path.Combine(aside, entry.Name));
        foreach (var entry in new DirectoryInfo(fresh).EnumerateFileSystemInfos().ToList()) Move(entry, Path.Combine(folder, entry.Name));
        Directory.Delete(fresh);
        DurableNames.Of(folder);
        return aside;
    }

    private string AsideOf(string folder)
    {
        var stamp = clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        for (var n = 1; ; n++)
        {
            var path = Path.Combine(folder, $"{Before}{stamp}{(n == 1 ? "" : $"-{n}")}");
            if (!Directory.Exists(path)) return Directory.CreateDirectory(path,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        }
    }

    private static void Move(FileSystemInfo entry, string to)
    {
        if (entry is DirectoryInfo folder) folder.MoveTo(to);
        else ((FileInfo)entry).MoveTo(to);
    }
}
