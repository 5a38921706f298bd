using System.Net;
using System.Text;
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

/// <summary>Why a connection was turned away before its protocol began.</summary>
public enum AcceptRefusal
{
    /// <summary>The listener is full.</summary>
    ListenerFull,

    /// <summary>This client has too many connections open.</summary>
    ClientLimit,

    /// <summary>The gate said no.</summary>
    Gate,
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

    /// <summary>Longest variable part of a PROXY v2 header, 16 to 4096 octets.</summary>
    public int ProxyV2Limit { get; init; } = 536;

    /// <summary>The line a refused client gets on a listener without implicit TLS, with CRLF; empty for none.</summary>
    public Func<ListenerKind, AcceptRefusal, ReadOnlyMemory<byte>> RefusalLine { get; init; } = DefaultRefusalLine;

    private static ReadOnlyMemory<byte> DefaultRefusalLine(ListenerKind kind, AcceptRefusal why)
    {
        var text = why is AcceptRefusal.ClientLimit ? "Too many connections from your address, try again later" : "Busy, try again later";
        return kind switch
        {
            ListenerKind.Smtp or ListenerKind.Submission or ListenerKind.Lmtp =>
                Encoding.ASCII.GetBytes($"{new Refusal(421, new EnhancedCode(4, 7, 0), text, Reason.Gate, "")}\r\n"),
            ListenerKind.Imap => Encoding.ASCII.GetBytes($"* BYE [UNAVAILABLE] {text}\r\n"), // RFC 5530 §3
            ListenerKind.Pop3 => Encoding.ASCII.GetBytes($"-ERR [SYS/TEMP] {text}\r\n"), // RFC 3206 §4
            ListenerKind.ManageSieve => Encoding.ASCII.GetBytes($"BYE (TRYLATER) \"{text}\"\r\n"), // RFC 5804 §1.3
            _ => default,
        };
    }
}
