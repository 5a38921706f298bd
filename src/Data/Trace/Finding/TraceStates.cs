namespace Aviso.Trace;

/// <summary>What became of a message.</summary>
public enum TraceState
{
    /// <summary>Its beginning is not kept any more, or it is only now being received.</summary>
    Unknown,

    /// <summary>Nobody has it, and its sender was told so in the reply.</summary>
    Refused,

    /// <summary>The client ended the transaction itself.</summary>
    GivenUp,

    /// <summary>It lies in every mailbox that it should.</summary>
    Delivered,

    /// <summary>Other servers took it.</summary>
    Sent,

    /// <summary>Scripts of its recipients threw it away, or a trap took it.</summary>
    Discarded,

    /// <summary>Somebody has not got it yet; it is tried again.</summary>
    Waiting,

    /// <summary>Nobody got it after it was accepted.</summary>
    Failed,

    /// <summary>Some got it and some did not.</summary>
    Partly,

    /// <summary>It was accepted, and what became of it is for others to see.</summary>
    Accepted,
}

/// <summary>Says by its events what became of a message.</summary>
internal static class TraceStates
{
    public static TraceState Of(IReadOnlyList<TraceEvent> events)
    {
        var fates = new Dictionary<string, Fate>(StringComparer.OrdinalIgnoreCase);
        var (filed, discarded, refused, notFiled, isAccepted, isGivenUp) = (0, 0, 0, 0, false, false);
        foreach (var one in events)
        {
            switch (one.Kind)
            {
                case TraceKind.Filed: filed++; break;
                case TraceKind.Discarded or TraceKind.Trapped: discarded++; break;
                case TraceKind.RecipientRefused or TraceKind.SenderRefused: refused++; break;
                case TraceKind.ConnectionRefused or TraceKind.Refused: refused++; break;
                case TraceKind.NotFiled: notFiled++; break;
                case TraceKind.GivenUp: isGivenUp = true; break;
                case TraceKind.Accepted: isAccepted = true; break;
                case TraceKind.Queued: fates.TryAdd(KeyOf(one), Fate.Waiting); break;
                case TraceKind.Tried: Take(fates, one); break;
                case TraceKind.Dropped: fates[KeyOf(one)] = Fate.Failed; break;
            }
        }
        // A relay's clock may say that it dropped the message before it took it.
        foreach (var said in events.Where(e => e.Kind == TraceKind.RelaySaid)) Take(fates, said);
        if (fates.ContainsValue(Fate.Waiting)) return TraceState.Waiting;
        var sent = fates.Values.Count(f => f == Fate.Sent);
        var failed = fates.Count - sent + (isAccepted ? notFiled : 0);
        if (failed > 0) return filed + sent + discarded > 0 ? TraceState.Partly : TraceState.Failed;
        if (filed + sent + discarded > 0) return refused + notFiled > 0 ? TraceState.Partly
            : filed > 0 ? TraceState.Delivered : sent > 0 ? TraceState.Sent : TraceState.Discarded;
        if (isAccepted) return TraceState.Accepted;
        return refused > 0 ? TraceState.Refused : isGivenUp ? TraceState.GivenUp : TraceState.Unknown;
    }

    private static void Take(Dictionary<string, Fate> fates, TraceEvent said)
    {
        var key = KeyOf(said);
        // A relay may know the message by another name of its recipient than we do; with one recipient it is that one.
        if (said.Kind == TraceKind.RelaySaid && !fates.ContainsKey(key))
        {
            var to = fates.Keys.Where(k => k.EndsWith(" " + said.Get(TraceField.Recipient), StringComparison.OrdinalIgnoreCase)).ToList();
            if (to.Count == 0 && fates.Count == 1) to = [.. fates.Keys];
            if (to.Count != 1) return;
            key = to[0];
        }
        Fate? fate = said.Get(TraceField.Result) switch
        {
            "delivered" => Fate.Sent,
            "failed" => Fate.Failed,
            // What a relay puts off it has taken all the same.
            _ => said.Kind == TraceKind.Tried ? Fate.Waiting : null,
        };
        if (fate is { } known) fates[key] = known;
    }

    private static string KeyOf(TraceEvent one) => $"{one.Get(TraceField.Queue)} {one.Get(TraceField.Recipient)}";

    private enum Fate
    {
        Waiting, Sent, Failed,
    }
}
