using System.Collections.Immutable;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Carries the picture of an account on to a newer state. Only emails whose entries were touched are looked at, and of what is sorted
/// only the pieces they are in are made anew. An account's first picture is the empty one carried on.
/// </summary>
internal sealed class AccountMailAdvance
{
    private const int FewOrigins = 2_000;

    private readonly AccountMail _old;
    private readonly AccountPicture _picture;
    private readonly IndexedMailboxes _mailboxes;
    private readonly RowTable.Draft _rows;
    private readonly List<int> _removed = [], _added = [];
    private readonly List<int> _movedFrom = [], _movedTo = [];
    private readonly HashSet<long> _threads = [];
    private readonly ImmutableDictionary<EmailId, ImmutableArray<IndexedPlace>>.Builder _several;
    private readonly ImmutableDictionary<EmailId, ImmutableArray<int>>.Builder _further;
    private KeywordTable _keywords;

    private AccountMailAdvance(AccountMail old, AccountPicture picture)
    {
        (_old, _picture, _keywords) = (old, picture, old.Keywords);
        _mailboxes = old.Mailboxes.With(picture, ref _keywords);
        _rows = new(old.Rows);
        _several = old.Several.ToBuilder();
        _further = old.FurtherKeywords.ToBuilder();
    }

    public static async Task<AccountMail> RunAsync(
        AccountMail old, AccountPicture picture, IAccountChanges store, CancellationToken cancel)
    {
        var advance = new AccountMailAdvance(old, picture);
        var touches = EntryTouches.Between(old.Mailboxes, advance._mailboxes);
        var emails = new List<TouchedEmail>();
        for (var i = 0; i < touches.Count; i += emails[^1].Touches) emails.Add(advance.Touched(touches, i));
        EmailId[] wanted = [.. emails.Where(static email => email.WantsOrigin).Select(static email => email.Id)];
        var origins = await OriginsAsync(wanted, picture.Account, store, cancel);
        foreach (var email in emails) advance.Apply(email, origins);
        return advance.Finish();
    }

    private static async Task<Dictionary<EmailId, Origin>> OriginsAsync(
        EmailId[] wanted, AccountId account, IAccountChanges store, CancellationToken cancel)
    {
        if (wanted.Length == 0) return [];
        var origins = wanted.Length <= FewOrigins
            ? (await store.OriginsAsync(account, wanted, cancel)).OfType<Origin>()
            : (await store.OriginsAsync(account, cancel)).Emails;
        var found = new Dictionary<EmailId, Origin>(wanted.Length);
        foreach (var origin in origins) found[origin.Email] = origin;   // an email of two entries comes twice
        return found;
    }

    /// <summary>What the touches of one email make of its entries.</summary>
    private TouchedEmail Touched(List<EntryTouch> touches, int first)
    {
        var id = touches[first].Email;
        var slot = _old.SlotOf(id);
        var places = slot < 0 ? [] : _old.IndexedPlacesOf(_old.Rows[slot]).ToList();
        var (isLeft, modSeq, end) = (false, 0L, first);
        for (; end < touches.Count && touches[end].Email == id; end++)
        {
            var touch = touches[end];
            if (!touch.IsSeen) places.Remove(touch.Place);
            else if (!places.Contains(touch.Place)) places.Add(touch.Place);
            isLeft |= touch.IsGone;
            if (!touch.IsGone) modSeq = Math.Max(modSeq, touch.ModSeq);
        }
        return new(id, slot, [.. places], modSeq, WantsOrigin: places.Count > 0 && (slot < 0 || isLeft), end - first);
    }

    private void Apply(TouchedEmail email, Dictionary<EmailId, Origin> origins)
    {
        if (email.Slot >= 0) _threads.Add(_old.Rows[email.Slot].Thread.Value);
        if (email.Places.Length == 0)
        {
            if (email.Slot < 0) return;
            _removed.Add(email.Slot);
            _rows.Remove(email.Slot);
            _several.Remove(email.Id);
            _further.Remove(email.Id);
            return;
        }
        var row = Row(email, origins);
        _threads.Add(row.Thread.Value);
        if (email.Slot < 0)
        {
            _added.Add(_rows.Add(row));
            return;
        }
        var before = _old.Rows[email.Slot];
        if (EmailOrders.ByThread(before, row) != 0)
        {
            _movedFrom.Add(email.Slot);
            _movedTo.Add(email.Slot);
        }
        _rows.Set(email.Slot, row);
    }

