using System.Net;
using Aviso.Base;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Trace;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

// The queue's rules: a recipient leaves it only by a settlement, written after the remote's final reply (or a permanent reason) and
// together with the notice about it. A recipient is leased to one delivery at a time; if we die, the lease ends and it is tried
// again: a message may come twice then (RFC 1047), never not at all. A quota holds and never drops.

/// <summary>How the queue sends.</summary>
public sealed record QueueRunnerOptions
{
    /// <summary>Our name in EHLO and in notices.</summary>
    public required string HostName { get; init; }

    public IReadOnlyList<RelaySettings> Relays { get; init; } = [];

    /// <summary>Connections at once in all.</summary>
    public int Connections { get; init; } = 20;

    /// <summary>Connections at once to one domain; relays have their own figure.</summary>
    public int ConnectionsPerDestination { get; init; } = 2;

    public QueueSchedule Schedule { get; init; } = new();

    public SmtpClientTimeouts Timeouts { get; init; } = new();

    /// <summary>How long a quota's hold lasts before it is looked at again.</summary>
    public TimeSpan QuotaCheck { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longer than any batch takes: what a crash leaves is tried again after this.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(30);
}

/// <summary>What the queue needs of others.</summary>
/// <param name="MayDial">The guard for addresses that came from the DNS.</param>
/// <param name="IsOurHost">Is this host name this server (RFC 5321 §5.1 loop rule).</param>
public sealed record QueueParts(
    IQueueRows Queue, BodySpool Spool, IMessageReader Reader, IResolver Resolver, IRouter Router, INoticeTarget Notices,
    IdSource Ids, Func<IPAddress, bool> MayDial, Func<string, bool> IsOurHost, TimeProvider Clock, ILogger Log)
{
    /// <summary>Why nothing of an account may leave now, or null.</summary>
    public Func<AccountId, string?> HoldReason { get; init; } = _ => null;

    public Dial Dial { get; init; } = SocketDial.ConnectAsync;

    /// <summary>Is this an address of this host (RFC 5321 §5.1 loop rule, for hosts that the guard does not let us dial).</summary>
    public Func<IPAddress, bool> IsOurAddress { get; init; } = _ => false;

    /// <summary>Replaces the certificate check of relays with verified TLS; null for the system's authorities.</summary>
    public System.Net.Security.RemoteCertificateValidationCallback? Verify { get; init; }

    /// <summary>The only authorities that count instead of the system's; null for the system's.</summary>
    public System.Security.Cryptography.X509Certificates.X509Certificate2Collection? Roots { get; init; }

    /// <summary>What other domains say by MTA-STS; null when nobody asks.</summary>
    public StsPolicies? Sts { get; init; }

    /// <summary>Counts sessions for TLS reports; null when nobody does.</summary>
    public TlsTally? TlsTally { get; init; }

    /// <summary>Told of each attempt before it is settled.</summary>
    public Action<QueueId, IReadOnlyList<QueueTry>> Tried { get; init; } = (_, _) => { };

    /// <summary>Keeps what goes to relays; null when nobody does.</summary>
    public IRelayLedger? Relayed { get; init; }

    /// <summary>The relay that mail went away from last.</summary>
    public Func<LeftRelay?> Left { get; init; } = static () => null;

    /// <summary>Keeps the life of each message.</summary>
    public TraceRecorder? Trace { get; init; }
}

/// <summary>
/// Keeps what is handed to relays, so that what they say of it later finds its message. Neither method keeps mail from leaving: what fails
/// in it is its own matter.
/// </summary>
public interface IRelayLedger
{
    /// <summary>Before the message goes out.</summary>
    Task HandingOverAsync(
        string relay, QueueMessage message, IReadOnlyList<QueueRecipient> recipients, StoredBody body, CancellationToken cancel);

