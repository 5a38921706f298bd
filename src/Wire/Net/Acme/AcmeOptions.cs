// Acme owns getting certificates from authorities by RFC 8555 and renewing them in time. Rules in here: a failure is a value whose
// text says what to do; every wait and every answer of an authority is bounded; what must survive a restart (account keys,
// certificates, how often something failed) is on the shelf, so that a server that restarts in a loop does not use up an
// authority's limits; nothing of this ever stands in the way of a handshake with the certificate in use.
namespace Aviso.Net;

/// <summary>How a name is proved to be ours.</summary>
public enum AcmeMethod
{
    /// <summary>RFC 8555 §8.3: a file over plain HTTP on port 80.</summary>
    Http01,

    /// <summary>RFC 8737: a handshake on port 443.</summary>
    TlsAlpn01,

    /// <summary>RFC 8555 §8.4: a TXT record; the only one for wildcards (Baseline Requirements).</summary>
    Dns01,
}

/// <summary>A certificate authority.</summary>
/// <param name="Directory">Its directory, an https URL.</param>
public sealed record AcmeAuthority(Uri Directory)
{
    /// <summary>RFC 8555 §7.3.4: what ties our account to one at the authority; null for none.</summary>
    public AcmeBinding? Binding { get; init; }

    /// <summary>PEM of the only roots its own web server may have; null for the system's.</summary>
    public string? Trust { get; init; }

    /// <summary>For logs and metric labels.</summary>
    public string Name => Directory.Host;
}

/// <summary>External account binding.</summary>
/// <param name="Key">The MAC key, the octets behind the base64url text.</param>
public sealed record AcmeBinding(string KeyId, byte[] Key)
{
    public override string ToString() => KeyId;
}

/// <summary>One certificate that is wanted.</summary>
/// <param name="Names">At least one, lower case A-labels; the first names the certificate. "*.example.org" needs DNS-01.</param>
public sealed record WantedCertificate(IReadOnlyList<string> Names, AcmeMethod Method)
{
    public string Name => Names[0];

    /// <summary>Is <paramref name="host"/> one of the names, or below a wildcard among them.</summary>
    public bool Covers(string host) => Names.Any(n => n.Equals(host, StringComparison.OrdinalIgnoreCase)
        || (n.StartsWith("*.", StringComparison.Ordinal) && host.IndexOf('.', StringComparison.Ordinal) is var dot and > 0
            && host[(dot + 1)..].Equals(n[2..], StringComparison.OrdinalIgnoreCase)));
}

/// <summary>What to keep in certificates, and from whom.</summary>
public sealed record AcmeOptions
{
    /// <summary>Asked in this order: the second when the first failed or is being left alone.</summary>
    public IReadOnlyList<AcmeAuthority> Authorities { get; init; } = [];

    public IReadOnlyList<WantedCertificate> Certificates { get; init; } = [];

    /// <summary>A mail address, or empty for none.</summary>
    public string Contact { get; init; } = "";

    /// <summary>For all DNS-01; null when there is none.</summary>
    public IDnsPublisher? Dns { get; init; }

    /// <summary>Servers that must show a TXT record before the authority is told; empty for all of the zone's own.</summary>
    public IReadOnlyList<System.Net.IPEndPoint> DnsChecks { get; init; } = [];

    /// <summary>How long a TXT record may take to show on all of them.</summary>
    public TimeSpan DnsPatience { get; init; } = TimeSpan.FromMinutes(3);
}

/// <summary>Why there is no certificate.</summary>
/// <param name="Reason">A word of a small set, for the metric.</param>
/// <param name="Text">What happened and what to do.</param>
/// <param name="RetryAfter">The authority's own wish.</param>
public sealed record AcmeFailure(string Reason, string Text, TimeSpan? RetryAfter = null);

/// <summary>Where account keys and certificates are kept. The store answers.</summary>
public interface ICertificateShelf
{
    /// <summary>All of a kind, by name.</summary>
    Task<IReadOnlyDictionary<string, byte[]>> ListAsync(string kind, CancellationToken cancel);

    /// <summary>When this returns the value survives a crash.</summary>
    Task WriteAsync(string kind, string name, byte[] value, CancellationToken cancel);
}
