using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Aviso.Base;

namespace Aviso.Net;

/// <summary>
/// One client connection as a protocol sees it: lines, octets, deadlines, who is there, TLS. Tests make one over an
/// in-memory pipe. One reader and one writer at a time, and they may be different tasks (IMAP IDLE). Whoever reads
/// <see cref="Input"/> directly has no deadline and must expect a read that says IsCanceled for no reason; the methods
/// here take care of both. Upgrades (TLS, deflate) stand in WireConnection.Upgrade.cs.
/// </summary>
public sealed partial class WireConnection(string id, WireOrigin origin, IDuplexPipe transport, TimeProvider clock)
    : IHeartbeatListener, IAsyncDisposable
{
    private const long Never = long.MaxValue;
    private const long Expired = long.MinValue;

    private byte[] _scratch = [];
    private ReadOnlySequence<byte> _shown;
    private bool _lineOpen;
    private long _scanned;
    private bool _discarding;

    // Deadlines are timestamps of the clock; the heartbeat compares them, see Beat.
    private long _readDue = Never;
    private long _writeDue = Never;
    private volatile bool _drainable;
    private volatile bool _dead;
    private volatile bool _evicted;
    private bool _listening;
    private bool _disposed;
    private CancellationTokenRegistration _onAborted;
    private CancellationTokenRegistration _onDraining;

    /// <summary>Session id, in every log event of this connection.</summary>
    public string Id { get; } = id;

    public WireOrigin Origin { get; } = origin;

    /// <summary>Who has logged in here; the protocol sets it as soon as it lets them in, null again when they leave.</summary>
    public Principal? Login { get; set; }

    public PipeReader Input { get; private set; } = transport.Input;

    public PipeWriter Output { get; private set; } = transport.Output;

    /// <summary>Cancelled when the peer is gone or the connection is aborted.</summary>
    public CancellationToken Aborted { get; init; }

    /// <summary>Cancelled when the server stops: finish the transaction in hand, then say goodbye.</summary>
    public CancellationToken Draining { get; init; }

    /// <summary>Why the conversation ended; null: nobody said.</summary>
    public Reason? EndReason { get; private set; }

    /// <summary>What was seen, beside the reason in the one log event of this connection.</summary>
    public string? EndDetail { get; private set; }

    /// <summary>Hears what the client does that may count against it.</summary>
    public IEvidence? Evidence { get; init; }

    /// <summary>The protocol says why it ends; the first reason stands. It is counted, and reported when it is evidence, after the last
    /// octet was sent.</summary>
    /// <param name="detail">For the log; nothing from the peer.</param>
    public void End(Reason reason, string? detail = null)
    {
        if (!reason.EndsSession) throw new ArgumentException($"no session ends for {reason}");
        if (EndReason is null) (EndReason, EndDetail) = (reason, detail);
    }

    /// <summary>From outside the conversation: reads say Evicted from now on, so that the protocol ends it in its words.</summary>
    public void Evict()
    {
        _evicted = true;
        WakeReader();
    }

    /// <summary>Evidence that does not end the session.</summary>
    public void Report(Reason reason) => Evidence?.Report(new(Origin.Kind, Origin.Remote.Address, reason));

    /// <summary>
    /// Reads one line of at most <paramref name="limit"/> octets (line end not counted). The line is valid until the next
    /// read. With <paramref name="betweenCommands"/> a stopping server ends the wait with Draining. A longer line is
    /// thrown away as it comes, so no peer can make us hold more than the limit; or see <see cref="KeepsLongLines"/>.
    /// </summary>
    public ValueTask<LineRead> ReadLineAsync(int limit, TimeSpan patience, bool betweenCommands = false)
    {
        ReleaseLine();
        if (NoMoreReads(betweenCommands) is { } ended) return new(new LineRead(ended, default, false));
        try
        {
            if (Input.TryRead(out var read) && TryTakeLine(read, limit, out var line)) return new(line);
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new(new LineRead(ReadStatus.Closed, default, false));
        }
        return WaitForLineAsync(limit, patience, betweenCommands);
    }

    /// <summary>A line over the limit says TooLong at once, with its beginning, and stays unread: the protocol answers and ends, or reads
    /// it again with a higher limit. For clients that are not known yet: nobody listens to them for as long as they like.</summary>
    public bool KeepsLongLines { get; set; }

    /// <summary>True when octets from the peer wait unread: hold back the flush, the peer pipelines (RFC 2920 §3.2).</summary>
    public bool HasBuffered => Waits(static unread => !unread.IsEmpty);

    /// <summary>True when a whole line waits unread: the next <see cref="ReadLineAsync"/> will not wait for the peer.</summary>
    public bool HasLine => Waits(static unread => unread.PositionOf((byte)'\n') is not null);

    private bool Waits(Func<ReadOnlySequence<byte>, bool> isEnough)
    {
        ReleaseLine();
        try
        {
            if (_dead || _refusesReads || !Input.TryRead(out var read)) return false;
            var any = isEnough(read.Buffer);
            Input.AdvanceTo(read.Buffer.Start);
            return any;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return false;
        }
    }

    /// <summary>
    /// Waits for at least <paramref name="atLeast"/> unread octets and shows all that are there; take them with
    /// <see cref="Consume"/>. The octets are valid until Consume or the next read. Closed still shows what came before.
    /// </summary>
    public ValueTask<PeekRead> PeekAsync(TimeSpan patience, int atLeast = 1)
    {
        ReleaseLine();
        if (NoMoreReads(false) is { } ended) return new(new PeekRead(ended, default));
        try
        {
            if (Input.TryRead(out var read) && TryShow(read, atLeast, out var shown)) return new(shown);
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new(new PeekRead(ReadStatus.Closed, default));
        }
        return WaitForOctetsAsync(patience, atLeast);
    }

    /// <summary>Takes the first <paramref name="octets"/> of what <see cref="PeekAsync"/> showed.</summary>
    public void Consume(long octets)
    {
        if (!_lineOpen) throw new InvalidOperationException("nothing was peeked");
        _lineOpen = false;
        Input.AdvanceTo(_shown.GetPosition(octets));
    }

    /// <summary>Sends what was written to <see cref="Output"/>. False when the peer is gone or does not read within
    /// <paramref name="patience"/>.</summary>
    public ValueTask<bool> FlushAsync(TimeSpan patience)
    {
        if (_dead || Aborted.IsCancellationRequested) return new(false);
        try
        {
            // No token here and below: an abort wakes who waits by CancelPending..., which costs nothing while nobody aborts.
            var flush = Output.FlushAsync(CancellationToken.None);
            if (!flush.IsCompletedSuccessfully) return WaitForFlushAsync(flush, patience);
            var done = flush.Result;
            if (!done.IsCanceled) return new(!done.IsCompleted);
            return WaitForFlushAsync(new(done), patience);
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new(false);
        }
    }

    /// <summary>Sends what is still unsent if the peer takes it within five seconds, says goodbye on TLS, and lets go of
    /// the pipes. The transport itself is closed by whoever made it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        ReleaseLine();
        if (Output.CanGetUnflushedBytes && Output.UnflushedBytes > 0) await FlushAsync(FarewellPatience);
        await CloseUpgradesAsync();
        await CompleteAsync(transport.Input, transport.Output);
        _onAborted.Dispose();
        _onDraining.Dispose();
        if (_listening) Heartbeat.Of(clock).Leave(this);
    }

    // Completing a writer flushes what is left without a deadline; after a failed farewell that is thrown away.
    private static async ValueTask CompleteAsync(PipeReader input, PipeWriter output)
    {
        try
        {
            await input.CompleteAsync();
            var unsent = output.CanGetUnflushedBytes && output.UnflushedBytes > 0;
            await output.CompleteAsync(unsent ? new IOException("the peer took nothing more") : null);
        }
        catch (Exception e) when (IsBroken(e))
        {
            // The peer is gone and there is nothing left to say to it.
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<LineRead> WaitForLineAsync(int limit, TimeSpan patience, bool betweenCommands)
    {
        ArmRead(patience, betweenCommands);
        try
        {
            while (true)
            {
                if (NoMoreReads(betweenCommands) is { } ended) return new(ended, default, false);
                var read = await Input.ReadAsync(CancellationToken.None);
                if (TryTakeLine(read, limit, out var line)) return line;
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new(ReadStatus.Closed, default, false);
        }
        finally
        {
            DisarmRead();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<PeekRead> WaitForOctetsAsync(TimeSpan patience, int atLeast)
    {
        ArmRead(patience, false);
        try
        {
            while (true)
            {
                if (NoMoreReads(false) is { } ended) return new(ended, default);
                var read = await Input.ReadAsync(CancellationToken.None);
                if (TryShow(read, atLeast, out var shown)) return shown;
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new(ReadStatus.Closed, default);
        }
        finally
        {
            DisarmRead();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitForFlushAsync(ValueTask<FlushResult> flush, TimeSpan patience)
    {
        Listen();
        Volatile.Write(ref _writeDue, Due(patience));
        try
        {
            while (true)
            {
                if (Aborted.IsCancellationRequested) WakeWriter();
                var done = await flush;
                if (Volatile.Read(ref _writeDue) == Expired || Aborted.IsCancellationRequested) return false;
                if (!done.IsCanceled) return !done.IsCompleted;
                flush = Output.FlushAsync(CancellationToken.None); // a cancellation meant for an earlier flush that had just ended
            }
        }
        catch (Exception e) when (IsBroken(e))
        {
            return false;
        }
        finally
        {
            Volatile.Write(ref _writeDue, Never);
        }
    }

    // Takes a whole line, or gives the reader back its octets as looked at. Discards as it goes once the line is too long.
    private bool TryTakeLine(in ReadResult read, int limit, out LineRead line)
    {
        var buffer = read.Buffer;
        line = default;
        if (_scanned > buffer.Length) _scanned = 0;
        if (buffer.Slice(_scanned).PositionOf((byte)'\n') is { } end)
        {
            _scanned = 0;
            var raw = buffer.Slice(0, end);
            if (KeepsLongLines && !_discarding && raw.Length > (long)limit + 1) return TryShowBeginning(buffer, limit, out line);
            var next = buffer.GetPosition(1, end);
            // One octet more than the limit may be the CR of the line end.
            var flat = _discarding || raw.Length > (long)limit + 1 ? default : Flatten(raw);
            var crlf = flat.Span is [.., (byte)'\r'];
            if (crlf) flat = flat[..^1];
            if (_discarding || raw.Length > (long)limit + 1 || flat.Length > limit)
            {
                _discarding = false;
                Input.AdvanceTo(next);
                line = new(ReadStatus.TooLong, default, false);
                return true;
            }
            _shown = buffer.Slice(next);
            _lineOpen = true;
            line = new(ReadStatus.Complete, flat, crlf);
            return true;
        }
        if (buffer.Length > (long)limit + 1)
        {
            if (KeepsLongLines && !_discarding) return TryShowBeginning(buffer, limit, out line);
            _discarding = true;
            _scanned = 0;
            Input.AdvanceTo(buffer.End);
        }
        else
        {
            _scanned = buffer.Length;
            Input.AdvanceTo(buffer.Start, buffer.End);
        }
        if (!read.IsCompleted) return false;
        line = new(ReadStatus.Closed, default, false);
        return true;
    }

    private bool TryShowBeginning(in ReadOnlySequence<byte> buffer, int limit, out LineRead line)
    {
        _scanned = 0;
        _shown = buffer;
        _lineOpen = true;
        line = new(ReadStatus.TooLong, Flatten(buffer.Slice(0, limit)), false);
        return true;
    }

    private bool TryShow(in ReadResult read, int atLeast, out PeekRead shown)
    {
        var enough = read.Buffer.Length >= atLeast;
        if (enough || read.IsCompleted)
        {
            _shown = read.Buffer;
            _lineOpen = true;
            shown = new(enough ? ReadStatus.Complete : ReadStatus.Closed, read.Buffer);
            return true;
        }
        shown = default;
        Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        return false;
    }

    private void ReleaseLine()
    {
        if (!_lineOpen) return;
        _lineOpen = false;
        _scanned = 0;
        Input.AdvanceTo(_shown.Start);
    }

    private ReadOnlyMemory<byte> Flatten(in ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment) return line.First;
        if (_scratch.Length < line.Length) _scratch = new byte[line.Length];
        line.CopyTo(_scratch);
        return _scratch.AsMemory(0, (int)line.Length);
    }

    private ReadStatus? NoMoreReads(bool betweenCommands) =>
        _dead || _refusesReads || Aborted.IsCancellationRequested ? ReadStatus.Closed
        : _evicted ? ReadStatus.Evicted
        : Volatile.Read(ref _readDue) == Expired ? ReadStatus.TimedOut
        : betweenCommands && Draining.IsCancellationRequested ? ReadStatus.Draining
        : null;

    private static bool IsBroken(Exception e) => e is IOException or OperationCanceledException or ObjectDisposedException
        or SocketException or AuthenticationException or InvalidDataException;

    // --- deadlines -------------------------------------------------------------------------------------------------

    private long Due(TimeSpan patience)
    {
        if (patience == Timeout.InfiniteTimeSpan) return Never;
        var ticks = patience.TotalSeconds * clock.TimestampFrequency;
        return ticks >= Never / 2 ? Never : clock.GetTimestamp() + (long)ticks;
    }

    private void ArmRead(TimeSpan patience, bool drainable)
    {
        Listen();
        Volatile.Write(ref _readDue, Due(patience));
        _drainable = drainable;
    }

    private void DisarmRead()
    {
        Volatile.Write(ref _readDue, Never);
        _drainable = false;
    }

    // The first wait joins the heartbeat: a connection that never waits costs nothing.
    private void Listen()
    {
        if (_listening) return;
        _listening = true;
        Heartbeat.Of(clock).Join(this);
        _onAborted = Aborted.UnsafeRegister(static c => Later((WireConnection)c!, static w => w.Interrupt()), this);
        _onDraining = Draining.UnsafeRegister(static c => Later((WireConnection)c!, static w => w.InterruptIfDrainable()), this);
    }

    // The waiting protocol goes on inside the call that wakes it, so that must never be the heartbeat or whoever cancels.
    private static void Later(WireConnection connection, Action<WireConnection> action) =>
        ThreadPool.UnsafeQueueUserWorkItem(action, connection, preferLocal: false);

    private void Interrupt()
    {
        WakeReader();
        WakeWriter();
    }

    private void InterruptIfDrainable()
    {
        if (_drainable) WakeReader();
    }

    // These run on the thread pool beside a conversation that may be closing its pipes this moment; an exception here
    // would end the process.
    private void WakeReader()
    {
        try
        {
            Input.CancelPendingRead();
        }
        catch (Exception e) when (e is ObjectDisposedException or AggregateException)
        {
            // Nobody waits any more.
        }
    }

    private void WakeWriter()
    {
        try
        {
            Output.CancelPendingFlush();
        }
        catch (Exception e) when (e is ObjectDisposedException or AggregateException)
        {
            // Nobody waits any more.
        }
    }

    void IHeartbeatListener.Beat(long now)
    {
        if (IsDue(ref _readDue, now) || IsDue(ref _writeDue, now)) Later(this, static w => w.Expire());
    }

    private static bool IsDue(ref long due, long now) => Volatile.Read(ref due) is not Expired and var at && now >= at;

    private void Expire()
    {
        var now = clock.GetTimestamp();
        if (TryExpire(ref _readDue, now)) WakeReader();
        if (TryExpire(ref _writeDue, now)) WakeWriter();
    }

    // By exchange: a wait that ended meanwhile, or the next one, must not inherit this deadline.
    private static bool TryExpire(ref long due, long now)
    {
        var at = Volatile.Read(ref due);
        return at != Expired && now >= at && Interlocked.CompareExchange(ref due, Expired, at) == at;
    }
}