    /// <summary>After it: the relay's replies may name it by an id of the relay's. Never throws.</summary>
    Task HandedOverAsync(string relay, QueueMessage message, IReadOnlyList<QueueTry> tries);
}

/// <summary>What an attempt at one recipient came to, for those who watch the queue.</summary>
/// <param name="Destination">A domain or "relay:NAME".</param>
/// <param name="IsFinal">Delivered, or refused for good.</param>
/// <param name="Said">The code that another server named (RFC 3463); null when it named none or said nothing.</param>
/// <param name="Reply">Host and words, or why it waits.</param>
public sealed record QueueTry(string Recipient, string Destination, bool IsDelivered, bool IsFinal, EnhancedCode? Said, string Reply)
{
    /// <summary>It was not tried: a quota or a person holds it.</summary>
    public bool IsHeld { get; init; }
}

/// <summary>Leases what is due and gives it to deliveries, so many at once.</summary>
public sealed class QueueRunner : IDisposable
{
    private const int RowsPerDelivery = 50;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BusySleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);

    private readonly QueueParts _parts;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _slots;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _active = [];
    private readonly List<Task> _deliveries = [];
    private readonly HopPool _pool;
    private readonly RelayQuota _quota;
    private int _woken;
    private long _countAgainAt;

    public QueueRunner(QueueParts parts, QueueRunnerOptions options)
    {
        _parts = parts;
        Options = options;
        _slots = new(options.Connections);
        _pool = new(parts.Clock);
        _quota = new(parts.Queue, parts.Clock);
    }

    /// <summary>May be replaced while it runs; takes effect with the next batch (the number of connections on restart).</summary>
    public QueueRunnerOptions Options
    {
        get;
        set
        {
            field = value;
            QueueMeters.Expect(value.Relays);
        }
    }

    /// <summary>After <see cref="RunAsync"/> has returned.</summary>
    public void Dispose()
    {
        _wake.Dispose();
        _slots.Dispose();
        _quota.Dispose();
    }