    private EmailRow Row(TouchedEmail email, Dictionary<EmailId, Origin> origins)
    {
        var known = email.Slot < 0 ? default : _old.Rows[email.Slot];
        // An email that was purged meanwhile has no origin: it goes with the next picture.
        if (!origins.TryGetValue(email.Id, out var origin))
        {
            origin = email.Slot >= 0 ? new(email.Id, known.Thread, known.CreatedModSeq, 0)
                : new(email.Id, new(email.Id.Value), _picture.ModSeq, 0);
        }
        var flags = new EmailFlags();
        var (received, size, modSeq) = (long.MaxValue, 0L, Math.Max(known.ModSeq, email.ModSeq));
        foreach (var place in email.Places)
        {
            var mailbox = _mailboxes[place.Mailbox];
            var entry = mailbox.View[mailbox.View.IndexOf(place.Uid)];
            flags.Add(entry.Flags, mailbox.Keywords);
            (received, size, modSeq) = (Math.Min(received, entry.InternalDate), entry.Size, Math.Max(modSeq, entry.ModSeq));
        }
        var isOne = email.Places.Length == 1;
        if (isOne) _several.Remove(email.Id);
        else _several[email.Id] = email.Places;
        if (flags.Further is null) _further.Remove(email.Id);
        else _further[email.Id] = [.. flags.Further];
        return new()
        {
            Id = email.Id,
            Thread = origin.Thread,
            ReceivedAt = received,
            // What left a mailbox after this picture is told by the next one.
            ModSeq = Math.Max(Math.Max(modSeq, origin.CreatedModSeq), Math.Min(origin.LeftModSeq, _picture.ModSeq)),
            CreatedModSeq = origin.CreatedModSeq,
            Keywords = flags.Bits,
            Size = (uint)Math.Min(size, uint.MaxValue),
            Uid = isOne ? email.Places[0].Uid : 0,
            Mailbox = isOne ? email.Places[0].Mailbox : EmailRow.Several,
        };
    }

    private AccountMail Finish()
    {
        var rows = _rows.Finish();
        List<int> Added(bool moved) => moved ? [.. _added, .. _movedTo] : [.. _added];
        List<int> Removed(bool moved) => moved ? [.. _removed, .. _movedFrom] : [.. _removed];
        SlotOrder Order(SlotOrder of, Comparison<EmailRow> order, bool moved) => of.With(
            Removed(moved), Added(moved), (a, b) => order(_old.Rows[a], _old.Rows[b]), (a, b) => order(rows[a], rows[b]));
        var next = new AccountMail
        {
            Picture = _picture,
            CarriedSince = _old.State == 0 ? _picture.ModSeq : _old.CarriedSince,
            Mailboxes = _mailboxes,
            Keywords = _keywords,
            Rows = rows,
            ById = Order(_old.ById, static (a, b) => EmailOrders.ById(a, b), moved: false),
            ByReceived = Order(_old.ByReceived, static (a, b) => EmailOrders.ByReceived(a, b), moved: true),
            ByThread = Order(_old.ByThread, static (a, b) => EmailOrders.ByThread(a, b), moved: true),
            Several = _several.ToImmutable(),
            FurtherKeywords = _further.ToImmutable(),
            Counts = [],
        };
        return next with { Counts = Count(next) };
    }

    private MailboxCounts[] Count(AccountMail next)
    {
        // Another trash changes what is unread everywhere.
        var anew = _mailboxes.Trash != _old.Mailboxes.Trash;
        var counting = new MailboxCounting(_old.Counts, _mailboxes.Used, _old.Mailboxes.Trash);
        foreach (var thread in anew ? AllThreads(_old) : _threads) counting.Count(_old, _old.SlotsOf(new(thread)), -1);
        counting.Trash = _mailboxes.Trash;
        foreach (var thread in anew ? AllThreads(next) : _threads) counting.Count(next, next.SlotsOf(new(thread)), 1);
        return counting.Finish(_picture.ModSeq);
    }

    private static IEnumerable<long> AllThreads(AccountMail mail)
    {
        long? last = null;
        for (var i = 0; i < mail.ByThread.Count; i++)
        {
            var thread = mail.Rows[mail.ByThread[i]].Thread.Value;
            if (thread == last) continue;
            yield return thread;
            last = thread;
        }
    }

    /// <param name="Slot">In the old picture, or -1.</param>
    /// <param name="Places">Entries that are seen now.</param>
    /// <param name="ModSeq">The latest of the entries that were touched and are there, seen or not.</param>
    /// <param name="Touches">How many there are of it.</param>
    private sealed record TouchedEmail(
        EmailId Id, int Slot, ImmutableArray<IndexedPlace> Places, long ModSeq, bool WantsOrigin, int Touches);
}
