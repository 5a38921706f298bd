using System.Net;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Net;

namespace Aviso.Settings;

public sealed class DoctorSection : SettingsSection
{
    internal static readonly Table<DoctorSection> Table = new("What the doctor looks at; see docs/doctor.md.");

    public IReadOnlyList<string> Ignore => Get(IgnoreKey);

    private static readonly Key<IReadOnlyList<string>> IgnoreKey = new(Table, "ignore", Types.ListOf(Types.Word), [],
        "Codes of findings that nothing shall be said of, as `aviso doctor codes` lists them.")
    { Example = "[resolver-no-dnssec]" };

    public string? Clock => Find(ClockKey);

    private static readonly Key<string> ClockKey = new(Table, "clock", Types.Text,
        "A time server (NTP) to compare the clock with, by name or address; with a port where it is not 123.")
    { Example = "pool.ntp.org", DefaultText = "none: only jumps of the clock are seen" };

    public IReadOnlyList<string> BlockLists => Get(BlockListsKey);

    private static readonly Key<IReadOnlyList<string>> BlockListsKey = new(Table, "block_lists", Types.ListOf(Types.Domain),
        ["zen.spamhaus.org", "bl.spamcop.net"],
        "Lists that are asked whether they have an address that our mail leaves from directly.")
    { Example = "[zen.spamhaus.org]" };
}

/// <summary>What the keys of this file must agree on.</summary>
internal static class DoctorChecks
{
    public static void CodesAreKnown(DoctorSection doctor, Problems problems)
    {
        foreach (var (code, at) in doctor.Ignore.Select((code, at) => (code, at)).Where(i => FindingCode.Find(i.code) is null))
            SettingsChecks.Say(problems, doctor, $"ignore[{at}]",
                $"there is no finding {code}{Nearest.Hint(code, FindingCode.All.Select(c => c.Word))}; `aviso doctor codes` lists them");
    }
}

/// <summary>What the whole file says, in the words of the doctor.</summary>
internal static class DoctorMapping
{
    /// <param name="domains">Whose mail is received here.</param>
    /// <param name="addresses">Of this machine.</param>
    public static Deployment Deployment(
        ServerSettings settings, IReadOnlyList<string> domains, IEnumerable<IPAddress> addresses, SwitchedRelay? switched = null) => new(
        DnsMapping.Ascii(settings.HostName), [.. domains.Select(d => Ways(settings, d, switched))], settings.Outbound.Capture is not null,
        settings.Dns.Addresses.Count > 0 ? settings.Dns.Addresses
            : [.. addresses.Where(IsPublic).OrderBy(a => a.ToString(), StringComparer.Ordinal)]);

    /// <summary>By which relays mail of a domain may leave, as the routes say, and whether some of it goes straight.</summary>
    private static SendingDomain Ways(ServerSettings settings, string domain, SwitchedRelay? switched)
    {
        var (relays, direct, isOver) = (new List<RelayNeeds>(), false, false);
        foreach (var route in settings.Routes.Where(r => MayFit(r.From, domain)))
        {
            if (route.Relay == RouteSection.Direct) direct = true;
            else
            {
                foreach (var relay in RelaysMapping.Chain(settings, RoutesMapping.Now(route.Relay, switched)).Where(c =>
                    relays.TrueForAll(r => r.Name != c.Name)))
                    relays.Add(new(relay.Name, relay.Spf, [.. relay.DkimSelectors, .. relay.DkimCnames.Select(c => c.Selector)]));
            }
            if (isOver = route.To == "*" && FitsAll(route.From, domain)) break;
        }
        // Mail that fits no route goes to the MX of its domain.
        return new(domain, relays, direct || !isOver);
    }

    private static bool MayFit(string from, string domain) => FitsAll(from, domain)
        || Same(MailAddress.DomainOf(from), domain);

    private static bool FitsAll(string from, string domain) => from == "*" || Same(from, domain)
        || (from.StartsWith("*.", StringComparison.Ordinal) && domain.EndsWith(from[1..], StringComparison.OrdinalIgnoreCase));

    private static bool Same(string a, string b) => DomainName.TryParse(a, out var first) && DomainName.TryParse(b, out var second)
        && first == second;

    private static readonly Networks NotPublic = Networks.Parse("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "::/127", "fe80::/10", "fc00::/7");

    // A container's or a lab's addresses say nothing of what others see.
    private static bool IsPublic(IPAddress address) => !NotPublic.Contains(address);
}
