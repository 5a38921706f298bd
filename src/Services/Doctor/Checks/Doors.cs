using System.Net;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>Where to knock.</summary>
/// <param name="Proxied">PROXY is read from us there and must come first.</param>
public sealed record Door(ListenerKind Kind, IPEndPoint Address, bool Proxied = false);

/// <summary>How it was answered.</summary>
/// <param name="Said">The first line, or why there was none.</param>
/// <param name="TlsProblem">TLS failed, and why; null: it did not, or there is none.</param>
public sealed record DoorAnswer(bool Greets, string Said, string? TlsProblem = null);

/// <summary>Connects as a client would.</summary>
public interface IDoorKnocker
{
    /// <summary>Never throws but when it is cancelled.</summary>
    /// <param name="name">Asked for by SNI.</param>
    Task<DoorAnswer> KnockAsync(Door door, string name, CancellationToken cancel);
}
