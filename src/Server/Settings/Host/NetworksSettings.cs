using System.Net;

namespace Aviso.Settings;

public sealed class NetworksSection : SettingsSection
{
    internal static readonly Table<NetworksSection> Table = new("Networks that are not strangers.");

    public IReadOnlyList<IPNetwork> Proxies => Get(ProxiesKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> ProxiesKey = new(Table, "proxies", Types.ListOf(Types.Network), [],
        "A PROXY header (v1 or v2) is required within 5 seconds from these, and refused from everybody else.")
        { Example = "[10.0.20.0/24]" };

    public IReadOnlyList<IPNetwork> Internal => Get(InternalKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> InternalKey = new(Table, "internal", Types.ListOf(Types.Network), [],
        "Ours: never banned, no reverse-DNS policy. Grants no relaying and skips no login, filter or failed-login limit.")
        { Example = "[10.0.0.0/8]" };

    public IReadOnlyList<IPNetwork> TrustedRelays => Get(TrustedRelaysKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> TrustedRelaysKey = new(Table, "trusted_relays", Types.ListOf(Types.Network), [],
        "Relays and backups that hand over mail of others: it is judged by the client that their own Received "
        + "field names.") { Example = "[192.0.2.25]" };

    public IReadOnlyList<IPNetwork> CleartextLogin => Get(CleartextLoginKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> CleartextLoginKey = new(Table, "cleartext_login", Types.ListOf(Types.Network), [],
        "May log in without TLS. For tests; passwords then cross the network in the clear.") { Example = "[127.0.0.1]" };
}
