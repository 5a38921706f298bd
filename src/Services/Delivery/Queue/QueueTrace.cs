using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Delivery;

/// <summary>What the trace is told of mail on its way out.</summary>
internal static class QueueTrace
{
    /// <summary>One attempt at a message, as it was settled, and the reports that follow from it.</summary>
    public static void Settled(
        TraceRecorder? recorder, QueueMessage message, IReadOnlyList<QueueOutcome> outcomes,
        IReadOnlyList<(QueueOutcome Outcome, NoticeKind Kind)> notices, DateTimeOffset now)
    {
        if (recorder?.Begin(now) is not { } entry) return;
        var queue = message.Id.ToString();
        foreach (var outcome in outcomes)
        {
            // What is held is looked at every few minutes: said once.
            if (outcome.Fate == Fate.Held && outcome.Recipient.HoldReason == outcome.Reply) continue;
            entry.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, outcome.Recipient.Address)
                .With(TraceField.Destination, outcome.Recipient.Destination).With(TraceField.Result, Word(outcome.Fate))
                .With(TraceField.Status, outcome.Status.ToString()).With(TraceField.Reply, outcome.Reply);
        }
        foreach (var (outcome, kind) in notices)
            entry.Event(TraceKind.Reported).With(TraceField.Queue, queue).With(TraceField.Recipient, outcome.Recipient.Address)
                .With(TraceField.Action, Word(kind)).With(TraceField.To, message.Sender);
        recorder.Add(entry);
    }

    /// <summary>Thrown away by hand.</summary>
    public static void Dropped(TraceRecorder? recorder, QueueId id, string recipient, DateTimeOffset now)
    {
        if (recorder?.Begin(now) is not { } entry) return;
        entry.Event(TraceKind.Dropped).With(TraceField.Queue, id.ToString()).With(TraceField.Recipient, recipient);
        recorder.Add(entry);
    }

    private static string Word(Fate fate) => fate switch
    {
        Fate.Delivered => "delivered",
        Fate.Deferred => "deferred",
        Fate.Failed => "failed",
        _ => "held",
    };

    private static string Word(NoticeKind kind) => kind switch
    {
        NoticeKind.Failed => "failed",
        NoticeKind.Delayed => "delayed",
        _ => "relayed",
    };
}
