using System.Text;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailStore
{
    private volatile Checked _checked = new(new(false, "starting", DateTimeOffset.UnixEpoch), 0);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public StoreHealth Health
    {
        get
        {
            var (health, checkedAt) = _checked;
            if (_options.CanaryInterval <= TimeSpan.Zero) return health;
            // Not the time of day: a clock that is set would make a hanging write look young, or a good one old.
            var age = _options.Clock.GetElapsedTime(checkedAt);
            return age <= _options.CanaryInterval + Patience
                ? health
                : health with { CanAccept = false, Reason = $"a write has been hanging for {(int)age.TotalSeconds} s" };
        }
    }

    /// <summary>The canary: looks at the free space, then writes and syncs a body-like file and a row, as a delivery would.</summary>
    internal async Task ProbeAsync()
    {
        string reason = "";
        try
        {
            WatchReserve();
            if (_gate.IsSealed) reason = _gate.Reason!;
            else
            {
                WriteCanaryFile();
                await ChangeAsync(
                    batch =>
                    {
                        _journal.Sync();
                        return batch.Db.Use(Statements.SetMeta).Add("canary").Add(batch.Now).RunCounting();
                    },
                    refused: null, counts: false);
                if (_gate.IsFull) reason = "the disk reserve is reached";
            }
        }
        catch (Exception failed)
        {
            reason = _gate.Reason ?? failed.Message;
        }
        if (reason.Length > 0 && _checked.Health.Reason != reason) _log.CannotAccept(reason);
        _checked = new(new(reason.Length == 0, reason, _options.Clock.GetUtcNow()), _options.Clock.GetTimestamp());
    }

    /// <param name="At">The monotonic clock's.</param>
    private sealed record Checked(StoreHealth Health, long At);

    private async Task KeepProbingAsync(CancellationToken stop)
    {
        if (_options.CanaryInterval <= TimeSpan.Zero) return;
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(_options.CanaryInterval, _options.Clock, stop);
            await ProbeAsync();
        }
    }

    /// <summary>Measures the free space against the reserve, and lays the ballast down again where there is room.</summary>
    private void WatchReserve()
    {
        long free, reserve;
        if (_options.FreeOctets is { } given) (free, reserve) = (given(), _options.ReserveOctets);
        else
        {
            var volume = new DriveInfo(_options.DataFolder);
            free = volume.AvailableFreeSpace;
            reserve = Math.Max(_options.ReserveOctets, (long)(volume.TotalSize * _options.ReserveShare));
            // A volume so small that the reserve would be most of it: an eighth.
            reserve = Math.Min(reserve, volume.TotalSize / 8);
        }
        _gate.SetRoom(free - reserve);
        if (free > reserve) _ballast.LayDown();
    }

    /// <summary>New mail may have used up what was measured: look again before it is let in.</summary>
    private void SpendRoom(WriteOperation operation)
    {
        foreach (var body in operation.Bodies) _gate.Spend(body.Record.Length);
        if (_gate.WantsMeasuring) WatchReserve();
    }

    private void WriteCanaryFile()
    {
        using var file = File.OpenHandle(
            Path.Combine(_segments.Segments, "canary"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes($"{_options.Clock.GetUtcNow().ToUnixTimeMilliseconds():D16}\n"), 0);
        Posix.SyncData(file, "canary");
    }
}
