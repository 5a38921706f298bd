using Aviso.Base;
using Aviso.Store.Blobs;
using Aviso.Store.Commit;

namespace Aviso.Store.Rebuild;

/// <summary>What is known of a recipient of queued mail.</summary>
internal enum QueueStanding
{
    Done, Left,

    /// <summary>It may have been served: sending it again by itself could be the second time.</summary>
    Doubtful,
}

/// <summary>Which recipients of queued mail still wait, by the journal.</summary>
internal sealed class JournalQueue
{
    private readonly HashSet<(long Queue, int Number)> _done = [];
    private readonly HashSet<(long Queue, int Number)> _left = [];
    private long _mark;

    /// <summary>What was queued up to here may have been done without our knowing: the journal has a gap, or does not reach back.</summary>
    public DateTimeOffset DoubtUntil { get; set; } = DateTimeOffset.MinValue;

    public QueueStanding Of(long queue, int number)
    {
        if (_done.Contains((queue, number))) return QueueStanding.Done;
        if (queue <= _mark && !_left.Contains((queue, number))) return QueueStanding.Done;
        return IdSource.TimeOf(queue) <= DoubtUntil ? QueueStanding.Doubtful : QueueStanding.Left;
    }

    public void Replay(JournalKind kind, long first, ref FieldReader from)
    {
        if (kind == JournalKind.QueueMark) _mark = Math.Max(_mark, first);
        else if (kind == JournalKind.QueueDone) _done.Add((first, from.Int()));
        else _left.Add((first, from.Int()));
    }

    /// <summary>A base that could not be read whole does not tell who is done by not naming him.</summary>
    public void ForgetMark() => _mark = 0;
}
