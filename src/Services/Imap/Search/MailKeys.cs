using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// The keys of mailboxes that were sorted or threaded lately, of all sessions. A client asks again after each new message, and reading
/// ten thousand rows for one more is most of the work. Bounded: the mailbox that was not asked for longest goes first.
/// </summary>
internal sealed class MailKeys(long mostOctets = 32 << 20)
{
    private const int Batch = 512;

    private readonly Lock _door = new();
    private readonly Dictionary<MailboxId, Kept> _mailboxes = [];
    private long _octets;
    private long _uses;

    public long Octets
    {
        get
        {
            lock (_door) return _octets;
        }
    }

    /// <summary>The keys of these messages of a mailbox, in the order asked; of one that is gone an empty one.</summary>
    /// <param name="places">Indexes of the view.</param>
    public async ValueTask<MailKey[]> OfAsync(ImapSession session, MailboxView view, List<int> places)
    {
        var keys = new MailKey[places.Count];
        var missing = Fill(view, places, keys);
        for (var start = 0; start < missing.Count; start += Batch)
        {
            var batch = missing.GetRange(start, Math.Min(Batch, missing.Count - start));
            await ReadAsync(session, view, places, batch, keys);
            Keep(view, places, batch, keys);
        }
        return keys;
    }

    private List<int> Fill(MailboxView view, List<int> places, MailKey[] keys)
    {
        var missing = new List<int>();
        lock (_door)
        {
            var kept = _mailboxes.GetValueOrDefault(view.Mailbox);
            kept?.LastUse = ++_uses;
            for (var k = 0; k < keys.Length; k++)
            {
                if (kept is null || !kept.Keys.TryGetValue(view[places[k]].Email, out keys[k])) missing.Add(k);
            }
        }
        return missing;
    }

    private static async ValueTask ReadAsync(ImapSession session, MailboxView view, List<int> places, List<int> batch, MailKey[] keys)
    {
        var made = new bool[batch.Count];
        await session.Store.ShowEmailsAsync(
            session.Account, batch.ConvertAll(k => view[places[k]].Email), ShownColumns.Keys, session.Server.Reader.Version,
            (int at, in ShownEmail email) =>
            {
                keys[batch[at]] = MailKey.Of(email);
                made[at] = true;
            },
            session.Cancel);
        for (var at = 0; at < batch.Count; at++)
        {
            if (!made[at]) keys[batch[at]] = await OldAsync(session, view[places[batch[at]]].Email);
        }
    }

    // Gone meanwhile, or rendered by an older version: what that one wrote is not compared with what this one writes.
    private static async ValueTask<MailKey> OldAsync(ImapSession session, EmailId id)
    {
        var rendered = await SortRun.RenderedAsync(session, id);
        return rendered is null ? new(null, TextKey.None, false, TextKey.None, []) : MailKey.Of(SortRun.Shown(rendered));
    }

    private void Keep(MailboxView view, List<int> places, List<int> batch, MailKey[] keys)
    {
        lock (_door)
        {
            if (!_mailboxes.TryGetValue(view.Mailbox, out var kept)) _mailboxes[view.Mailbox] = kept = new();
            // What left the mailbox is not looked for one by one.
            if (kept.Keys.Count > (2 * view.Count) + Batch) Forget(kept);
            kept.LastUse = ++_uses;
            foreach (var k in batch)
            {
                if (!kept.Keys.TryAdd(view[places[k]].Email, keys[k])) continue;
                kept.Octets += keys[k].Octets;
                _octets += keys[k].Octets;
            }
            while (_octets > mostOctets)
            {
                var (oldest, gone) = _mailboxes.MinBy(m => m.Value.LastUse);
                _mailboxes.Remove(oldest);
                Forget(gone);
            }
        }
    }

    private void Forget(Kept kept)
    {
        _octets -= kept.Octets;
        kept.Octets = 0;
        kept.Keys.Clear();
    }

    private sealed class Kept
    {
        public Dictionary<EmailId, MailKey> Keys { get; } = [];

        public long Octets { get; set; }

        public long LastUse { get; set; }
    }
}
