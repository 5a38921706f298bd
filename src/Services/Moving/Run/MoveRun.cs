using System.Globalization;
using Aviso.Imap;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// Brings one account in line with a source: what is new there is taken, what changed is changed, what was deleted is deleted. First comes
/// all that is new, in all mailboxes, then what goes, so that a message that was moved there is here all the time.
/// </summary>
internal sealed class MoveRun(MoveTarget target, AccountId account, MailSource source, MoveWishes wishes, MoveProgress progress,
    MoveResult result)
{
    private const int MostNamed = 100;

    private readonly string _label = wishes.Label ?? source.Kind;
    private Dictionary<(string Label, MailboxId Mailbox), TakenMailbox> _taken = [];
    private KnownMailboxes _known = KnownMailboxes.None;
    private readonly HashSet<MailboxId> _renumbered = [];
    private Dictionary<MailboxId, (uint UidValidity, ulong ModSeq)> _seen = [];
    private int _failures;

    private long Now => target.Clock.GetUtcNow().ToUnixTimeSeconds();

    public async Task RunAsync(CancellationToken cancel)
    {
        _taken = await TakenMailbox.LoadAsync(target.Store, account, cancel);
        _seen = await SeenNotes.LoadAsync(target.Store, account, _label, cancel);
        var before = await MovedSource.LoadAsync(target.Store, account, _label, cancel);
        _known = await KnownMailboxes.LoadAsync(target, account, source, _label, _taken.Values, cancel);
        if (MovedSource.WhyNot(before, source, wishes) is { } other)
        {
            result.Stopped = "nothing was begun: " + other;
            return;
        }
        if (await WhyNotAsync(cancel) is { } no)
        {
            result.Stopped = no;
            return;
        }
        var isNew = (await target.Store.ListMailboxesAsync(account, cancel)).All(box => box.UidNext == 1);
        if (isNew) await NamesAsync(cancel);
        var boxes = new List<(SourceMailbox There, MailboxInfo Here)>();
        foreach (var mailbox in source.Mailboxes)
        {
            if (await TakeMailboxAsync(mailbox, cancel) is { } here) boxes.Add((mailbox, here));
            if (result.Stopped is not null) return;
        }
        var now = await RememberAsync(before, boxes, cancel);
        foreach (var (there, here) in boxes)
        {
            if (IsRenumbered(there, here)) continue;
            progress.Now = $"{result.Account} {there.Name}";
            await BringAsync(there, here, cancel);
            if (result.Stopped is not null) return;
        }
        if (source.TellsOfDeletion) await DeleteAsync(boxes, cancel);
        await new MoveHabits(target, account, source, result).BringAsync(_label, now, Now, cancel);
    }

    // Before the first message: who kills the run does not make it forget where its mail came from and went to.
    private async Task<MovedSource> RememberAsync(
        MovedSource? before, List<(SourceMailbox There, MailboxInfo Here)> boxes, CancellationToken cancel)
    {
        var mailboxes = new Dictionary<string, long>(before?.Mailboxes ?? new Dictionary<string, long>(), StringComparer.Ordinal);
        foreach (var (there, here) in boxes) mailboxes[there.Name] = here.Id.Value;
        var now = (before ?? MovedSource.At(source.Place)) with { Place = source.Place, Mailboxes = mailboxes };
        await now.SaveAsync(target.Store, account, _label, Now, cancel);
        return now;
    }

    // Nobody knows the account by other names yet: its clients go on with those of the old server.
    private async Task NamesAsync(CancellationToken cancel)
    {
        if (source.Separator is not { } separator || await MailboxNaming.LoadAsync(target.Store, account,
            cancel) != MailboxNaming.Plain) return;
        var naming = new MailboxNaming(separator, source.Prefix);
        if (naming.IsValid && naming != MailboxNaming.Plain) await naming.SaveAsync(target.Store, account, Now, cancel);
    }

    // Nothing is begun that cannot be finished as far as can be seen.
    private async Task<string?> WhyNotAsync(CancellationToken cancel)
    {
        long octets = 0, fresh = 0;
        var names = source.Mailboxes.Select(mailbox => (mailbox.Name, Here: _known.Find(mailbox.Name))).Where(pair => pair.Here is not null)
            .ToDictionary(pair => pair.Name, pair => pair.Here!.Id, StringComparer.Ordinal);
        foreach (var mailbox in source.Mailboxes.Where(mailbox => _known.WhyNot(mailbox.Name) is null))
        {
            progress.Now = $"{result.Account} {mailbox.Name}: looking";
            MailboxId? here = names.TryGetValue(mailbox.Name, out var id) ? id : null;
            if (here is not null) Recall(mailbox, id);
            var diff = Compare(source.Read(mailbox, cancel), here);
            fresh += diff.New.Count;
            octets += diff.New.Sum(message => Math.Max(0, message.Size));
        }
        var unwanted = source.Mailboxes.Select(mailbox => _known.WhyNot(mailbox.Name)).OfType<MoveNote>().ToList();
        result.Notes.AddRange(unwanted.Where(note => note.Kind != NoteKind.Damaged));
        var damaged = source.Notes.Concat(unwanted).Where(note => note.Kind == NoteKind.Damaged).ToList();
        result.Notes.AddRange(damaged.Take(MostNamed));
        if (damaged.Count > 0 && !wishes.SkipDamaged)
        {
            return $"nothing was begun, for {damaged.Count} things at the source are not as they ought to be, the first: "
                + $"{damaged[0].Place} {damaged[0].Text}. "
                + "Put it right and run again, or say --skip-damaged to leave out what cannot be read";
        }
        var quota = await target.Store.GetQuotaAsync(account, cancel);
        if (quota.OctetLimit > 0 && quota.Octets + octets > quota.OctetLimit)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"nothing was begun: {octets} octets are to come, {quota.Octets} are here, and the quota of {result.Account} is "
                    + $"{quota.OctetLimit}");
        }
        progress.Expect(fresh);
        return null;
    }

    private MailboxDiff Compare(IReadOnlyList<SourceMessage> there, MailboxId? here) =>
        MailboxDiff.Of(source, there, _taken.Values, _label, here);

    private TakenMailbox Taken(MailboxId mailbox)
    {
        if (!_taken.TryGetValue((_label, mailbox), out var taken)) _taken[(_label, mailbox)] = taken = new(account, _label, mailbox);
        return taken;
    }

    private async Task<MailboxInfo?> TakeMailboxAsync(SourceMailbox mailbox, CancellationToken cancel)
    {
        if (_known.WhyNot(mailbox.Name) is not null) return null;
        if (_known.Find(mailbox.Name) is { } renamed && renamed.Name != mailbox.Name) return renamed;
        var here = await target.Store.FindMailboxAsync(account, mailbox.Name, cancel);
        var made = mailbox.UidValidity == 0 ? StoreError.NotPermitted
            : await target.Store.TakeMailboxAsync(account, mailbox.Name, mailbox.UidValidity, cancel);
        if (made.Ok) return made.Value;
        if (made.Error is StoreError.DiskFull or StoreError.ReadOnly)
        {
            result.Stopped = Word(made.Error);
            return null;
        }
        if (mailbox.UidValidity != 0 && here is { UidNext: > 1 } && made.Error == StoreError.Conflict) Say(
            NoteKind.Changed, mailbox.Place,
                $"{mailbox.Name} has given out UIDs here: its messages get new ones, and clients fetch them again");
        if (here is not null) return here;
        var created = await target.Store.CreateMailboxAsync(account, mailbox.Name, SpecialUse.None, cancel);
        if (!created.Ok) Say(NoteKind.Damaged, mailbox.Place, $"no mailbox {mailbox.Name} can be made here: {Word(created.Error)}");
        return created.Value;
    }

    private void Recall(SourceMailbox there, MailboxId here)
    {
        if (!_seen.TryGetValue(here, out var seen) || !_taken.TryGetValue((_label, here), out var taken)) return;
        source.Recall(there, new(seen.UidValidity, seen.ModSeq, key => taken.Find(key) is not null));
    }

    // RFC 9051 §2.3.1.1: with another UIDVALIDITY nothing says which message is which. Taken again, all would be here twice.
    private bool IsRenumbered(SourceMailbox there, MailboxInfo here)
    {
        if (wishes.AllowDeletes) return false;
        if (!Taken(here.Id).All.Any(message => message.Uid > 0 && source.IsOutdated(there, message.Key))) return false;
        _renumbered.Add(here.Id);
        Say(NoteKind.Damaged, there.Place,
            "its UIDVALIDITY changed since the last run, so its messages cannot be told from those that were taken; nothing of it is "
                + "taken or deleted. Say --allow-deletes to take it anew in the place of what was taken");
        return true;
    }

    private async Task BringAsync(SourceMailbox there, MailboxInfo here, CancellationToken cancel)
    {
        var listed = Limited(there, here, source.Read(there, cancel));
        var diff = Compare(listed, here.Id);
        result.Same += diff.Same;
        var keeps = there.UidValidity != 0 && there.UidValidity == here.UidValidity && HaveRoom(there, listed);
        await FillAsync(there, here, listed, diff.New, keeps, cancel);
        if (result.Stopped is not null) return;
        await ChangeAsync(here, Compare(listed, here.Id).Changed, cancel);
        if (result.Stopped is null && source.SeenOf(there) is { } seen)
        {
            _seen[here.Id] = seen;
            await SeenNotes.SaveAsync(target.Store, account, _label, here.Id, seen, Now, cancel);
            Recall(there, here.Id);
        }
        if (keeps && there.UidNext > 1) await target.Store.RaiseUidNextAsync(account, here.Id, there.UidNext, cancel);
    }

    // A list that was spoilt, or made so, must not take the last UID of a mailbox: it could never get mail again.
    private bool HaveRoom(SourceMailbox there, IReadOnlyList<SourceMessage> listed)
    {
        if (Math.Max(there.UidNext, listed.Select(message => message.Uid).DefaultIfEmpty().Max()) < LastUid) return true;
        Say(NoteKind.Damaged, there.Place, "has UIDs up to the last there are: its messages get new ones, and clients fetch them again");
        return false;
    }

    private const uint LastUid = uint.MaxValue - (1 << 20);

    /// <summary>First what can keep its UID. New UIDs are given out above all of the source's, so that none is in the way of the
    /// next.</summary>
    private async Task FillAsync(
        SourceMailbox there, MailboxInfo here, IReadOnlyList<SourceMessage> listed, IReadOnlyList<SourceMessage> fresh, bool keeps,
        CancellationToken cancel)
    {
        var fill = new MailboxFill(target, account, here, source, Taken(here.Id), keeps, result, Failed);
        await fill.FillAsync(fresh, progress, cancel);
        if (!keeps || result.Stopped is not null) return;
        var next = Math.Max(there.UidNext, listed.Select(message => message.Uid).DefaultIfEmpty().Max() + 1);
        await target.Store.RaiseUidNextAsync(account, here.Id, next, cancel);
        var doubled = new DoubledUids(target, account, here.Id, [.. _taken.Values.Where(taken => taken.Mailbox == here.Id)]);
        if (await doubled.EndAsync(listed, cancel) is { } error)
        {
            result.Stopped = Word(error);
            return;
        }
        var late = new MailboxFill(target, account, here, source, Taken(here.Id), keeps: false, result, Failed);
        await late.FillAsync(fill.Late, progress, cancel);
    }

    // A mailbox here has at most 128 keywords: those that most messages carry.
    private IReadOnlyList<SourceMessage> Limited(SourceMailbox there, MailboxInfo here, IReadOnlyList<SourceMessage> messages)
    {
        var counts = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var word in messages.SelectMany(message => message.Keywords)) counts[word] = counts.GetValueOrDefault(word) + 1;
        var known = here.Keywords.Concat(counts.OrderByDescending(count => count.Value).Select(count => count.Key))
            .Distinct(StringComparer.OrdinalIgnoreCase).Take(MostKeywords).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var over = counts.Keys.Where(word => !known.Contains(word)).ToList();
        if (over.Count == 0) return messages;
        Say(NoteKind.Lost, there.Place,
            $"has more than {MostKeywords} keywords; not carried are {string.Join(", ", over.Take(10))}{(over.Count > 10 ? " ..." : "")}");
        return [.. messages.Select(message => message with { Keywords = [.. message.Keywords.Where(known.Contains)] })];
    }

    private const int MostKeywords = 128;

    private async Task ChangeAsync(MailboxInfo here, IReadOnlyList<(SourceMessage Message, uint Uid)> changed, CancellationToken cancel)
    {
        var taken = Taken(here.Id);
        foreach (var same in changed.GroupBy(change => TakenMessage.MarkOf(change.Message)))
        {
            foreach (var some in same.Chunk(500))
            {
                var first = some[0].Message;
                var stored = await target.Store.StoreFlagsAsync(
                    account, here.Id, [.. some.Select(change => change.Uid)], new(FlagOperation.Replace, first.Flags, first.Keywords),
                        null, cancel);
                if (!stored.Ok)
                {
                    result.Stopped = Word(stored.Error);
                    return;
                }
                foreach (var (message, uid) in some) taken.Set(new(message.Key, uid, same.Key));
                await target.Store.ChangeDocumentsAsync(taken.TakeNotes(Now), [], cancel);
                result.Changed += stored.Value!.Changed.Count;
            }
        }
    }

    private async Task DeleteAsync(List<(SourceMailbox There, MailboxInfo Here)> boxes, CancellationToken cancel)
    {
        foreach (var taken in _taken.Values.Where(taken => taken.Label == _label && boxes.TrueForAll(box => box.Here.Id != taken.Mailbox)))
        {
            var left = taken.All.Count(message => message.Uid > 0);
            if (left > 0 && (await target.Store.ViewAsync(account, taken.Mailbox, cancel))?.Count > 0) Say(
                NoteKind.Changed, source.Place, $"a mailbox that {left} messages came from is no longer there; what is here stays");
        }
        foreach (var (there, here) in boxes.Where(box => !_renumbered.Contains(box.Here.Id)))
        {
            // Looked at twice: a file that is renamed while a folder is read can be overlooked.
            var gone = Compare(source.Read(there, cancel), here.Id).Gone;
            if (gone.Count == 0) continue;
            gone = [.. Compare(source.Read(there, cancel), here.Id).Gone.Intersect(gone)];
            var all = Taken(here.Id).All.Count(message => message.Uid > 0);
            if (gone.Count > 20 && gone.Count > all / 2 && !wishes.AllowDeletes)
            {
                Say(NoteKind.Damaged, there.Place,
                    $"{gone.Count} of {all} messages are no longer there; they are kept here. Say --allow-deletes when they were deleted");
                continue;
            }
            await DeleteAsync(here, gone, cancel);
        }
    }

    private async Task DeleteAsync(MailboxInfo here, IReadOnlyList<TakenMessage> gone, CancellationToken cancel)
    {
        foreach (var some in gone.Chunk(500))
        {
            var expunged = await target.Store.ExpungeAsync(account, here.Id, [.. some.Select(message => message.Uid)], onlyDeleted: false,
                cancel);
            if (!expunged.Ok) return;
            result.Deleted += expunged.Value!.Uids.Count;
            var taken = Taken(here.Id);
            foreach (var message in some) taken.Set(message with { Uid = 0 });
            await target.Store.ChangeDocumentsAsync(taken.TakeNotes(Now), [], cancel);
        }
    }

    private void Failed(SourceMessage message, Exception why)
    {
        // It is gone there: the next run sees where it went.
        if (why is SourceGoneException) return;
        if (++_failures <= MostNamed) Say(NoteKind.Damaged, source.Tell(message), why.Message);
    }

    private void Say(NoteKind kind, string place, string text) => result.Notes.Add(new(kind, place, text));

    internal static string Word(StoreError error) => error switch
    {
        StoreError.OverQuota => "the account's quota is reached",
        StoreError.DiskFull => "the disk reserve of this server is reached; make room and run again: it goes on where it was",
        StoreError.ReadOnly => "the store of this server cannot be written now; see `aviso doctor`",
        StoreError.LimitReached => "a limit of mailboxes or keywords is reached",
        StoreError.NotPermitted => "such a name is not permitted",
        StoreError.NotFound => "it is gone",
        _ => error.ToString(),
    };
}
