using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What a log of records says to a client that knows an older state (RFC 8620 §5.2).</summary>
internal static class RecordChanges
{
    /// <summary>What has changed since a state, at most so much; the rest by asking again.</summary>
    public static ChangesAnswer Since(this RecordLog log, ChangesArguments arguments)
    {
        var since = JmapState.Since(arguments.SinceState);
        if (since > log.Number || since < log.Floor) throw MethodFailure.CannotCalculateChanges();
        var net = new Dictionary<string, RecordChangeKind?>(StringComparer.Ordinal);
        var reached = since;
        foreach (var step in log.Changes.Where(c => c.State > since).GroupBy(c => c.State))
        {
            var next = new Dictionary<string, RecordChangeKind?>(net, StringComparer.Ordinal);
            foreach (var (_, kind, id) in step)
                next[id] = Join(next.TryGetValue(id, out var before) ? before : null, kind, next.ContainsKey(id));
            if (next.Values.Count(k => k is not null) > arguments.MaxChanges)
            {
                // RFC 8620 §5.2: no intermediate state is small enough.
                if (reached == since) throw MethodFailure.CannotCalculateChanges();
                break;
            }
            (net, reached) = (next, step.Key);
        }
        return new(arguments.SinceState, JmapState.Of(reached))
        {
            HasMoreChanges = reached < log.Number,
            Created = Of(RecordChangeKind.Created),
            Updated = Of(RecordChangeKind.Updated),
            Destroyed = Of(RecordChangeKind.Destroyed),
        };

        List<string> Of(RecordChangeKind kind) => [.. net.Where(n => n.Value == kind).Select(n => n.Key)];
    }

    // Created and gone again is nothing at all; null stands for it.
    private static RecordChangeKind? Join(RecordChangeKind? before, RecordChangeKind now, bool isKnown) => (before, now) switch
    {
        (RecordChangeKind.Created, RecordChangeKind.Updated) => RecordChangeKind.Created,
        (RecordChangeKind.Created, RecordChangeKind.Destroyed) => null,
        (RecordChangeKind.Destroyed, RecordChangeKind.Created) => RecordChangeKind.Updated,
        (null, RecordChangeKind.Created) when isKnown => RecordChangeKind.Created,
        _ => now,
    };
}
