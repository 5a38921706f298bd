using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Who holds a zone and lets us change it.</summary>
public interface IDnsHost
{
    /// <summary>For people: "Cloudflare", "192.0.2.53:53".</summary>
    string Name { get; }

    /// <summary>The zone it is for; null: whatever zone holds the name.</summary>
    string? Zone { get; }

    /// <summary>What it holds now, for one look.</summary>
    IRecordSource Look();

    /// <summary>Takes records away and adds others, all of one zone: all of it happens or nothing does.</summary>
    /// <param name="name">A name in the zone.</param>
    /// <returns>Null, or what went wrong and what to do.</returns>
    Task<string?> ChangeAsync(string name, IReadOnlyList<FoundRecord> removes, IReadOnlyList<DnsRecord> adds, CancellationToken cancel);
}

/// <summary>The hosts of the settings.</summary>
/// <param name="Patience">How long the servers of a zone may take to show a change.</param>
/// <param name="Checks">Servers that must show it; empty for all of the zone's own.</param>
public sealed record DnsHostEntry(IDnsHost Host, IReadOnlyList<System.Net.IPEndPoint> Checks, TimeSpan Patience);

public sealed record DnsHosts(IReadOnlyList<DnsHostEntry> All)
{
    public static readonly DnsHosts None = new([]);

    /// <summary>The entry of the longest zone that holds the name; null when nobody may change it.</summary>
    public DnsHostEntry? For(string name) => All
        .Where(e => e.Host.Zone is not { } zone || Base.DomainName.IsWithin(name, zone)).MaxBy(e => e.Host.Zone?.Length ?? 0);
}
