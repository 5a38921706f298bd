using System.Net;
using Aviso.Base;

namespace Aviso.Net;

/// <summary>One address to listen on. <c>[::]</c> also serves IPv4; port 0 takes any free one.</summary>
public sealed record ListenerSettings(ListenerKind Kind, IPEndPoint Address)
{
    /// <summary>PROXY headers are read from networks.proxies (and refused from all others).</summary>
    public bool Proxy { get; init; } = true;

    /// <summary>Connections open at once on this listener; more are told to come back.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Connections at once from one client (IPv4 address or IPv6 /64), summed over the listeners of one host;
    /// networks.internal are exempt (one gateway may stand for many people).</summary>
    public int MaxPerClient { get; init; } = 50;
}

/// <summary>Asked about every new client with its real address, before its protocol begins. Guard answers.</summary>
public interface IAcceptGate
{
    /// <summary>At once and from memory: it stands in the way of every connection.</summary>
    bool Allows(ListenerKind kind, IPAddress client);
}

/// <summary>What somebody did that may count against them.</summary>
/// <param name="What">The listener minds those that are evidence.</param>
public readonly record struct Evidence(ListenerKind Kind, IPAddress Client, Reason What);

/// <summary>Hears what clients did. Guard listens.</summary>
public interface IEvidence
{
    /// <summary>At once; called from connections.</summary>
    void Report(Evidence evidence);
}

/// <summary>What all listeners of one <see cref="WireHost"/> share; replaced as a whole on reload.</summary>
public sealed record WireHostOptions
{
    /// <summary>networks.proxies: PROXY is required from these and refused from all others.</summary>
    public Networks Proxies { get; init; } = Networks.None;

    /// <summary>networks.internal.</summary>
    public Networks Internal { get; init; } = Networks.None;

    /// <summary>networks.cleartext_login.</summary>
    public Networks CleartextLogin { get; init; } = Networks.None;

    /// <summary>A trusted proxy has this long to send its whole header.</summary>
    public TimeSpan ProxyPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections that the process can hold.</summary>
    public Descriptors Descriptors { get; init; } = Descriptors.OfProcess;

    /// <summary>Longest variable part of a PROXY v2 header, 16 to 4096 octets.</summary>
    public int ProxyV2Limit { get; init; } = 536;
}
