using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>From outcomes to rows: what goes, what is tried again when, which notices follow. One transaction a message.</summary>
internal sealed class QueueSettling(QueueParts parts, QueueRunnerOptions options)
{
    private const int Tries = 6;

    private readonly Bounces _bounces = new(
        options.HostName, parts.Spool, parts.Reader, parts.Router, parts.Notices, parts.Ids, parts.Clock, parts.Log);

    public async Task SettleAsync(QueueMessage message, List<QueueOutcome> outcomes)
    {
        var now = Now;
        var age = TimeSpan.FromMilliseconds(now - message.ArrivedAt);
        var settlements = new List<QueueSettlement>();
        var notices = new List<(QueueOutcome, NoticeKind)>();
        var settled = new List<QueueOutcome>(outcomes.Count);
        foreach (var tried in outcomes)
        {
            var outcome = GiveUp(tried, age);
            settled.Add(outcome);
            var kind = Notice(outcome, age);
            if (kind is { } k) notices.Add((outcome, k));
            settlements.Add(Settlement(outcome, now, kind == NoticeKind.Delayed));
        }
        var follows = await _bounces.MakeAsync(message, notices, options.Schedule.GiveUpAfter,
            () => OpenWholeAsync(message.Id), CancellationToken.None);
        try
        {
            await WriteAsync(settlements, follows);
            QueueTrace.Settled(parts.Trace, message, settled, follows.Count > 0 ? notices : [], parts.Clock.GetUtcNow());
        }
        finally
        {
            foreach (var follow in follows) follow.Body.Dispose();
        }
    }

    /// <summary>A bounce about a message that is damaged on our disk goes without its header rather than not at all.</summary>
    private async Task<StoredBody?> OpenWholeAsync(QueueId id)
    {
        var stored = await parts.Queue.OpenQueueBodyAsync(id, CancellationToken.None);
        if (stored is not { Fault: not null }) return stored;
        stored.Dispose();
        return null;
    }

    /// <summary>Not begun: due again at once.</summary>
    public Task GiveBackAsync(IEnumerable<QueueRecipient> rows) =>
        WriteAsync(rows.Select(r => new QueueSettlement(r.Message, r.Number, QueueResult.Postpone, r.DueAt, r.LastReply, Now)).ToList(), []);

    /// <summary>Goes another way now.</summary>
    public Task MoveAsync(IEnumerable<(QueueRecipient Row, string To)> moved) =>
        WriteAsync(moved.Select(m => new QueueSettlement(m.Row.Message, m.Row.Number, QueueResult.Postpone, Now, m.Row.LastReply, Now, Destination: m.To)).ToList(), []);

    private QueueOutcome GiveUp(QueueOutcome outcome, TimeSpan age)
    {
        var (schedule, attempts) = (options.Schedule, outcome.Recipient.Attempts + 1);
        if (outcome.Fate != Fate.Deferred) return outcome;
        // The mailbox being full says more than that time is over.
        if (outcome.IsFull && schedule.GivesUpFull(age, attempts)) return outcome with { Fate = Fate.Failed, Status = new(5, 2, 2) };
        if (!schedule.GivesUp(age, attempts)) return outcome;
        // RFC 3463 §3.5: X.4.7 delivery time expired.
        return outcome with
        {
            Fate = Fate.Failed,
            Status = new(5, 4, 7),
            Reply = $"given up after {SpanText.Of(age)}; last: {outcome.Reply}",
        };
    }

    private NoticeKind? Notice(QueueOutcome outcome, TimeSpan age) => outcome.Fate switch
    {
        Fate.Failed => NoticeKind.Failed,
        // RFC 3461 §5.2.2 (c): the next hop will not say, so we say how far it came.
        Fate.Delivered when !outcome.PeerHasDsn && outcome.Recipient.Notify.HasFlag(DsnNotify.Success) => NoticeKind.Relayed,
        Fate.Deferred or Fate.Held when !outcome.IsQuiet && age >= options.Schedule.DelayNoticeAfter && !outcome.Recipient.DelayNotified => NoticeKind.Delayed,
        _ => null,
    };

    private QueueSettlement Settlement(QueueOutcome outcome, long now, bool delayNotified)
    {
        var row = outcome.Recipient;
        var (result, due, hold) = outcome.Fate switch
        {
            Fate.Deferred => (QueueResult.Retry, now + Ms(options.Schedule.WaitAfter(row.Attempts + 1)), ""),
            Fate.Held => (QueueResult.Postpone, now + Ms(options.QuotaCheck), outcome.Reply),
            _ => (QueueResult.Done, now, ""),
        };
        // What holds it back stands in the reason; the last reply stays what a remote said.
        return new(row.Message, row.Number, result, due, outcome.Fate == Fate.Held ? "" : outcome.Reply, now, outcome.Relay, row.DelayNotified || delayNotified, hold);
    }

    // A message that is gone out and whose row stays would go out twice: the store gets time to recover before that.
    private async Task WriteAsync(IReadOnlyList<QueueSettlement> settlements, IReadOnlyList<Acceptance> follows)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await parts.Queue.SettleAsync(settlements, follows, CancellationToken.None);
                return;
            }
            catch (Exception e) when (tries < Tries)
            {
                parts.Log.OutcomeUnwritten(e, settlements[0].Message, tries);
                await Task.Delay(TimeSpan.FromSeconds(tries), parts.Clock);
            }
        }
    }

    private static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    private long Now => parts.Clock.GetUtcNow().ToUnixTimeMilliseconds();
}
