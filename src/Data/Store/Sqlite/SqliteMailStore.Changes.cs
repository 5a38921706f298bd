using Aviso.Store.Commit;
using Aviso.Store.Sqlite;

namespace Aviso.Store;

/// <summary>Accounts as a whole. Views and states move on together under one lock, so that who holds it sees one moment.</summary>
public sealed partial class SqliteMailStore : IAccountChanges
{
    private const int MostStates = 20_000;
    private const int MostAttempts = 100;

    private readonly Lock _publishing = new();
    private readonly Dictionary<long, KnownState> _states = [];

    public async ValueTask<long> StateAsync(AccountId account, CancellationToken cancel)
    {
        lock (_publishing)
        {
            if (_states.TryGetValue(account.Value, out var known) && known.IsRead) return known.ModSeq;
            // It stands before the row is read: a commit that the read misses is noted in it.
            if (_states.Count >= MostStates) _states.Clear();
            _states.TryAdd(account.Value, new());
        }
        var read = await _reads.ReadAsync(db => db.Use(Statements.AccountState).Add(account.Value).Number() ?? 0, cancel);
        _commits.WaitUntilPublished();
        lock (_publishing)
        {
            if (!_states.TryGetValue(account.Value, out var state)) return read;
            state.IsRead = true;
            return state.ModSeq = Math.Max(state.ModSeq, read);
        }
    }

