using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// What changed of an account's emails, threads and mailboxes since a client last heard (RFC 8620 §5.2), exactly: from the picture what
/// is there and since when, from the store's log what is gone.
/// </summary>
internal sealed class MailChanges
{
    private readonly AccountMail _mail;
    private readonly ChangePoint _since;
    private readonly GoneSince _gone;

    private MailChanges(AccountMail mail, ChangePoint since, GoneSince gone) => (_mail, _since, _gone) = (mail, since, gone);

    /// <summary>What a call of /changes asks for, and what has changed.</summary>
    /// <exception cref="MethodFailure">As <see cref="SinceAsync"/>; invalidArguments.</exception>
    public static async Task<(ChangesArguments Arguments, AccountMail Mail, MailChanges Since)> AskedAsync(
        Call call, MailRoom room, JmapLimits limits, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        var mail = await room.Mail.OfAsync(call, cancel);
        return (arguments, mail, await SinceAsync(mail, ChangePoint.Read(arguments.SinceState), room.Store, cancel));
    }

    /// <exception cref="MethodFailure">cannotCalculateChanges: the log does not reach back to that state.</exception>
    public static async Task<MailChanges> SinceAsync(AccountMail mail, ChangePoint since, IAccountChanges store, CancellationToken cancel)
    {
        if (since.ModSeq > mail.State) throw MethodFailure.CannotCalculateChanges();
        var gone = await store.GoneAsync(mail.Account, FromOf(since), mail.State, cancel);
        return gone.Complete ? new(mail, since, gone) : throw MethodFailure.CannotCalculateChanges();
    }

    public List<Change> Emails()
    {
        var changes = new List<Change>();
        var went = new Dictionary<EmailId, long>();
        foreach (var email in Gone(static email => email.Email.Value)) went.TryAdd(email.Email, email.ModSeq);
        foreach (var row in Changed())
        {
            if (_since.Covers(row.ModSeq, row.Id.Value)) continue;
            var isKnown = _since.Covers(row.CreatedModSeq, row.Id.Value);
            changes.Add(isKnown
                ? new(row.Id.Value, ChangeKind.Updated, row.ModSeq) : new(row.Id.Value, ChangeKind.Created, row.CreatedModSeq));
            // It went and came again: told as both, which together are an update.
            if (!isKnown && went.TryGetValue(row.Id, out var at)) changes.Add(new(row.Id.Value, ChangeKind.Destroyed, at));
        }
        foreach (var (email, at) in went)
            if (_mail.SlotOf(email) < 0) changes.Add(new(email.Value, ChangeKind.Destroyed, at));
        return changes;
    }

    /// <summary>A thread changes when an email comes to it or leaves it. The client has heard of emails by their threads' ids.</summary>
    public List<Change> Threads()
    {
        var touched = new Dictionary<ThreadId, long>();
        void Touch(ThreadId thread, long modSeq) => touched[thread] = Math.Max(modSeq, touched.GetValueOrDefault(thread));
        var gone = Gone(static email => email.Thread.Value).ToList();
        var (went, before) = (gone.Select(static email => email.Email).ToHashSet(), gone.Select(static email => email.Thread).ToHashSet());
        bool WasSeen(in EmailRow row) => _since.Covers(row.CreatedModSeq, row.Thread.Value) || went.Contains(row.Id);
        // A new thread is told at its beginning, with an email that went meanwhile too, and again as it changes: from a place between
        // the two it is known.
        var began = new Dictionary<ThreadId, long>();
        void Begin(ThreadId thread, long modSeq)
        {
            if (!_since.Covers(modSeq, thread.Value)) began[thread] = Math.Min(modSeq, began.GetValueOrDefault(thread, long.MaxValue));
        }
        foreach (var email in _gone.Emails) Begin(email.Thread, email.CreatedModSeq);
        foreach (var row in Changed())
        {
            if (WasSeen(row)) continue;
            Begin(row.Thread, row.CreatedModSeq);
            Touch(row.Thread, row.CreatedModSeq);
        }
        foreach (var email in gone)
            if (_mail.SlotOf(email.Email) < 0) Touch(email.Thread, email.ModSeq);
        var changes = new List<Change>(touched.Count);
        foreach (var (thread, modSeq) in touched)
        {
            var (isThere, wasThere) = (false, before.Contains(thread));
            foreach (var row in _mail.Thread(thread))
            {
                isThere = true;
                if (wasThere |= WasSeen(row)) break;
            }
            if (isThere || wasThere)
                changes.Add(new(thread.Value, Kind(isThere, wasThere), wasThere ? modSeq : began[thread]));
        }
        return changes;
    }

