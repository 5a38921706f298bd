namespace Aviso.Doctor;

/// <summary>How full a file system is.</summary>
/// <param name="Free">Octets that we may still write.</param>
/// <param name="Inodes">All of them; 0 where the file system has no fixed number.</param>
public sealed record DiskSight(string Path, long Total, long Free, long Inodes, long FreeInodes);

/// <summary>There is room for mail, now and in two weeks.</summary>
/// <param name="look">The file system of the data folder; null when it cannot be looked at.</param>
/// <param name="health">Why the store takes no mail; null: it does.</param>
public sealed class DiskCheck(Func<DiskSight?> look, Func<string?> health, TimeProvider clock) : IDoctorCheck
{
    // The store refuses mail at 2 % or 256 MiB (design.md section 4); there must be time to act before.
    private const double Full = 0.05, FewInodes = 0.05, NoInodes = 0.01;
    private const long LeastFree = 1L << 30;
    private const int MostSamples = 14 * 24;
    private static readonly TimeSpan SampleEvery = TimeSpan.FromHours(1), LeastSpan = TimeSpan.FromHours(20),
        Horizon = TimeSpan.FromDays(14);

    private readonly List<(DateTimeOffset At, long Free)> _samples = [];

    public string Name => "disk";

    public string LooksAt => "room on the disk of the data folder, its growth, and the store's health";

    public TimeSpan Every => CheckTimes.Often;

    public IReadOnlyList<FindingCode> Codes { get; } =
        [FindingCode.DiskFull, FindingCode.DiskFilling, FindingCode.InodesFew, FindingCode.StoreIll];

    public Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        if (health() is { } ill) seen.Add(FindingCode.StoreIll, "store", "the store takes no mail", ill);
        if (look() is not { } disk)
        {
            seen.Unsure();
            return Task.CompletedTask;
        }
        var now = clock.GetUtcNow();
        if (_samples.Count == 0 || now - _samples[^1].At >= SampleEvery) _samples.Add((now, disk.Free));
        if (_samples.Count > MostSamples) _samples.RemoveAt(0);
        if (disk.Free < Math.Min(disk.Total * Full, LeastFree))
            seen.Add(FindingCode.DiskFull, disk.Path, "the disk of the data folder is nearly full",
                $"{Shown(disk.Free)} of {Shown(disk.Total)} are free");
        else if (FullAt(now, disk.Free) is { } at)
            seen.Add(FindingCode.DiskFilling, disk.Path,
                $"the disk of the data folder is full in {(at - now).TotalDays:0} days at its present growth",
                $"{Shown(disk.Free)} of {Shown(disk.Total)} are free; {Shown(_samples[0].Free - disk.Free)} were used since "
                    + $"{_samples[0].At:u}");
        var share = disk.Inodes > 0 ? (double)disk.FreeInodes / disk.Inodes : 1;
        if (share < FewInodes)
            seen.Add(FindingCode.InodesFew, disk.Path,
                $"the file system of the data folder has {(share < NoInodes ? "almost no" : "few")} inodes left",
                $"{disk.FreeInodes} of {disk.Inodes} are free");
        return Task.CompletedTask;
    }

    // By what was used over the whole time that is remembered: one large mail is no growth.
    private DateTimeOffset? FullAt(DateTimeOffset now, long free)
    {
        var (first, span) = (_samples[0], now - _samples[0].At);
        if (span < LeastSpan || first.Free - free <= 0) return null;
        var left = span * ((double)free / (first.Free - free));
        return left < Horizon ? now + left : null;
    }

    private static string Shown(long octets) => octets >= 1L << 30 ? $"{octets / (double)(1L << 30):0.0} GB" : $"{octets >> 20} MB";
}
