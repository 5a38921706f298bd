using System.Collections.Concurrent;

namespace Aviso.Dns;

/// <summary>Answers by name and type until their TTL ends, bounded in octets. Thread-safe.</summary>
internal sealed class DnsCache(TimeProvider clock, long maxOctets)
{
    private readonly ConcurrentDictionary<(string Name, DnsType Type), Entry> _entries = new();
    private readonly Lock _sweep = new();
    private long _octets;

    private sealed record Entry(DnsAnswer Answer, long ExpiresAt, int Octets);

    public int Count => _entries.Count;

    /// <summary>The answer with what is left of its TTL, or null.</summary>
    public DnsAnswer? Find(string name, DnsType type)
    {
        if (!_entries.TryGetValue((name, type), out var entry)) return null;
        var left = entry.ExpiresAt - Now;
        return left > 0 ? entry.Answer with { Ttl = TimeSpan.FromMilliseconds(left) } : null;
    }

    /// <summary>Keeps the answer for its TTL; one of zero is not kept.</summary>
    public void Keep(string name, DnsType type, DnsAnswer answer)
    {
        if (answer.Ttl <= TimeSpan.Zero) return;
        var entry = new Entry(answer, Now + (long)answer.Ttl.TotalMilliseconds, Weigh(name, answer));
        Forget(name, type);
        if (!_entries.TryAdd((name, type), entry)) return;
        if (Interlocked.Add(ref _octets, entry.Octets) > maxOctets) Sweep();
    }

    public void Clear()
    {
        foreach (var key in _entries.Keys) Forget(key.Name, key.Type);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Forget(string name, DnsType type)
    {
        if (_entries.TryRemove((name, type), out var old)) Interlocked.Add(ref _octets, -old.Octets);
    }

    // Drops what is over, then what ends soonest, down to three quarters: the work of a sweep is paid by the entries it makes room for.
    private void Sweep()
    {
        lock (_sweep)
        {
            if (Volatile.Read(ref _octets) <= maxOctets) return;
            // ToArray takes one snapshot; sorting the live dictionary can fail while others add to it.
            foreach (var (key, _) in _entries.ToArray().OrderBy(e => e.Value.ExpiresAt))
            {
                if (Volatile.Read(ref _octets) <= maxOctets / 4 * 3) return;
                Forget(key.Name, key.Type);
            }
        }
    }

    // A rough figure is enough: what an attacker can grow is names, TXT strings and raw data.
    private static int Weigh(string name, DnsAnswer answer)
    {
        var octets = 256 + name.Length * 2;
        foreach (var record in answer.Records)
            octets += 128 + record switch
            {
                TxtRecord txt => txt.Strings.Sum(s => s.Length + 32),
                RawRecord raw => raw.Data.Length,
                TlsaRecord tlsa => tlsa.Data.Length,
                _ => 512,
            };
        return octets;
    }
}
