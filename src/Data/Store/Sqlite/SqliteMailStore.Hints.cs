using System.Collections.Concurrent;
using System.Collections.Immutable;
using Aviso.Store.Commit;

namespace Aviso.Store;

public sealed partial class SqliteMailStore : IMailStore
{
    private readonly ConcurrentDictionary<long, ImmutableArray<Watcher>> _watchers = new();

    // Ids are never 0: it stands for every account.
    private const long EveryAccount = 0;

    public IDisposable Watch(AccountId account, Action<AccountChange> changed) => Watch(account.Value, changed);

    public IDisposable WatchAll(Action<AccountChange> changed) => Watch(EveryAccount, changed);

    private Watcher Watch(long account, Action<AccountChange> changed)
    {
        var watcher = new Watcher(this, account, changed);
        _watchers.AddOrUpdate(account, [watcher], (_, there) => there.Add(watcher));
        return watcher;
    }

    /// <summary>One piece of pool work for all hints of a commit.</summary>
    private void RaiseHints(WriteBatch batch)
    {
        if (_watchers.IsEmpty) return;
        List<(ImmutableArray<Watcher>, AccountChange)>? hints = null;
        var everyAccount = _watchers.TryGetValue(EveryAccount, out var all) ? all : [];
        foreach (var (account, tree) in batch.Touched)
        {
            var watchers = _watchers.TryGetValue(account, out var own) ? own.AddRange(everyAccount) : everyAccount;
            if (watchers.IsEmpty) continue;
            var mailboxes = batch.Deltas.Values.Where(delta => delta.Account == account)
                .Select(delta => new MailboxId(delta.Mailbox)).ToArray();
            var modSeq = batch.Account(new(account))?.ModSeq ?? 0;
            (hints ??= []).Add((watchers, new(new(account), modSeq, mailboxes, tree)));
        }
        if (hints is not null) ThreadPool.UnsafeQueueUserWorkItem(Tell, hints, preferLocal: false);
    }

    private void Tell(List<(ImmutableArray<Watcher> Watchers, AccountChange Change)> hints)
    {
        foreach (var (watchers, change) in hints)
        {
            foreach (var watcher in watchers)
            {
                try
                {
                    watcher.Changed(change);
                }
                catch (Exception fault)
                {
                    _log.WatcherFailed(fault, change.Account);
                }
            }
        }
    }

    private sealed class Watcher(SqliteMailStore store, long account, Action<AccountChange> changed) : IDisposable
    {
        public Action<AccountChange> Changed => changed;

        public void Dispose()
        {
            while (store._watchers.TryGetValue(account, out var there) && there.Contains(this))
            {
                var left = there.Remove(this);
                if (left.IsEmpty ? store._watchers.TryRemove(new(account, there)) : store._watchers.TryUpdate(account, left, there))
                    return;
            }
        }
    }
}
