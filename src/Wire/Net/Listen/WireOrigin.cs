using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Aviso.Base;

namespace Aviso.Net;

/// <summary>What a listener speaks; names as in the settings (design.md section 5).</summary>
public enum ListenerKind
{
    Smtp, Submission, Submissions, Imap, Imaps, Pop3, Pop3s, ManageSieve, Lmtp, Http, Https, Metrics,
}

/// <summary>What TLS agreed on. <paramref name="ServerCertificate"/> is what tls-server-end-point binds to (RFC 5929 §4).</summary>
public sealed record TlsSession(string Protocol, string Cipher, X509Certificate2 ServerCertificate, string? ServerName);

/// <summary>Where a connection came from and what may be said to it. Addresses are real: behind PROXY they are the
/// client's, and IPv4-mapped IPv6 is IPv4.</summary>
public sealed record WireOrigin(ListenerKind Kind, IPEndPoint Remote, IPEndPoint Local)
{
    /// <summary>The client is in networks.internal: never banned, no reverse-DNS policy; grants nothing else.</summary>
    public bool IsInternal { get; init; }

    /// <summary>The client is in networks.cleartext_login: may log in without TLS.</summary>
    public bool ClearLoginAllowed { get; init; }

    /// <summary>Whose share of the spool this client uses: one of ours may stand for many people and is a neighbour by LMTP.</summary>
    public SpoolOwner SpoolOwner(bool loggedIn) => IsInternal || Kind == ListenerKind.Lmtp ? default
        : new(loggedIn ? SpoolRight.LoggedIn : SpoolRight.Stranger, Networks.NetworkKey(Remote.Address));
}

/// <summary>How a read ended.</summary>
public enum ReadStatus
{
    /// <summary>What was asked for is here.</summary>
    Complete,

    /// <summary>The line is longer than the limit; it was thrown away up to its LF, or kept (<see cref="WireConnection.KeepsLongLines"/>).</summary>
    TooLong,

    /// <summary>The peer closed or reset the connection.</summary>
    Closed,

    /// <summary>The deadline passed.</summary>
    TimedOut,

    /// <summary>The server is stopping and no command has begun.</summary>
    Draining,

    /// <summary>The client is too slow while others wait (<see cref="WireConnection.Evict"/>).</summary>
    Evicted,
}

/// <summary>A line without its line end, valid until the next read on the same connection.</summary>
/// <param name="EndedByCrLf">False when the line ended in a bare LF.</param>
public readonly record struct LineRead(ReadStatus Status, ReadOnlyMemory<byte> Line, bool EndedByCrLf);

/// <summary>Unread octets, see <see cref="WireConnection.PeekAsync"/>.</summary>
public readonly record struct PeekRead(ReadStatus Status, ReadOnlySequence<byte> Octets);

/// <summary>One protocol's whole conversation on one connection.</summary>
public interface IWireProtocol
{
    /// <summary>Runs until the conversation ends. The caller closes the connection.</summary>
    Task RunAsync(WireConnection connection);

    /// <summary>The line, with its end, for a client that is turned away at the door of a listener without implicit TLS; empty:
    /// none.</summary>
    ReadOnlyMemory<byte> DoorLine(Reason reason) => default;
}
