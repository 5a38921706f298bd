using Microsoft.Extensions.Logging;

namespace Aviso.Store.Commit;

/// <summary>
/// Whether the store takes changes. Sealed is for good (a sync failed: what the disk holds is unknown until the next
/// start); full and troubled end when the canary gets through again.
/// </summary>
internal sealed class StoreGate(ILogger log)
{
    private volatile string? _sealed;
    private volatile string? _trouble;
    private volatile bool _full;
    private const long RowOctets = 32 * 1024;
    private long _room = long.MaxValue;

    public bool IsSealed => _sealed is not null;

    /// <summary>Why nothing can be written; null when all is well or only the reserve is reached.</summary>
    public string? Reason => _sealed ?? _trouble;

    /// <summary>The disk reserve is reached: no new mail.</summary>
    public bool IsFull => _full;

    /// <summary>Octets above the reserve as last measured; what is written since is taken off, so that mail that comes in between two
    /// measurements cannot eat the reserve.</summary>
    public void SetRoom(long octets)
    {
        Volatile.Write(ref _room, octets);
        _full = octets <= 0;
    }

    /// <summary>A body of this size is on its way: it costs its record, its rows and their log.</summary>
    public void Spend(long octets) => Interlocked.Add(ref _room, -((octets * 2) + RowOctets));

    /// <summary>The last measurement is used up.</summary>
    public bool WantsMeasuring => Volatile.Read(ref _room) <= 0;

    public void Seal(string reason)
    {
        if (_sealed is not null) return;
        _sealed = reason;
        log.Sealed(reason);
    }

    /// <summary>A write did not get through (disk full, volume read-only); the next one may.</summary>
    public void Trouble(string reason)
    {
        if (_trouble is null) log.CannotWrite(reason);
        _trouble = reason;
    }

    public void Recovered()
    {
        if (_trouble is not null) log.WritesAgain();
        _trouble = null;
    }

    /// <summary>What a change is told before anything is tried.</summary>
    public StoreError Check(bool bringsMail) =>
        IsSealed ? StoreError.ReadOnly : bringsMail && _full ? StoreError.DiskFull : StoreError.None;
}
