using System.Collections.Concurrent;
using Aviso.Store.Commit;

namespace Aviso.Store.Views;

/// <summary>
/// The views of mailboxes that somebody looks at. A view is read from rows once and then follows the commits; the least
/// recently asked for goes when the memory cap is reached (sessions keep what they hold).
/// </summary>
internal sealed class MailboxViews(long memoryCap, Func<AccountId, MailboxId, ViewSnapshot?> read, Action published)
{
    private readonly ConcurrentDictionary<long, Slot> _slots = new();
    private long _octets;

    /// <summary>The present view if it is in memory; costs one look-up.</summary>
    public ViewSnapshot? Find(AccountId account, MailboxId mailbox)
    {
        if (!_slots.TryGetValue(mailbox.Value, out var slot) || slot.Current is not { } view) return null;
        slot.LastUse = Environment.TickCount64;
        return view.Account == account.Value ? view : null;
    }

    /// <summary>Reads the view from rows; two that ask for one mailbox at once wait for one another.</summary>
    public ViewSnapshot? Build(AccountId account, MailboxId mailbox)
    {
        // The slot stands before the rows are read: a commit that the read misses is kept in it and applied after.
        var slot = _slots.GetOrAdd(mailbox.Value, static _ => new());
        lock (slot.Building)
        {
            if (slot.Current is { } ready) return ready.Account == account.Value ? ready : null;
            var view = read(account, mailbox);
            published();
            lock (slot)
            {
                if (view is null || slot.Gone)
                {
                    // Gone while it was read: what was read is a true picture of a moment, but nobody keeps it up to date.
                    _slots.TryRemove(new(mailbox.Value, slot));
                    return view;
                }
                foreach (var missed in slot.Missed) view = view.With(missed);
                slot.Missed.Clear();
                slot.LastUse = Environment.TickCount64;
                Put(slot, view);
            }
            StoreMeters.ViewsBuilt.Add(1);
            Evict(mailbox.Value);
            return view;
        }
    }

    /// <summary>The views in memory now.</summary>
    public IReadOnlyList<ViewSnapshot> Present() => [.. _slots.Values.Select(slot => slot.Current).OfType<ViewSnapshot>()];

    /// <summary>Called by the committing thread after each commit.</summary>
    public void Follow(IEnumerable<MailboxDelta> deltas)
    {
        foreach (var delta in deltas)
        {
            if (!_slots.TryGetValue(delta.Mailbox, out var slot)) continue;
            lock (slot)
            {
                if (delta.Gone)
                {
                    slot.Gone = true;
                    Put(slot, null);
                    _slots.TryRemove(new(delta.Mailbox, slot));
                }
                else if (slot.Current is { } view) Put(slot, view.With(delta));
                else slot.Missed.Add(delta);
            }
        }
    }

    private void Put(Slot slot, ViewSnapshot? view)
    {
        var octets = view?.Octets ?? 0;
        Interlocked.Add(ref _octets, octets - slot.Octets);
        slot.Octets = octets;
        slot.Current = view;
    }

    private void Evict(long except)
    {
        if (Volatile.Read(ref _octets) <= memoryCap) return;
        // ToArray first: the dictionary grows while we look, and sorting it in place would copy it without its locks.
        foreach (var (mailbox, slot) in _slots.ToArray().OrderBy(pair => pair.Value.LastUse))
        {
            if (mailbox == except || slot.Current is null) continue;
            if (Volatile.Read(ref _octets) <= memoryCap) return;
            lock (slot)
            {
                // Out of the table first: who builds it again gets a slot of its own that hears of every later commit.
                _slots.TryRemove(new(mailbox, slot));
                Put(slot, null);
                slot.Gone = true;
            }
            StoreMeters.ViewsEvicted.Add(1);
        }
    }

    private sealed class Slot
    {
        public Lock Building { get; } = new();

        public List<MailboxDelta> Missed { get; } = [];

        public volatile ViewSnapshot? Current;

        public long Octets { get; set; }

        public long LastUse { get; set; }

        public bool Gone { get; set; }
    }
}
