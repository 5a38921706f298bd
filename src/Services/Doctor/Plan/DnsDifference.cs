namespace Aviso.Doctor;

/// <summary>What a DNS record of ours is for.</summary>
public enum DnsPurpose
{
    /// <summary>A and AAAA of the mail host.</summary>
    Address,

    Mx, Spf, Dkim, Dmarc,

    /// <summary>The policy host and its announcement (RFC 8461).</summary>
    MtaSts,

    /// <summary>Where others report about TLS to (RFC 8460).</summary>
    TlsReports,

    Tlsa,

    /// <summary>How mail programs find us: SRV records and autoconfig hosts (RFC 6186, RFC 8314, RFC 8620).</summary>
    Clients,

    Caa,
}

public enum DnsDifferenceKind
{
    /// <summary>Nothing is there; `aviso dns apply` writes it.</summary>
    Missing,

    /// <summary>Something is there and says something else; `aviso dns apply` mends it.</summary>
    Differs,

    /// <summary>What is there works against us, and only people can decide: no verb mends it.</summary>
    Contradicts,

    /// <summary>It was written by us and nothing uses it any more; `aviso dns apply` removes it.</summary>
    Unused,

    /// <summary>The DNS did not answer, or with an error: nothing is known, least of all that it is missing.</summary>
    Unknown,
}

/// <summary>One place where the DNS does not say what this server needs.</summary>
/// <param name="Domain">The mail domain it is for; our host name for records of the host.</param>
/// <param name="Name">The record's name: lower case A-labels, no last dot. With <paramref name="Type"/> it is the NAME/TYPE of
/// `aviso dns apply --only`.</param>
/// <param name="Type">Such as "TXT".</param>
/// <param name="Wanted">The values to publish, as in a zone file but TXT in one piece without quotes; empty when nothing ought to be
/// there.</param>
/// <param name="Found">The values that stand there now, in the same form.</param>
/// <param name="Why">What is wrong and what follows from it, one or two sentences.</param>
/// <param name="Urgent">Mail, or what we promise about it, fails as long as it is so.</param>
public sealed record DnsDifference(
    string Domain, string Name, string Type, DnsPurpose Purpose, DnsDifferenceKind Kind, IReadOnlyList<string> Wanted,
    IReadOnlyList<string> Found, string Why, bool Urgent);

/// <summary>Tells where the DNS differs from what this server needs. Answered by <c>DnsPlanner</c>.</summary>
public interface IDnsDifferences
{
    /// <summary>Looks at the DNS now; none when all is well. Never throws for what the network or the DNS does.</summary>
    Task<IReadOnlyList<DnsDifference>> DifferencesAsync(CancellationToken cancel);
}
