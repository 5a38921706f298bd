namespace Aviso.Guard;

/// <summary>What is remembered of the clients seen last; the one not seen for longest goes when it is full. One lock, no waiting
/// inside.</summary>
internal sealed class BoundedTable<TKey, TValue>(int most) where TKey : notnull where TValue : new()
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _byKey = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = new();

    public int Count
    {
        get
        {
            lock (_gate) return _byKey.Count;
        }
    }

    /// <summary>Works on the entry, made new if need be. <paramref name="work"/> must be short.</summary>
    public TResult With<TResult>(TKey key, Func<TValue, TResult> work)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(key, out var node)) _byUse.Remove(node);
            else
            {
                if (_byKey.Count >= most)
                {
                    _byKey.Remove(_byUse.Last!.Value.Key);
                    _byUse.RemoveLast();
                }
                _byKey[key] = node = new((key, new TValue()));
            }
            _byUse.AddFirst(node);
            return work(node.Value.Value);
        }
    }

    /// <summary>Looks without making one; default when there is none.</summary>
    public TResult? Peek<TResult>(TKey key, Func<TValue, TResult> look)
    {
        lock (_gate) return _byKey.TryGetValue(key, out var node) ? look(node.Value.Value) : default;
    }
}
