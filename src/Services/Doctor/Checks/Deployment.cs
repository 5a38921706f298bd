using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>A relay in use, and what the DNS must say for it.</summary>
/// <param name="Spf">Terms of SPF such as "include:spf.example"; null: nobody said.</param>
public sealed record RelayNeeds(string Name, string? Spf, IReadOnlyList<string> DkimSelectors);

/// <summary>A domain of ours and the ways by which its mail may leave.</summary>
/// <param name="Direct">Some of it goes straight to the MX of its recipients.</param>
public sealed record SendingDomain(string Name, IReadOnlyList<RelayNeeds> Relays, bool Direct);

/// <summary>What the settings say now that the outside must agree with.</summary>
/// <param name="IsCaptured">Nothing leaves, so that nobody looks at our records.</param>
/// <param name="Addresses">Of this host on the public network: its own, else those the DNS has for its name.</param>
public sealed record Deployment(string HostName, IReadOnlyList<SendingDomain> Domains, bool IsCaptured, IReadOnlyList<IPAddress> Addresses)
{
    // RFC 6761 §6, RFC 2606 §2: nobody can publish anything there.
    private static readonly string[] NotPublic = ["test", "invalid", "localhost", "example"];

    /// <summary>Domains whose records the world can see.</summary>
    public IEnumerable<SendingDomain> PublicDomains => IsCaptured ? [] : Domains.Where(d => IsPublic(d.Name));

    /// <summary>The name of this host can be known to the world.</summary>
    public bool HasPublicHost => !IsCaptured && IsPublic(HostName);

    /// <summary>There is something of ours that the world can ask for.</summary>
    public bool IsInPublic => HasPublicHost || PublicDomains.Any();

    public bool SendsDirectly => Domains.Any(d => d.Direct) && HasPublicHost;

    public static bool IsPublic(string name) => !NotPublic.Contains(name[(name.LastIndexOf('.') + 1)..], StringComparer.OrdinalIgnoreCase);

    /// <summary>Addresses that others see mail of ours come from when it goes directly.</summary>
    public async Task<IReadOnlyList<IPAddress>> OutgoingAsync(IResolver resolver, CancellationToken cancel) =>
        Addresses.Count > 0 ? Addresses : (await resolver.AddressesAsync(HostName, cancel)).All;
}
