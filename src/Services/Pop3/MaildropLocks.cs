using System.Collections.Concurrent;
using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>
/// One session has a maildrop (RFC 1939 §4). A session whose client has been silent for <paramref name="patience"/> gives it up to the next
/// one: without that, a phone that lost its network would keep its owner out until the autologout.
/// </summary>
internal sealed class MaildropLocks(TimeSpan patience)
{
    private readonly ConcurrentDictionary<AccountId, Pop3Session> _held = new();

    /// <summary>Takes the maildrop; false while another session works in it.</summary>
    public bool TryTake(AccountId account, Pop3Session session)
    {
        while (true)
        {
            var holder = _held.GetOrAdd(account, session);
            if (ReferenceEquals(holder, session)) return true;
            if (holder.Silence < patience) return false;
            if (!_held.TryUpdate(account, session, holder)) continue;
            holder.Connection.Evict();
            return true;
        }
    }

    /// <summary>Gives back what was taken, unless another has it by now.</summary>
    public void GiveBack(AccountId account, Pop3Session session) => _held.TryRemove(new(account, session));

    public bool Has(AccountId account, Pop3Session session) =>
        _held.TryGetValue(account, out var holder) && ReferenceEquals(holder, session);
}
