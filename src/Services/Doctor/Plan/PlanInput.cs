using System.Net;
using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>All that the plan of records is made of: no clock, no network.</summary>
public sealed record PlanInput
{
    /// <summary>Of this server: lower case A-labels.</summary>
    public required string HostName { get; init; }

    /// <summary>Mail domains, lower case A-labels.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Where the world reaches this server and sees it send from; empty: not known.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Other hosts that take mail for our domains, in the order of their preference; without our own.</summary>
    public IReadOnlyList<string> Backups { get; init; } = [];

    public IReadOnlyList<PlannedKey> Keys { get; init; } = [];

    public IReadOnlyList<PlannedRelay> Relays { get; init; } = [];

    /// <summary>The MTA-STS policy that is served; null for none.</summary>
    public StsPolicy? Sts { get; init; }

    /// <summary>Hosts of ours that no certificate in use is for.</summary>
    public IReadOnlyList<string> WithoutCertificate { get; init; } = [];

    /// <summary>Where reports are looked through; null: postmaster of each domain.</summary>
    public string? ReportsTo { get; init; }

    /// <summary>p= of DMARC: none, quarantine or reject; null: what is published, "none" for a new record.</summary>
    public string? DmarcPolicy { get; init; }

    /// <summary>What mail programs may use.</summary>
    public IReadOnlyList<PlannedDoor> Doors { get; init; } = [];

    /// <summary>Pages of ours are on http or https, so that autoconfig hosts lead somewhere.</summary>
    public bool ServesWeb { get; init; }

    /// <summary>Null without a certificate.</summary>
    public PlannedTlsa? Tlsa { get; init; }

    /// <summary>How the authorities of our certificates call themselves in CAA records.</summary>
    public IReadOnlyList<string> Authorities { get; init; } = [];
}

/// <summary>A signing key's record.</summary>
/// <param name="Text">The TXT value in one piece.</param>
/// <param name="Signs">Mail is signed with it now.</param>
/// <param name="IsRetired">It signs no more; what it signed is still under way.</param>
public sealed record PlannedKey(string Domain, string Selector, string Text, bool Signs, bool IsRetired = false);

/// <summary>A relay that sends mail on for some of our domains.</summary>
/// <param name="Spf">Terms that our SPF record must have for it; null for none.</param>
/// <param name="Names">Selectors with the name each is an alias of; "{domain}" and "{domain-dashed}" in it stand for the mail
/// domain.</param>
/// <param name="Domains">The mail domains it sends for; null for all.</param>
public sealed record PlannedRelay(
    string Name, string? Spf, IReadOnlyList<(string Selector, string Target)> Names, IReadOnlySet<string>? Domains = null)
{
    /// <summary>Selectors whose keys only the relay knows: that one stands there is all that can be told.</summary>
    public IReadOnlyList<string> Selectors { get; init; } = [];

    public bool SendsFor(string domain) => Domains?.Contains(domain) ?? true;
}

/// <summary>A way in for mail programs.</summary>
/// <param name="Service">The label of RFC 6186, RFC 8314 and RFC 8620: "_imaps", "_submissions", "_pop3s", "_jmap".</param>
public sealed record PlannedDoor(string Service, int Port);

/// <summary>TLSA values, "3 1 1 ...", of our own key.</summary>
/// <param name="Next">Of the certificate to come; null when it has the same key, or nothing was made yet.</param>
/// <param name="Accepted">Other values that name one of these keys, each with that one.</param>
/// <param name="IsSigned">The zone is signed with DNSSEC; null: not known. Without, nobody looks at TLSA (RFC 7672 §2.2).</param>
/// <param name="IsOurs">Nobody else makes the next key: another's renewal must not break what we published.</param>
public sealed record PlannedTlsa(string Current, string? Next, IReadOnlyDictionary<string, string> Accepted, bool? IsSigned, bool IsOurs);
