using System.Globalization;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Trace;

/// <summary>What a commit of the store says about messages: what clients did with them, and what the server wrote itself.</summary>
/// <param name="ids">Where the ids of all traces come from, or two messages would share one.</param>
public sealed class StoreTrace(TraceRecorder recorder, IdSource ids, TimeProvider clock)
{
    /// <summary>Emails in one entry.</summary>
    private const int MostEmails = 500;

    /// <summary>Called on the committing thread: it only puts octets down.</summary>
    public void Hear(CommitNews news)
    {
        var now = clock.GetUtcNow();
        foreach (var made in news.Made) Made(made, now);
        foreach (var change in news.Changes)
            for (var from = 0; from < change.Emails.Count; from += MostEmails) Changed(change, from, now);
    }

    private void Changed(EntryChange change, int from, DateTimeOffset now)
    {
        if (recorder.Begin(now) is not { } entry) return;
        var end = Math.Min(from + MostEmails, change.Emails.Count);
        for (var i = from; i < end; i += 100)
        {
            Event(entry, change);
            for (var k = i; k < Math.Min(i + 100, end); k++)
                entry.With(TraceField.Email, change.Emails[k].Email.ToString()).With(TraceField.Uid, change.Emails[k].Uid);
        }
        recorder.Add(entry);
    }

    private static void Event(TraceEntry entry, EntryChange change)
    {
        entry.Event(change.Deed switch
        {
            EntryDeed.Flagged => TraceKind.Flagged,
            EntryDeed.Moved => TraceKind.Moved,
            EntryDeed.Copied => TraceKind.Copied,
            _ => TraceKind.Expunged,
        });
        entry.With(TraceField.Account, change.Account.ToString()).With(TraceField.Folder, change.Mailbox).With(TraceField.From, change.From)
            .With(TraceField.Set, Words(change.Set)).With(TraceField.Unset, Words(change.Unset));
        if (change.By is not { } by) return;
        entry.With(TraceField.Protocol, by.Protocol).With(TraceField.Program, by.Program).With(TraceField.Login, by.Login)
            .With(TraceField.Client, by.Address);
    }

    private void Made(MadeMessage made, DateTimeOffset now)
    {
        if (recorder.Begin(now) is not { } entry) return;
        var queue = made.Accepted.Queue?.ToString();
        entry.Event(TraceKind.Made).With(TraceField.Action, made.Origin).With(TraceField.Id, IdText.Format(ids.Next()))
            .With(TraceField.MessageId, made.Acceptance.Rendered.MessageId).With(TraceField.Size, made.Size)
            .With(TraceField.Sender, made.Acceptance.Queue?.Sender);
        for (var i = 0; i < made.Accepted.Targets.Count; i++)
        {
            var (target, outcome) = (made.Acceptance.Targets[i], made.Accepted.Targets[i]);
            entry.Event(outcome.Ok ? TraceKind.Filed : TraceKind.NotFiled).With(TraceField.Account, target.Account.ToString())
                .With(TraceField.Folder, target.Mailbox);
            if (outcome.Value is { } filed)
                entry.With(TraceField.Uid, filed.Uid).With(TraceField.Email, filed.Email.ToString());
            else entry.With(TraceField.Cause, outcome.Error.ToString());
        }
        foreach (var recipient in made.Acceptance.Queue?.Recipients ?? [])
            entry.Event(TraceKind.Queued).With(TraceField.Queue, queue).With(TraceField.Recipient, recipient.Address)
                .With(TraceField.Destination, recipient.Destination).With(TraceField.Account, made.Acceptance.Queue?.Account?.ToString());
        recorder.Add(entry);
    }

    private static string? Words(SystemFlags flags) => flags switch
    {
        SystemFlags.None => null,
        SystemFlags.Seen => "seen",
        SystemFlags.Deleted => "deleted",
        SystemFlags.Flagged => "flagged",
        SystemFlags.Answered => "answered",
        _ => flags.ToString().ToLower(CultureInfo.InvariantCulture),
    };
}
