using System.Net;
using Aviso.Base;
using Aviso.Doctor;
using Aviso.Net;

namespace Aviso.Settings;

public enum DnsProvider
{
    Cloudflare, Rfc2136,
}

public sealed class DnsProviderSection : SettingsSection
{
    internal static readonly Table<DnsProviderSection> Table = new("Who holds a zone and changes its records for us.");

    public DnsProvider? Provider => Given(ProviderKey);

    private static readonly Key<DnsProvider> ProviderKey = new(Table, "provider", Types.Words("provider",
        ("cloudflare", DnsProvider.Cloudflare), ("rfc2136", DnsProvider.Rfc2136)),
        "cloudflare: by its API. rfc2136: by dynamic update, as BIND, Knot and PowerDNS take it.")
    { Required = true, Example = "rfc2136" };

    public Secret? Token => Find(TokenKey);

    private static readonly Key<Secret> TokenKey = new(Table, "token", Types.Secret,
        "cloudflare: a token with Zone / DNS / Edit and Zone / Zone / Read.")
    { Example = "env:CLOUDFLARE_TOKEN", DefaultText = "none" };

    public string? Api => Find(ApiKey);

    private static readonly Key<string> ApiKey = new(Table, "api", Types.Text,
        "cloudflare: another address of the API.")
    { Example = "https://api.cloudflare.com/client/v4/", DefaultText = "Cloudflare's" };

    public IPEndPoint? Server => Find(ServerKey);

    private static readonly Key<IPEndPoint> ServerKey = new(Table, "server", Types.Listen,
        "rfc2136: the zone's primary.")
    { Example = "\"192.0.2.53:53\"", DefaultText = "none" };

    public string? Zone => Find(ZoneKey);

    private static readonly Key<string> ZoneKey = new(Table, "zone", Types.Domain,
        "The zone that is changed.")
    { Example = "example.org", DefaultText = "rfc2136: found by its SOA record. cloudflare: all that the token sees" };

    public string? KeyName => Find(KeyNameKey);

    private static readonly Key<string> KeyNameKey = new(Table, "key_name", Types.Text,
        "rfc2136: the name of the TSIG key.")
    { Example = "aviso-key", DefaultText = "none" };

    public Dns.TsigAlgorithm KeyAlgorithm => Get(KeyAlgorithmKey);

    private static readonly Key<Dns.TsigAlgorithm> KeyAlgorithmKey = new(Table, "key_algorithm", Types.Words("algorithm",
        ("hmac-sha256", Aviso.Dns.TsigAlgorithm.HmacSha256),
            ("hmac-sha512", Aviso.Dns.TsigAlgorithm.HmacSha512)), default,
        "rfc2136: its algorithm.")
    { Example = "hmac-sha512" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.Secret,
        "rfc2136: its secret, in base64.")
    { Example = "file:/etc/aviso/tsig.key", DefaultText = "none" };

    public IReadOnlyList<IPEndPoint> Check => Get(CheckKey);

    private static readonly Key<IReadOnlyList<IPEndPoint>> CheckKey = new(Table, "check", Types.ListOf(Types.Listen), [],
        "Servers that must show a change before it counts as done.")
    { Example = "[\"192.0.2.53:53\"]", DefaultText = "all of the zone's name servers" };

    public TimeSpan Patience => Get(PatienceKey);

    private static readonly Key<TimeSpan> PatienceKey = new(Table, "patience", Types.Duration, TimeSpan.FromMinutes(3),
        "How long they may take.")
    { Example = "10m" };
}

/// <summary>What the keys of this section must agree on.</summary>
internal static class DnsProviderChecks
{
    public static void ProviderIsWhole(DnsProviderSection dns, Problems problems)
    {
        if (dns.Provider == DnsProvider.Cloudflare && dns.Token is null) Say("provider", "cloudflare needs its `token`");
        else if (dns.Provider == DnsProvider.Cloudflare && dns.Api is { } api && !Uri.TryCreate(api, UriKind.Absolute, out _)) Say("api",
            "must be a URL");
        else if (dns.Provider == DnsProvider.Rfc2136 && dns.Server is null) Say("provider", "rfc2136 needs the zone's primary as `server`");
        if (dns.KeyName is null != dns.Key is null) Say(dns.Has("key") ? "key" : "key_name", "`key_name` and `key` come together");
        if (dns.Key is { } key && !IsBase64(key.Reveal())) Say("key", "is no base64");

        void Say(string at, string text) => SettingsChecks.Say(problems, dns, at, text);
    }

    private static bool IsBase64(string text) => Convert.TryFromBase64String(text, new byte[text.Length], out _);
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class DnsProviderMapping
{
    public static IDnsPublisher? Publisher(DnsProviderSection dns, Dns.IResolver resolver, TimeProvider clock) => dns.Provider switch
    {
        DnsProvider.Cloudflare => new CloudflarePublisher(Cloudflare(dns, clock)),
        DnsProvider.Rfc2136 => new UpdatePublisher(dns.Server!, KeyOf(dns), Zone(dns), resolver, clock),
        _ => null,
    };

    /// <summary>Null while no provider is named.</summary>
    public static DnsHostEntry? Host(DnsProviderSection dns, Dns.IResolver resolver, TimeProvider clock)
    {
#pragma warning disable CA2000 // the part that holds the hosts closes them
        IDnsHost? host = dns.Provider switch
        {
            DnsProvider.Cloudflare => new CloudflareHost(Cloudflare(dns, clock), Zone(dns), resolver),
            DnsProvider.Rfc2136 => new UpdateHost(dns.Server!, KeyOf(dns), Zone(dns), resolver, clock),
            _ => null,
        };
#pragma warning restore CA2000
        return host is null ? null : new(host, dns.Check, dns.Patience);
    }

    private static CloudflareApi Cloudflare(DnsProviderSection dns, TimeProvider clock) =>
        new(dns.Token!.Reveal(), dns.Api is { } api ? new Uri(api.TrimEnd('/') + "/") : null, clock: clock);

    private static Dns.TsigKey? KeyOf(DnsProviderSection dns) => dns is { KeyName: { } name, Key: { } key }
        ? new(name, dns.KeyAlgorithm, Convert.FromBase64String(key.Reveal())) : null;

    // Settings are kept as they were written; the DNS has A-labels.
    private static string? Zone(DnsProviderSection dns) => dns.Zone is { } zone && DomainName.TryParse(zone, out var name) ? name.Ascii
        : dns.Zone;
}