    /// <summary>Something new is in the queue: look at once.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0) _wake.Release();
    }

    /// <summary>Runs until <paramref name="stop"/>; then finishes the messages in hand, at most 10 s.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var abort = new CancellationTokenSource();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await StartDueAsync(stop, abort.Token) == 0) await SleepAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                _parts.Log.QueueUnreadable(e);
                await Task.Delay(BusySleep, _parts.Clock, CancellationToken.None);
            }
        }
        abort.CancelAfter(DrainPatience);
        await Task.WhenAll(Deliveries());
        await _pool.CloseAsync();
    }

    /// <summary>Tries everything that is due and returns when nothing is: for tests and for verbs.</summary>
    public async Task DeliverDueAsync(CancellationToken cancel)
    {
        while (await StartDueAsync(cancel, cancel) > 0 || Deliveries().Count > 0) await Task.WhenAll(Deliveries());
        await _pool.CloseAsync();
    }

    /// <summary>Reads the figures for metrics; called by the server now and then.</summary>
    public async Task RefreshMetricsAsync(CancellationToken cancel)
    {
        // Counting a million waiting recipients takes a while: a hundredth of the time at most goes into it.
        var began = _parts.Clock.GetTimestamp();
        if (began < Volatile.Read(ref _countAgainAt)) return;
        QueueMeters.Show(await _parts.Queue.QueueTotalsAsync(cancel), _parts.Clock);
        foreach (var gone in QueueMeters.QuotaRemaining.Keys.Where(name => !Options.Relays.Any(r => r.Name == name && r.Quota > 0)))
            QueueMeters.QuotaRemaining.TryRemove(gone, out _);
        foreach (var relay in Options.Relays.Where(r => r.Quota > 0))
            QueueMeters.QuotaRemaining[relay.Name] = Math.Max(0, await _quota.RemainingAsync(relay, cancel));
        var ended = _parts.Clock.GetTimestamp();
        Volatile.Write(ref _countAgainAt, ended + ((ended - began) * 100));
    }

    /// <summary>Recipients that a relay still takes in its span; null when it has no quota.</summary>
    public async Task<long?> QuotaLeftAsync(string relay, CancellationToken cancel) =>
        Options.Relays.FirstOrDefault(r => r.Name == relay) is { Quota: > 0 } known ? Math.Max(0,
            await _quota.RemainingAsync(known, cancel)) : null;

    // Leases and starts; returns the recipients leased.
    private async Task<int> StartDueAsync(CancellationToken stop, CancellationToken abort)
    {
        var options = Options;
        var free = _slots.CurrentCount;
        if (free == 0) return 0;
        var now = Now;
        var leaseUntil = now + (long)options.Lease.TotalMilliseconds;
        var rows = await _parts.Queue.LeaseAsync(now, leaseUntil, free * RowsPerDelivery, Busy(options), stop);
        foreach (var destination in rows.GroupBy(r => r.Destination))
            foreach (var share in Shares(destination, options))
                Start(destination.Key, share, leaseUntil, options, stop, abort);
        return rows.Count;
    }

    private HashSet<string> Busy(QueueRunnerOptions options)
    {
        lock (_gate) return _active.Where(a => a.Value >= Limit(a.Key, options)).Select(a => a.Key).ToHashSet();
    }

    private static int Limit(string destination, QueueRunnerOptions options) =>
        options.Relays.FirstOrDefault(r => r.Destination == destination)?.Connections ?? options.ConnectionsPerDestination;

    // The recipients of one message stay together (one transaction); messages are dealt out over the free connections.
    private IEnumerable<List<QueueRecipient>> Shares(IGrouping<string, QueueRecipient> rows, QueueRunnerOptions options)
    {
        var messages = rows.GroupBy(r => r.Message).Select(g => g.ToList()).ToList();
        int free;
        lock (_gate) free = Limit(rows.Key, options) - _active.GetValueOrDefault(rows.Key);
        var shares = Math.Clamp((messages.Count + 4) / 5, 1, Math.Max(1, free));
        return messages.Select((m, i) => (m, i)).GroupBy(x => x.i % shares).Select(g => g.SelectMany(x => x.m).ToList());
    }

    private void Start(
        string destination, List<QueueRecipient> rows, long leaseUntil, QueueRunnerOptions options, CancellationToken stop, CancellationToken abort)
    {
        lock (_gate)
        {
            _active[destination] = _active.GetValueOrDefault(destination) + 1;
            _deliveries.RemoveAll(d => d.IsCompleted);
            _deliveries.Add(Task.Run(() => DeliverAsync(destination, rows, leaseUntil, options, stop, abort), CancellationToken.None));
        }
    }

    private async Task DeliverAsync(
        string destination, List<QueueRecipient> rows, long leaseUntil, QueueRunnerOptions options, CancellationToken stop, CancellationToken abort)
    {
        try
        {
            await _slots.WaitAsync(abort);
            try
            {
                var delivery = new QueueDelivery(_parts, options, _pool, _quota, destination, leaseUntil);
                await delivery.RunAsync(rows, stop, abort);
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped in the middle: the lease ends by itself.
        }
        catch (Exception e)
        {
            _parts.Log.DeliveryBroke(e, destination, rows.Count);
        }
        finally
        {
            lock (_gate)
            {
                if (--_active[destination] == 0) _active.Remove(destination);
            }
            Wake();
        }
    }

    private async Task SleepAsync(CancellationToken stop)
    {
        await _pool.CloseIdleAsync();
        await RefreshMetricsAsync(stop);
        var next = await _parts.Queue.NextDueAsync(stop);
        var wait = next is null ? LongestSleep : TimeSpan.FromMilliseconds(Math.Max(0, next.Value - Now));
        // Due, but its destination has all connections it may have: a delivery that ends wakes us.
        if (wait <= TimeSpan.Zero) wait = BusySleep;
        // Parked connections want closing soon.
        var longest = _pool.Count > 0 ? HopPool.Idle : LongestSleep;
        if (await _wake.WaitAsync(wait < longest ? wait : longest, stop)) Volatile.Write(ref _woken, 0);
    }

    private List<Task> Deliveries()
    {
        lock (_gate) return _deliveries.Where(d => !d.IsCompleted).ToList();
    }

    private long Now => _parts.Clock.GetUtcNow().ToUnixTimeMilliseconds();
}
