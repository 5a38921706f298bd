using System.Collections.Concurrent;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// Accounts whose password changed or that were closed. A login counts by when its proof began: what was proved before the change holds
/// no more, not even that of a login that was under way. A count and no clock, so that nothing can fall between two ticks.
/// </summary>
public sealed class LoginChanges
{
    private readonly ConcurrentDictionary<long, long> _changed = new();
    private long _count;

    /// <summary>Goes up with every change.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Right after <see cref="Count"/> went up; must return at once.</summary>
    public event Action? Changed;

    /// <summary>What was proved for this account so far is over.</summary>
    public void Note(long account)
    {
        _changed[account] = Interlocked.Increment(ref _count);
        Changed?.Invoke();
    }

    public bool IsOver(Principal login) => _changed.TryGetValue(login.Account, out var at) && login.ProvedAt < at;
}