    public async Task<AccountPicture?> PictureAsync(AccountId account, AccountPicture? older, CancellationToken cancel)
    {
        if (older is not null && await StateAsync(account, cancel) == older.ModSeq) return older;
        var known = older?.Views.ToDictionary(static view => view.Mailbox) ?? [];
        var tree = older;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await StateAsync(account, cancel) == 0) return null;
            if (TryPicture(account, tree, known, out var missing) is { } picture) return picture;
            // A view that is missing is wanted in any case; the tree is read anew, and with it which views are still those in hand.
            foreach (var mailbox in missing)
                if ((_views.Find(account, mailbox) ?? _views.Build(account, mailbox)) is { } view) known[mailbox] = view;
            tree = await ReadTreeAsync(account, cancel);
            if (tree is null) return null;
        }
        throw new IOException($"account {account} changes faster than it can be looked at");
    }

    /// <summary>The picture of this moment; null when the tree in hand is not the present one, or views are missing.</summary>
    private AccountPicture? TryPicture(
        AccountId account, AccountPicture? tree, Dictionary<MailboxId, MailboxView> known, out List<MailboxId> missing)
    {
        missing = [];
        if (tree is null) return null;
        var views = new MailboxView[tree.Mailboxes.Count];
        lock (_publishing)
        {
            if (!_states.TryGetValue(account.Value, out var state) || !state.IsRead || state.Tree > tree.TreeReadAt) return null;
            for (var i = 0; i < views.Length; i++)
            {
                var info = tree.Mailboxes[i];
                var view = _views.Find(account, info.Id);
                // Not in memory: the one in hand is the present one when the row, read after the last commit, says so.
                if (view is null && state.ModSeq == tree.TreeReadAt && known.GetValueOrDefault(info.Id) is { } held
                    && held.HighestModSeq == info.HighestModSeq) views[i] = held;
                else if (view is null) missing.Add(info.Id);
                else views[i] = view;
            }
            return missing.Count > 0 ? null : tree with { ModSeq = state.ModSeq, Views = views };
        }
    }

    private async Task<AccountPicture?> ReadTreeAsync(AccountId account, CancellationToken cancel)
    {
        var tree = await _reads.ReadAsync(
            db => db.Use(Statements.AccountState).Add(account.Value).Number() is { } modSeq
                ? new AccountPicture(account, modSeq, ReadMailboxes(db, account), []) { TreeReadAt = modSeq } : null,
            cancel);
        _commits.WaitUntilPublished();
        return tree;
    }

    public async Task<AccountOrigins> OriginsAsync(AccountId account, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            var left = new Dictionary<long, long>();
            using (var row = db.Use(Statements.LeftOf).Add(account.Value))
            {
                while (row.Step()) left[row.Int(0)] = row.Int(1);
            }
            var emails = new List<Origin>();
            using (var row = db.Use(Statements.OriginsOf).Add(account.Value))
            {
                while (row.Step())
                {
                    var (email, thread) = (row.Int(0), row.Int(1));
                    emails.Add(new(new(email), new(thread == 0 ? email : thread), row.Int(2), left.GetValueOrDefault(email)));
                }
            }
            using var floor = db.Use(Statements.AccountState).Add(account.Value);
            return new AccountOrigins(emails, floor.Step() ? floor.Int(1) : 0);
        },
        cancel);

    public async Task<IReadOnlyList<Origin?>> OriginsAsync(AccountId account, IReadOnlyList<EmailId> emails, CancellationToken cancel)
    {
        var found = new Origin?[emails.Count];
        for (var from = 0; from < emails.Count; from += EmailsARead)
        {
            var (first, end) = (from, Math.Min(from + EmailsARead, emails.Count));
            await _reads.ReadAsync(
                db =>
                {
                    for (var i = first; i < end; i++)
                    {
                        using var row = db.Use(Statements.EmailOrigin).Add(emails[i].Value);
                        if (row.Step() && row.Int(0) == account.Value) found[i] = new(emails[i], new(row.Int(1)), row.Int(2), row.Int(3));
                    }
                    return 0;
                },
                cancel);
        }
        return found;
    }

    public async Task<GoneSince> GoneAsync(AccountId account, long since, long until, CancellationToken cancel) => await _reads.ReadAsync(
        db =>
        {
            using (var row = db.Use(Statements.AccountState).Add(account.Value))
            {
                if (!row.Step() || since > row.Int(0) || since < row.Int(1)) return new GoneSince(false, [], []);
            }
            var emails = new List<GoneEmail>();
            using (var row = db.Use(Statements.EmailsGone).Add(account.Value).Add(since).Add(until))
            {
                while (row.Step()) emails.Add(new(new(row.Int(0)), new(row.Int(1)), row.Int(2), row.Int(3)));
            }
            var mailboxes = new List<GoneMailbox>();
            using (var row = db.Use(Statements.MailboxesGone).Add(account.Value).Add(since).Add(until))
            {
                while (row.Step()) mailboxes.Add(new(new(row.Int(0)), row.Int(1), row.Int(2)));
            }
            return new GoneSince(true, emails, mailboxes);
        },
        cancel);

    /// <summary>On the committing thread: views and states move on to what this commit made.</summary>
    private void PublishChanges(WriteBatch batch)
    {
        lock (_publishing)
        {
            _views.Follow(batch.Deltas.Values);
            foreach (var (account, tree) in batch.Touched)
            {
                if (!_states.TryGetValue(account, out var state)) continue;
                state.ModSeq = batch.Account(new(account))?.ModSeq ?? 0;
                if (tree) state.Tree = state.ModSeq;
                // Gone with all it had; its id is never given again.
                if (state.ModSeq == 0) _states.Remove(account);
            }
        }
    }

    /// <summary>The log of what is gone ends where the expunge log does.</summary>
    private async Task TrimGoneAsync(CancellationToken cancel)
    {
        var until = _options.Clock.GetUtcNow().ToUnixTimeSeconds() - (long)_options.ExpungeLogWindow.TotalSeconds;
        var old = await _reads.ReadAsync(
            db =>
            {
                var found = new List<(long Account, long ModSeq)>();
                using var row = db.Use(Statements.OldGone).Add(until);
                while (row.Step()) found.Add((row.Int(0), row.Int(1)));
                return found;
            },
            cancel);
        foreach (var (account, modSeq) in old)
        {
            await ChangeAsync(
                batch =>
                {
                    batch.Db.Use(Statements.RaiseGoneFloor).Add(modSeq).Add(account).Run();
                    return batch.Db.Use(Statements.TrimEmailsGone).Add(account).Add(modSeq).RunCounting()
                        + batch.Db.Use(Statements.TrimMailboxesGone).Add(account).Add(modSeq).RunCounting();
                },
                refused: null);
        }
    }

    /// <summary>What is known of an account in use.</summary>
    private sealed class KnownState
    {
        public long ModSeq { get; set; }

        /// <summary>The last modseq that changed the mailbox tree, of those since this was made.</summary>
        public long Tree { get; set; }

        /// <summary>False until the row was read: then the counters are those of commits since.</summary>
        public bool IsRead { get; set; }
    }
}
