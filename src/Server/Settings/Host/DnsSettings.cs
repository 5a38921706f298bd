using System.Net;
using Aviso.Base;
using Aviso.Doctor;
using Aviso.Net;

namespace Aviso.Settings;

/// <summary>p= of the DMARC record that is planned.</summary>
public enum DmarcWish
{
    None, Quarantine, Reject,
}

public sealed class DnsSection : SettingsSection
{
    internal static readonly Table<DnsSection> Table = new("Name resolution, and the records of our own domains (`aviso dns`).");

    public IReadOnlyList<IPEndPoint> Resolvers => Get(ResolversKey);

    private static readonly Key<IReadOnlyList<IPEndPoint>> ResolversKey = new(Table, "resolvers", Types.ListOf(Types.Listen), [],
        "Resolvers to ask, in this order. A validating one on this machine is best.")
    { AfterRestart = true, Example = "[\"127.0.0.1:53\"]", DefaultText = "those of the system" };

    public IReadOnlyList<IPEndPoint> CheckWith => Get(CheckWithKey);

    private static readonly Key<IReadOnlyList<IPEndPoint>> CheckWithKey = new(Table, "check_with", Types.ListOf(Types.Listen), [],
        "Other resolvers that `aviso dns check` asks, beside the zone's own servers and `resolvers`: two of different public services see what most of the "
        + "world sees.")
    { Example = "[\"9.9.9.9:53\", \"1.1.1.1:53\"]" };

    public IReadOnlyList<IPAddress> Addresses => Get(AddressesKey);

    private static readonly Key<IReadOnlyList<IPAddress>> AddressesKey = new(Table, "addresses", Types.ListOf(Types.Ip), [],
        "The public addresses of this server: for A and AAAA of `hostname`, and for SPF. Without them the two are not planned and SPF says `mx`.")
    { Example = "[192.0.2.25, \"2001:db8::25\"]" };

    public DmarcWish? DmarcPolicy => Given(DmarcPolicyKey);

    private static readonly Key<DmarcWish> DmarcPolicyKey = new(Table, "dmarc_policy",
        Types.Words("policy", ("none", DmarcWish.None), ("quarantine", DmarcWish.Quarantine), ("reject", DmarcWish.Reject)),
        "What others are asked to do with mail that only claims to be from our domains.")
    { Example = "quarantine", DefaultText = "what is published; none for a new record" };

    public IReadOnlyList<DnsProviderSection> Zones => Get(ZonesKey);

    private static readonly Key<IReadOnlyList<DnsProviderSection>> ZonesKey = new(
        Table, "zones", Types.ListOf(new SectionType<DnsProviderSection>(DnsProviderSection.Table)), [],
        "Who holds our zones: `aviso dns apply` writes there. Of several that hold a name the longest zone counts.")
    {
        Example = """

              - { provider: rfc2136, zone: example.org, server: "192.0.2.53:53", key_name: aviso-key, key: file:/etc/aviso/tsig.key }
            """,
    };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class DnsChecks
{
    public static void ZonesAreWhole(DnsSection dns, Problems problems)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var zone in dns.Zones)
        {
            DnsProviderChecks.ProviderIsWhole(zone, problems);
            if (zone.Provider is not null && !seen.Add(zone.Zone ?? "")) SettingsChecks.Say(
                problems, zone, zone.Has("zone") ? "zone" : "provider",
                zone.Zone is null ? "only one of `zones` may be without `zone`" : $"{zone.Zone} is given twice");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class DnsMapping
{
    public static DnsHosts Hosts(ServerSettings settings, Dns.IResolver resolver, TimeProvider clock) =>
        new([.. settings.Dns.Zones.Select(z => DnsProviderMapping.Host(z, resolver, clock)).OfType<DnsHostEntry>()]);

    /// <summary>Our own records are looked for: mail leaves, or the settings say whom to ask or who holds our zones.</summary>
    public static bool Asks(ServerSettings settings) =>
        settings.Outbound.Capture is null || settings.Dns.Resolvers.Count > 0 || settings.Dns.Zones.Count > 0;

    /// <summary>What the plan takes from the settings alone.</summary>
    public static PlanInput Facts(ServerSettings settings)
    {
        var host = Ascii(settings.HostName);
        return new()
        {
            HostName = host,
            Addresses = settings.Dns.Addresses,
            Backups = [.. settings.MtaSts.Mx.Where(m => !m.StartsWith('*')).Select(Ascii).Where(m => m != host)],
            Relays = [.. settings.Relays.Select(r => Relay(r, settings))],
            Sts = MtaStsMapping.PublishedPolicy(settings),
            ReportsTo = settings.Reports.Address is { } to && MailAddress.TryParse(to, out var read)
                ? $"{read.LocalPart}@{read.Domain.Ascii}" : null,
            DmarcPolicy = settings.Dns.DmarcPolicy?.ToString().ToLowerInvariant(),
            ServesWeb = settings.Listeners.Any(l => l.Kind is ListenerKind.Http or ListenerKind.Https),
        };
    }

    // A relay that only routes of certain senders lead to sends for their domains; one that no route names is being prepared, for all.
    private static PlannedRelay Relay(RelaySection relay, ServerSettings settings)
    {
        var senders = settings.Routes.Where(r => RelaysMapping.Chain(settings, r.Relay).Contains(relay)).Select(r => r.From).ToList();
        var all = senders.Count == 0 || senders.Exists(s => s.StartsWith('*'));
        return new(relay.Name, relay.Spf, [.. relay.DkimCnames.Select(c => (c.Selector, c.Target))],
            all ? null : senders.Select(s => Ascii(s.Contains('@') ? MailAddress.DomainOf(s) : s)).ToHashSet())
        {
            Selectors = [.. relay.DkimSelectors.Where(s =>
                !relay.DkimCnames.Any(c => c.Selector.Equals(s, StringComparison.OrdinalIgnoreCase)))],
        };
    }

    public static string Ascii(string domain) => DomainName.TryParse(domain, out var name) ? name.Ascii : domain.ToLowerInvariant();
}
