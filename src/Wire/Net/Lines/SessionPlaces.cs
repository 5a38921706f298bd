using System.Collections.Concurrent;
using System.Net;

namespace Aviso.Net;

/// <summary>Sessions of one account from one address, on one protocol.</summary>
/// <param name="most">At once.</param>
public sealed class SessionPlaces(int most)
{
    private readonly ConcurrentDictionary<(long Account, IPAddress Address), int> _taken = new();

    /// <summary>Takes a place; false when all are taken.</summary>
    public bool TryEnter(long account, IPAddress address)
    {
        if (_taken.AddOrUpdate((account, address), 1, static (_, n) => n + 1) <= most) return true;
        Leave(account, address);
        return false;
    }

    /// <summary>Gives back a place that was taken.</summary>
    public void Leave(long account, IPAddress address)
    {
        var key = (account, address);
        while (_taken.TryGetValue(key, out var count))
        {
            if (count <= 1 ? _taken.TryRemove(new(key, count)) : _taken.TryUpdate(key, count - 1, count)) return;
        }
    }
}
