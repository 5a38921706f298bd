using Aviso.Store;
using Aviso.Store.Copying;

namespace Aviso.Backup;

/// <summary>Where the rounds take from, beside the store's own files.</summary>
/// <param name="Others">Small files that are copied whole, as they are now.</param>
public sealed record BackupSources(ICopySource Store, Func<IReadOnlyList<OtherFile>> Others, IDocumentRows Memory);

/// <summary>How backups are made.</summary>
/// <param name="Server">The host name, for people who look at a backup.</param>
/// <param name="Every">How often what changed is copied.</param>
/// <param name="Drill">How often the newest backup is restored and compared; null: never.</param>
/// <param name="OctetsPerSecond">To each target; 0: no limit.</param>
/// <param name="Scratch">Where drills and restores of parts put a store together; made and emptied by them.</param>
public sealed record BackupOptions(string Server, TimeSpan Every, TimeSpan? Drill, KeepRule Keep, long OctetsPerSecond, string Scratch);

/// <summary>Which backups stay.</summary>
/// <param name="Days">Every moment of so many days.</param>
/// <param name="Weeks">Before that one a week, for so many weeks.</param>
/// <param name="Months">And one a month, for so many months.</param>
public sealed record KeepRule(int Days, int Weeks, int Months)
{
    public static KeepRule Standard { get; } = new(14, 8, 12);

    /// <summary>Names of points that stay: all since the last base before the window begins, and of older bases the newest of each week and
    /// month (UTC; weeks of ISO 8601).</summary>
    public IReadOnlySet<string> Kept(IEnumerable<string> points, DateTimeOffset now)
    {
        var sorted = points.Select(name => (Name: name, Point: ObjectName.PointOf(name))).Where(p => p.Point is not null)
            .Select(p => (p.Name, p.Point!.Value.At, p.Point.Value.IsBase)).OrderBy(p => p.At).ToList();
        var since = (now - TimeSpan.FromDays(Days)).ToUnixTimeMilliseconds();
        var first = sorted.FindLastIndex(p => p.IsBase && p.At <= since);
        var kept = sorted.Skip(Math.Max(0, first)).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var older = sorted.Take(Math.Max(0, first)).Where(p => p.IsBase)
            .Select(p => (p.Name, At: DateTimeOffset.FromUnixTimeMilliseconds(p.At))).ToList();
        foreach (var week in older.Where(p => p.At > now - TimeSpan.FromDays(7.0 * Weeks))
            .GroupBy(p => (System.Globalization.ISOWeek.GetYear(p.At.UtcDateTime),
                System.Globalization.ISOWeek.GetWeekOfYear(p.At.UtcDateTime))))
            kept.Add(week.Last().Name);
        foreach (var month in older.Where(p => p.At > now.AddMonths(-Months))
            .GroupBy(p => (p.At.Year, p.At.Month))) kept.Add(month.Last().Name);
        return kept;
    }
}

/// <summary>A small file that is copied as a whole when it has changed.</summary>
/// <param name="Name">Below the data folder; settings/… for what lies elsewhere.</param>
/// <param name="Stamp">Another one: it has changed.</param>
/// <param name="Read">Its octets now; null when it is gone.</param>
public sealed record OtherFile(string Name, string Stamp, Func<byte[]?> Read);
