// Trace owns what is kept of the life of each message: from the connection to the mailbox, what clients did with it later, or how it left.
// Its data lies in DATA/trace, files of its own: they may be lost and damaged without harm to mail. Rules: telling never waits and never
// throws; what cannot be kept is counted; the catalogues of kinds and fields are closed; the bound holds in octets and in days, and the
// oldest goes first.
using Microsoft.Extensions.Logging;

namespace Aviso.Trace;

/// <summary>
/// Takes entries from mail and writes them, several times a second, in one piece. Thread-safe. Mail pays for putting down the octets; all
/// else is the writer's.
/// </summary>
public sealed class TraceRecorder : IAsyncDisposable
{
    /// <summary>Octets that may wait for the writer; what is more is lost, and counted.</summary>
    private const int MostWaiting = 16 << 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250), TrimEvery = TimeSpan.FromSeconds(30);

    [ThreadStatic]
    private static TraceEntry? _spare;

    private readonly TraceFolder _folder;
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _gate = new(), _writing = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private byte[] _waiting = new byte[64 << 10], _spareBuffer = new byte[64 << 10];
    private int _length, _entries;
    private long _trimmed;
    private long _lost;
    private volatile LostTraces? _lastLost;

    private TraceRecorder(string path, TraceOptions options, TimeProvider clock, ILogger log)
    {
        (_path, _clock, _log, Options) = (path, clock, log, options);
        _folder = TraceFolder.Open(path, options, log);
        _running = RunAsync();
    }

    /// <summary>May be replaced at any time.</summary>
    public TraceOptions Options { get; set; }

    /// <summary>What was lost last, and since when; null while nothing was since the start.</summary>
    public LostTraces? Lost => _lastLost;

    /// <summary>Octets on disk.</summary>
    public long Octets => _folder.Octets;

    internal TraceFolder Folder => _folder;

    /// <summary>Opens or makes the folder <c>trace</c> in the data folder. Throws IOException when it cannot be made.</summary>
    public static TraceRecorder Open(string dataFolder, TraceOptions options, TimeProvider clock, ILogger log) =>
        new(Path.Combine(dataFolder, "trace"), options, clock, log);

    /// <summary>An entry to write events into, to be given back by <see cref="Add"/> before anything is waited for. Null: nothing is
    /// recorded.</summary>
    public TraceEntry? Begin(DateTimeOffset at)
    {
        var options = Options;
        if (!options.Enabled) return null;
        var entry = _spare ?? new();
        _spare = null;
        entry.Start(at.ToUnixTimeMilliseconds(), options.Subjects);
        return entry;
    }

    /// <summary>Takes the entry. Never waits for the disk.</summary>
    public void Add(TraceEntry entry)
    {
        if (!entry.IsEmpty)
        {
            entry.End();
            if (Put(entry)) TraceMeters.Entries.Add(1);
            else Lose(1, "full", null);
        }
        _spare = entry;
    }

    /// <summary>What a relay tells of a message that it took before: found by the queue's id, or by Message-ID.</summary>
    public void Hear(RelayNews news)
    {
        if (Begin(news.At) is not { } entry) return;
        entry.Event(TraceKind.RelaySaid).With(TraceField.Queue, news.Queue).With(TraceField.MessageId, news.MessageId)
            .With(TraceField.Recipient, news.Recipient).With(TraceField.Destination, news.Relay).With(TraceField.Action, news.Event)
            .With(TraceField.Result, news.Result).With(TraceField.Reply, news.Said);
        Add(entry);
    }

    /// <summary>All that was told before this is called can be found when it returns.</summary>
    public void Flush()
    {
        lock (_writing)
        {
            byte[] taken;
            int length, entries;
            lock (_gate)
            {
                (taken, length, entries) = (_waiting, _length, _entries);
                (_waiting, _length, _entries) = (_spareBuffer, 0, 0);
            }
            try
            {
                if (length > 0) _folder.Append(taken.AsSpan(0, length), Options);
                var now = _clock.GetTimestamp();
                if (length > 0 || _clock.GetElapsedTime(_trimmed, now) > TrimEvery)
                {
                    _folder.Trim(_clock.GetUtcNow().ToUnixTimeMilliseconds(), Options);
                    _trimmed = now;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _log.NotWritten(e, _path, entries);
                if (entries > 0) Lose(entries, "disk", e.Message);
            }
            // What a rush has made large is not kept.
            _spareBuffer = taken.Length <= 1 << 20 ? taken : new byte[64 << 10];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Flush();
        _folder.Dispose();
        _stop.Dispose();
    }

    private bool Put(TraceEntry entry)
    {
        var length = entry.Length;
        lock (_gate)
        {
            if (_length + length > MostWaiting) return false;
            if (_length + length > _waiting.Length) Array.Resize(ref _waiting, Math.Max(_waiting.Length * 2, _length + length));
            entry.Write(_waiting.AsSpan(_length, length));
            _length += length;
            _entries++;
        }
        return true;
    }

    private void Lose(int entries, string why, string? detail)
    {
        TraceMeters.Lose(why, entries);
        var all = Interlocked.Add(ref _lost, entries);
        if (why == "full" && _lastLost is null) _log.NotKept();
        _lastLost = new(all, _clock.GetUtcNow(), detail ?? "they came faster than they could be written");
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Pause, _clock);
        while (await timer.WaitForNextTickAsync(_stop.Token)) Flush();
    }
}

/// <summary>Entries that were not kept.</summary>
/// <param name="Entries">Since the start.</param>
/// <param name="At">When the last of them was lost.</param>
public sealed record LostTraces(long Entries, DateTimeOffset At, string Why);

/// <summary>What a relay says of a message later than at the hand-over.</summary>
/// <param name="Relay">Its name in the settings.</param>
/// <param name="Event">The relay's own word, such as "hard_bounce".</param>
/// <param name="Result">delivered, deferred or failed: what it means for the recipient.</param>
/// <param name="Said">In words, or empty.</param>
public sealed record RelayNews(DateTimeOffset At, string Relay, string Event, string Result, string Recipient, string Said)
{
    /// <summary>Id in our queue; empty when the relay does not give it back.</summary>
    public string Queue { get; init; } = "";

    /// <summary>Without angle brackets.</summary>
    public string MessageId { get; init; } = "";
}
