using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Base;

/// <summary>How much of the spool somebody may fill.</summary>
public enum SpoolRight
{
    /// <summary>The server itself, our own machines, a neighbour by LMTP: all of it.</summary>
    Whole,

    /// <summary>Who has logged in: half of it.</summary>
    LoggedIn,

    /// <summary>An eighth, of what is not kept back for others.</summary>
    Stranger,
}

/// <summary>Whose octets are in flight; all of one network share.</summary>
public readonly record struct SpoolOwner(SpoolRight Right, UInt128 Network);

/// <summary>
/// Where message bodies wait between the wire and the store. Up to <see cref="MemoryLimit"/> octets stay in pooled
/// memory; beyond that the body goes on in a spool file that has no name once it is open, so a crash leaves nothing.
/// All bodies together may hold at most <c>budget</c> octets: a body that would pass it gets 452 4.3.1. Nobody gets all of it: a network of
/// strangers an eighth, all strangers three quarters (their small mail excepted), and when it is tight the slowest of them leave.
/// </summary>
public sealed class BodySpool(string folder, long budget, TimeProvider? clock = null, ILogger? log = null)
{
    /// <summary>256 KiB: a body up to this size never touches the spool folder.</summary>
    public const int MemoryLimit = 256 * 1024;

    // Of strangers too it is taken while there is room at all: the mail that people wait for.
    private const long SmallMail = 64 * 1024;

    private static readonly TimeSpan EvictEvery = TimeSpan.FromSeconds(1), SayEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly ILogger _log = log ?? NullLogger.Instance;
    private readonly Dictionary<SpoolOwner, Share> _shares = [];
    private readonly HashSet<SpooledBody> _arriving = [];
    private readonly long _strangers = budget - (budget / 4);
    private long _inFlight;
    private long? _evictedAt, _saidAt;

    /// <summary>Octets held by bodies not yet disposed, 0 or more.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Three quarters of what strangers may have is taken: shares hold without exception, the slow are sent away, and the server
    /// is not ready for more.</summary>
    public bool IsTight => InFlight > _strangers / 4 * 3;

    /// <summary>For the one who asks whether the server is ready; empty when it is not tight.</summary>
    public string TightText => InFlight is var now && IsTight ? $"{now} octets of {budget} are in flight" : "";

    /// <summary>A new, empty body of the server's own. Dispose it when it is stored or given up.</summary>
    public SpooledBody Begin() => new(this, default, null);

    /// <summary>A new, empty body that a client sends.</summary>
    /// <param name="evict">Called, from anywhere and once, when the client is too slow while others wait: end it.</param>
    public SpooledBody Begin(SpoolOwner owner, Action? evict = null)
    {
        var body = new SpooledBody(this, owner, evict);
        lock (_gate)
        {
            if (!body.IsOurs) ShareOf(owner).Bodies++;
            if (owner.Right == SpoolRight.Stranger && evict is not null) _arriving.Add(body);
        }
        return body;
    }

    /// <summary>A body that <paramref name="write"/> fills; nothing of it is held when that throws. Dispose it as any other.</summary>
    public SpooledBody Make(Action<SpooledBody> write)
    {
        var body = Begin();
        try
        {
            write(body);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    internal bool TryReserve(SpooledBody body, long octets)
    {
        var now = _clock.GetTimestamp();
        SpooledBody? leaves = null;
        bool fits;
        lock (_gate)
        {
            body.Pace.Note(body.Length, now, _clock);
            fits = Fits(body, octets);
            if (fits)
            {
                Volatile.Write(ref _inFlight, _inFlight + octets);
                if (!body.IsOurs) ShareOf(body.Owner).Octets += octets;
            }
            if (!fits || IsTight) leaves = Slowest(now);
            if (leaves is not null) _arriving.Remove(leaves);
        }
        if (fits) SpoolMeters.InFlight.Add(octets);
        else SpoolMeters.Refused.Add(1);
        if (!fits || IsTight) SayTight(now);
        if (leaves is not null) Evict(leaves, now);
        return fits;
    }

    internal void Return(SpooledBody body, long octets)
    {
        lock (_gate)
        {
            Volatile.Write(ref _inFlight, _inFlight - octets);
            _arriving.Remove(body);
            if (!body.IsOurs && _shares.TryGetValue(body.Owner, out var share))
            {
                share.Octets -= octets;
                if (--share.Bodies <= 0) _shares.Remove(body.Owner);
            }
        }
        SpoolMeters.InFlight.Add(-octets);
    }

    internal void Settle(SpooledBody body)
    {
        lock (_gate) _arriving.Remove(body);
    }

    internal SafeFileHandle OpenFile()
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, Path.GetRandomFileName());
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        return file;
    }

    private bool Fits(SpooledBody body, long octets)
    {
        if (_inFlight + octets > Most(body, octets)) return false;
        if (body.IsOurs) return true;
        var share = ShareOf(body.Owner);
        // One message alone may be larger than a share (limits.message_size): while there is room for all.
        if (share.Bodies == 1 && !IsTight) return true;
        return share.Octets + octets <= budget / (body.Owner.Right == SpoolRight.Stranger ? 8 : 2);
    }

    // Of the quarter that strangers leave, one half is for small mail too.
    private long Most(SpooledBody body, long octets) => body.Owner.Right != SpoolRight.Stranger ? budget
        : body.Length + octets > SmallMail ? _strangers : budget - (budget / 8);

    private Share ShareOf(SpoolOwner owner)
    {
        if (!_shares.TryGetValue(owner, out var share)) _shares[owner] = share = new();
        return share;
    }

    // Who sends at a fair pace may finish, however tight it is.
    private SpooledBody? Slowest(long now)
    {
        if (_evictedAt is { } last && _clock.GetElapsedTime(last, now) < EvictEvery) return null;
        SpooledBody? slowest = null;
        var least = (double)SpoolPace.Fair;
        foreach (var body in _arriving)
        {
            var pace = body.Pace.At(body.Length, now, _clock);
            if (body.Length > SmallMail && pace < least) (slowest, least) = (body, pace);
        }
        if (slowest is not null) _evictedAt = now;
        return slowest;
    }

    private void Evict(SpooledBody body, long now)
    {
        SpoolMeters.Evicted.Add(1);
        _log.SlowGivenUp(body.Length, body.Pace.At(body.Length, now, _clock));
        body.Evict();
    }

    private void SayTight(long now)
    {
        lock (_gate)
        {
            if (_saidAt is { } last && _clock.GetElapsedTime(last, now) < SayEvery) return;
            _saidAt = now;
        }
        _log.SpoolTight(InFlight, budget);
    }

    private sealed class Share
    {
        public long Octets { get; set; }

        public int Bodies { get; set; }
    }
}
