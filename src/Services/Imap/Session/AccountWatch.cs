using Aviso.Store;

namespace Aviso.Imap;

/// <summary>Collects what the store says about an account until somebody looks. Thread-safe.</summary>
internal sealed class AccountWatch : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<MailboxId> _mailboxes = [];
    private readonly IDisposable _subscription;
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _tree;

    public AccountWatch(IMailStore store, AccountId account, MailboxId? only = null)
    {
        _subscription = store.Watch(account, change =>
        {
            if (only is { } one && !change.Mailboxes.Contains(one)) return;
            lock (_lock)
            {
                _mailboxes.UnionWith(change.Mailboxes);
                _tree |= change.TreeChanged;
                _signal.TrySetResult();
            }
        });
    }

    /// <summary>Done when something changed since the last <see cref="Take"/>.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock) return _signal.Task;
        }
    }

    public (IReadOnlyList<MailboxId> Mailboxes, bool Tree) Take()
    {
        lock (_lock)
        {
            var taken = (_mailboxes.ToArray(), _tree);
            _mailboxes.Clear();
            _tree = false;
            if (_signal.Task.IsCompleted) _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return taken;
        }
    }

    public void Dispose() => _subscription.Dispose();
}
