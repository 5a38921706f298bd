using System.Collections.Concurrent;
using System.Net;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// Banned networks for the way of every connection: one hash table for each prefix length in use, asked without a lock. The cost
/// grows with the number of different lengths (a handful), not with the number of decisions.
/// </summary>
internal sealed class DecisionTable
{
    private readonly ConcurrentDictionary<UInt128, long>?[] _byLength = new ConcurrentDictionary<UInt128, long>?[129];
    private readonly Lock _gate = new();
    private volatile int[] _lengths = [];

    /// <summary>The latest end of all decisions on exactly this network, in UTC ticks; 0 takes it out.</summary>
    public void Set(IPNetwork network, long until)
    {
        var (key, length) = KeyOf(network);
        lock (_gate)
        {
            var table = _byLength[length] ??= new();
            if (until > 0) table[key] = until;
            else table.TryRemove(key, out _);
            _lengths = [.. Enumerable.Range(0, 129).Where(l => _byLength[l] is { IsEmpty: false })];
        }
    }

    /// <param name="now">UTC ticks: what has ended does not count even while it is still here.</param>
    public bool Contains(IPAddress address, long now)
    {
        var lengths = _lengths;
        if (lengths.Length == 0) return false;
        var number = Networks.Number(address);
        var isIPv4 = number >> 32 == 0xffff;
        foreach (var length in lengths)
        {
            // IPv4 stands inside of IPv6 here: what is so wide is about IPv6 alone.
            if (isIPv4 && length < 96) continue;
            if (_byLength[length]!.TryGetValue(Prefix(number, length), out var until) && until > now) return true;
        }
        return false;
    }

    public static (UInt128 Key, int Length) KeyOf(IPNetwork network)
    {
        var length = network.PrefixLength + (network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 96 : 0);
        return (Prefix(Networks.Number(network.BaseAddress), length), length);
    }

    private static UInt128 Prefix(UInt128 number, int length) => length == 0 ? 0 : number >> (128 - length) << (128 - length);
}
