using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>How much one account does at once.</summary>
internal sealed class ConcurrentPlaces(int most)
{
    private readonly Lock _door = new();
    private readonly Dictionary<AccountId, int> _taken = [];

    /// <summary>A place, given back when it is disposed; null when all are taken.</summary>
    public IDisposable? Enter(AccountId account)
    {
        lock (_door)
        {
            var taken = _taken.GetValueOrDefault(account);
            if (taken >= most) return null;
            _taken[account] = taken + 1;
        }
        return new Place(this, account);
    }

    private void Leave(AccountId account)
    {
        lock (_door)
        {
            if (--_taken[account] == 0) _taken.Remove(account);
        }
    }

    private sealed class Place(ConcurrentPlaces places, AccountId account) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) places.Leave(account);
        }
    }
}
