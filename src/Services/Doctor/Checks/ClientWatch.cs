using System.Net;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>What came by on one kind of listener.</summary>
/// <param name="Connections">Since the watch began, ours left out.</param>
/// <param name="Clients">Different addresses among the last ones, at most <see cref="ClientWatch.MostClients"/>.</param>
/// <param name="LastAt">When somebody from outside came last; null: nobody has.</param>
public sealed record ClientSight(ListenerKind Kind, long Connections, IReadOnlyList<IPAddress> Clients, DateTimeOffset? LastAt);

/// <summary>
/// Stands before the gate of the listeners and remembers who came, as far as the doctor asks: a few addresses and a count. Nothing waits
/// for it. Thread-safe.
/// </summary>
public sealed class ClientWatch(IAcceptGate gate, TimeProvider clock) : IAcceptGate
{
    public const int MostClients = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<ListenerKind, Kept> _kinds = [];
    private readonly Dictionary<IPAddress, long> _forged = [];

    /// <summary>Since when it is watched.</summary>
    public DateTimeOffset Since { get; } = clock.GetUtcNow();

    public bool Allows(ListenerKind kind, IPAddress client)
    {
        if (!IPAddress.IsLoopback(client)) Note(kind, client);
        return gate.Allows(kind, client);
    }

    /// <summary>What clients did, as Guard hears it.</summary>
    public void Hear(Evidence evidence)
    {
        if (evidence.What != Reason.ProxyUntrusted) return;
        lock (_gate)
        {
            if (_forged.Count < MostClients || _forged.ContainsKey(evidence.Client))
                _forged[evidence.Client] = _forged.GetValueOrDefault(evidence.Client) + 1;
        }
    }

    public IReadOnlyList<ClientSight> Sights
    {
        get
        {
            lock (_gate) return [.. _kinds.Select(k => new ClientSight(k.Key, k.Value.Connections, [.. k.Value.Clients], k.Value.LastAt))];
        }
    }

    /// <summary>Who sent PROXY without being believed, and how often.</summary>
    public IReadOnlyDictionary<IPAddress, long> Forged
    {
        get
        {
            lock (_gate) return new Dictionary<IPAddress, long>(_forged);
        }
    }

    private void Note(ListenerKind kind, IPAddress client)
    {
        lock (_gate)
        {
            if (!_kinds.TryGetValue(kind, out var kept)) _kinds[kind] = kept = new();
            kept.Connections++;
            kept.LastAt = clock.GetUtcNow();
            if (kept.Clients.Count < MostClients) kept.Clients.Add(client);
        }
    }

    private sealed class Kept
    {
        public long Connections { get; set; }

        public DateTimeOffset? LastAt { get; set; }

        public HashSet<IPAddress> Clients { get; } = [];
    }
}
