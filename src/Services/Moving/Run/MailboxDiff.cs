using Aviso.Store;

namespace Aviso.Moving;

/// <summary>How a mailbox there differs from what was taken of it.</summary>
/// <param name="New">Not here yet.</param>
/// <param name="Changed">Its flags or keywords changed there since; with where it is here.</param>
/// <param name="Gone">Taken once, and not there any more.</param>
internal sealed record MailboxDiff(
    IReadOnlyList<SourceMessage> New, IReadOnlyList<(SourceMessage Message, uint Uid)> Changed, IReadOnlyList<TakenMessage> Gone, int Same)
{
    /// <param name="all">All that is noted of the account.</param>
    /// <param name="here">Null: the mailbox is not here yet.</param>
    public static MailboxDiff Of(
        MailSource source, IReadOnlyList<SourceMessage> there, IReadOnlyCollection<TakenMailbox> all, string label, MailboxId? here) =>
        Of(there, all.FirstOrDefault(taken => taken.Mailbox == here && taken.Label == label), [.. all.Where(taken =>
            taken.Label == label ? source.MovesByItself && taken.Mailbox != here : taken.Mailbox == here)]);

    /// <param name="taken">Of this source; null: nothing yet.</param>
    /// <param name="others">Of other sources in the same mailbox, or of other mailboxes: what they brought is not brought again.</param>
    private static MailboxDiff Of(IReadOnlyList<SourceMessage> there, TakenMailbox? taken, IReadOnlyList<TakenMailbox> others)
    {
        var (fresh, changed) = (new List<SourceMessage>(), new List<(SourceMessage, uint)>());
        var (seen, same) = (new HashSet<UInt128>(), 0);
        foreach (var message in there)
        {
            if (!seen.Add(message.Key)) same++;
            else if (taken?.Find(message.Key) is { Uid: > 0 } known)
            {
                if (message.IsAsTaken || known.Flags == TakenMessage.MarkOf(message)) same++;
                else changed.Add((message, known.Uid));
            }
            else if (message.IsAsTaken || others.Any(other => other.Find(message.Key) is { Uid: > 0 })) same++;
            else fresh.Add(message);
        }
        return new(fresh, changed, taken is null ? [] : [.. taken.All.Where(message => message.Uid > 0 && !seen.Contains(message.Key))],
            same);
    }
}
