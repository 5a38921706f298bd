using System.Net;
using Aviso.Net;

namespace Aviso.Settings;

public sealed class NetworksSection : SettingsSection
{
    internal static readonly Table<NetworksSection> Table = new("Networks that are not strangers.");

    public IReadOnlyList<IPNetwork> Proxies => Get(ProxiesKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> ProxiesKey = new(Table, "proxies", Types.ListOf(Types.Network), [],
        "A PROXY header (v1 or v2) is required within 5 seconds from these, and refused from everybody else. On http it need not be there, "
        + "and X-Forwarded-For and X-Forwarded-Proto are believed from these alone.")
    { Example = "[10.0.20.0/24]" };

    public IReadOnlyList<IPNetwork> Internal => Get(InternalKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> InternalKey = new(Table, "internal", Types.ListOf(Types.Network), [],
        "Ours: never banned, no reverse-DNS policy. Grants no relaying and skips no login, filter or failed-login limit.")
    { Example = "[10.0.0.0/8]" };

    public IReadOnlyList<IPNetwork> TrustedRelays => Get(TrustedRelaysKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> TrustedRelaysKey = new(Table, "trusted_relays", Types.ListOf(Types.Network), [],
        "Relays and backups that hand over mail of others: it is judged by the client that their own Received "
        + "field names.")
    { Example = "[192.0.2.25]" };

    public IReadOnlyList<IPNetwork> CleartextLogin => Get(CleartextLoginKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> CleartextLoginKey = new(Table, "cleartext_login", Types.ListOf(Types.Network), [],
        "May log in without TLS. For tests; passwords then cross the network in the clear.")
    { Example = "[127.0.0.1]" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class NetworksChecks
{
    public static void NetworksAreNotEverybody(ServerSettings settings, Problems problems)
    {
        Check("proxies", settings.Networks.Proxies, "a PROXY header would be required from everybody");
        Check("internal", settings.Networks.Internal, "everybody would count as ours");
        Check("cleartext_login", settings.Networks.CleartextLogin, "everybody might send passwords in the clear");

        void Check(string key, IReadOnlyList<IPNetwork> networks, string consequence)
        {
            for (var i = 0; i < networks.Count; i++)
                if (networks[i].PrefixLength == 0) SettingsChecks.Say(problems, settings.Networks, $"{key}[{i}]", $"{networks[i]} is the whole Internet: {consequence}");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class NetworksMapping
{
    public static WireHostOptions Wire(ServerSettings settings) => new()
    {
        Proxies = new(settings.Networks.Proxies),
        Internal = new(settings.Networks.Internal),
        CleartextLogin = new(settings.Networks.CleartextLogin),
    };
}