    /// <param name="onlyCounts">True when of those that were updated nothing changed but what they count (RFC 8621 §2.2).</param>
    public List<Change> Mailboxes(out bool onlyCounts)
    {
        var changes = new List<Change>();
        onlyCounts = true;
        var causes = CountCauses();
        foreach (var mailbox in _mail.Mailboxes.All)
        {
            var id = mailbox.Id.Value;
            if (!_since.Covers(mailbox.Info.CreatedModSeq, id))
            {
                changes.Add(new(id, ChangeKind.Created, mailbox.Info.CreatedModSeq));
                continue;
            }
            var isTree = !_since.Covers(mailbox.Info.TreeModSeq, id);
            var counts = CountsChanged(mailbox, causes);
            if (!isTree && counts == 0) continue;
            if (isTree) onlyCounts = false;
            changes.Add(new(id, ChangeKind.Updated, Math.Max(isTree ? mailbox.Info.TreeModSeq : 0, counts)));
        }
        foreach (var gone in _gone.Mailboxes)
        {
            if (_since.Covers(gone.CreatedModSeq, gone.Mailbox.Value) && !_since.Covers(gone.ModSeq, gone.Mailbox.Value))
                changes.Add(new(gone.Mailbox.Value, ChangeKind.Destroyed, gone.ModSeq));
        }
        onlyCounts &= changes.Exists(static change => change.Kind == ChangeKind.Updated);
        return changes;
    }

    /// <summary>Mailboxes that are new or whose name, parent, role, sort order or subscription changed; and those that are gone.</summary>
    public (HashSet<MailboxId> Changed, IReadOnlyList<MailboxId> Destroyed) Tree() => (
        [.. _mail.Mailboxes.All.Where(mailbox => !_since.Covers(mailbox.Info.TreeModSeq, mailbox.Id.Value))
            .Select(static mailbox => mailbox.Id)],
        [.. _gone.Mailboxes.Where(gone => _since.Covers(gone.CreatedModSeq, gone.Mailbox.Value)).Select(static gone => gone.Mailbox)]);

    /// <summary>The last state of which all has been told: of the state's own modseq that may be a part.</summary>
    private static long FromOf(ChangePoint since) => since.Id == long.MaxValue ? since.ModSeq : since.ModSeq - 1;

    private long From => FromOf(_since);

    private static ChangeKind Kind(bool isThere, bool wasThere) =>
        !isThere ? ChangeKind.Destroyed : wasThere ? ChangeKind.Updated : ChangeKind.Created;

    // Of the state's own modseq all, told or not.
    private IEnumerable<EmailRow> Changed() => _mail.Rows.ChangedSince(From).Select(slot => _mail.Rows[slot]);

    /// <summary>Emails that the client knows and has not heard of that they went.</summary>
    /// <param name="told">The id by which it hears of an email: its own, or its thread's. A place within a state is one of those.</param>
    private IEnumerable<GoneEmail> Gone(Func<GoneEmail, long> told) => _gone.Emails.Where(
        email => _since.Covers(email.CreatedModSeq, told(email)) && !_since.Covers(email.ModSeq, told(email)));

    /// <summary>When something last happened that the mailbox counts, after the client heard of it; 0 when nothing did.</summary>
    private long CountsChanged(IndexedMailbox mailbox, Dictionary<MailboxId, long> causes)
    {
        var at = causes.GetValueOrDefault(mailbox.Id);
        // A picture that was carried on since then knows what came to nothing, such as a flag that is not counted.
        if (From >= _mail.CarriedSince && _mail.CountsOf(mailbox).ChangedAt <= From) return 0;
        return _since.Covers(at, mailbox.Id.Value) ? 0 : at;
    }

    /// <summary>The modseq of what last happened to any email of a thread that the mailbox shares, or to one that left it. They are those
    /// of the emails, so that whoever hears of changes in parts misses none between them.</summary>
    private Dictionary<MailboxId, long> CountCauses()
    {
        var threads = new Dictionary<ThreadId, long>();
        void Touch(ThreadId thread, long modSeq) => threads[thread] = Math.Max(modSeq, threads.GetValueOrDefault(thread));
        foreach (var row in Changed()) Touch(row.Thread, row.ModSeq);
        foreach (var email in _gone.Emails) Touch(email.Thread, email.ModSeq);
        var causes = new Dictionary<MailboxId, long>();
        void Cause(MailboxId mailbox, long modSeq) => causes[mailbox] = Math.Max(modSeq, causes.GetValueOrDefault(mailbox));
        foreach (var (thread, modSeq) in threads)
            foreach (var row in _mail.Thread(thread))
                foreach (var mailbox in _mail.MailboxesOf(row)) Cause(mailbox.Id, modSeq);
        foreach (var mailbox in _mail.Mailboxes.All)
            if (mailbox.View.HighestModSeq > From) Cause(mailbox.Id, mailbox.View.HighestModSeq);
        // What is trash now, or may have been, divides the threads of all others (RFC 8621 §2).
        var trash = _mail.Mailboxes.All
            .Where(one => (one.Info.SpecialUse is SpecialUse.Trash or SpecialUse.None) && one.Info.CreatedModSeq <= From)
            .Max(static one => (long?)one.Info.TreeModSeq) ?? 0;
        if (trash <= From) return causes;
        foreach (var mailbox in _mail.Mailboxes.All) Cause(mailbox.Id, trash);
        return causes;
    }
}
