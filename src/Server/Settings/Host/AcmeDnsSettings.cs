using System.Net;
using Aviso.Net;

namespace Aviso.Settings;

public enum DnsProvider
{
    Cloudflare, Rfc2136,
}

public sealed class AcmeDnsSection : SettingsSection
{
    internal static readonly Table<AcmeDnsSection> Table = new("Who changes the DNS for dns-01.");

    public DnsProvider? Provider => Given(ProviderKey);

    private static readonly Key<DnsProvider> ProviderKey = new(Table, "provider", Types.Words("provider", ("cloudflare", DnsProvider.Cloudflare), ("rfc2136", DnsProvider.Rfc2136)),
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
        "rfc2136: the zone that is changed.")
    { Example = "example.org", DefaultText = "found by its SOA record" };

    public string? KeyName => Find(KeyNameKey);

    private static readonly Key<string> KeyNameKey = new(Table, "key_name", Types.Text,
        "rfc2136: the name of the TSIG key.")
    { Example = "aviso-key", DefaultText = "none" };

    public Dns.TsigAlgorithm KeyAlgorithm => Get(KeyAlgorithmKey);

    private static readonly Key<Dns.TsigAlgorithm> KeyAlgorithmKey = new(Table, "key_algorithm", Types.Words("algorithm", ("hmac-sha256", Aviso.Dns.TsigAlgorithm.HmacSha256),
            ("hmac-sha512", Aviso.Dns.TsigAlgorithm.HmacSha512)), default,
        "rfc2136: its algorithm.")
    { Example = "hmac-sha512" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.Secret,
        "rfc2136: its secret, in base64.")
    { Example = "file:/etc/aviso/tsig.key", DefaultText = "none" };

    public IReadOnlyList<IPEndPoint> Check => Get(CheckKey);

    private static readonly Key<IReadOnlyList<IPEndPoint>> CheckKey = new(Table, "check", Types.ListOf(Types.Listen), [],
        "Servers that must show the record before the authority is told.")
    { Example = "[\"192.0.2.53:53\"]", DefaultText = "all of the zone's name servers" };

    public TimeSpan Patience => Get(PatienceKey);

    private static readonly Key<TimeSpan> PatienceKey = new(Table, "patience", Types.Duration, TimeSpan.FromMinutes(3),
        "How long they may take.")
    { Example = "10m" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class AcmeDnsMapping
{
    public static IDnsPublisher? Publisher(AcmeDnsSection dns, Dns.IResolver resolver, TimeProvider clock) => dns.Provider switch
    {
        DnsProvider.Cloudflare => new CloudflarePublisher(dns.Token!.Reveal(), dns.Api is { } api ? new Uri(api.TrimEnd('/') + "/") : null),
        DnsProvider.Rfc2136 => new UpdatePublisher(dns.Server!, dns is { KeyName: { } name, Key: { } key }
            ? new Dns.TsigKey(name, dns.KeyAlgorithm, Convert.FromBase64String(key.Reveal())) : null, dns.Zone, resolver, clock),
        _ => null,
    };
}
