using Aviso.Net;

namespace Aviso.Settings;

public sealed class AcmeSection : SettingsSection
{
    public const string LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

    public string Contact { get; private set; } = "";

    public string Directory { get; private set; } = LetsEncrypt;

    public AcmeMethod Challenge { get; private set; } = AcmeMethod.TlsAlpn01;

    public IReadOnlyList<string> Names { get; private set; } = [];

    public IReadOnlyList<AcmeMoreSection> More { get; private set; } = [];

    public IReadOnlyList<AuthoritySection> Authorities { get; private set; } = [];

    public AcmeDnsSection Dns { get; private set; } = new();

    internal static readonly WordType<AcmeMethod> Challenges = Types.Words("challenge", ("http-01", AcmeMethod.Http01),
        ("tls-alpn-01", AcmeMethod.TlsAlpn01), ("dns-01", AcmeMethod.Dns01));

    internal static readonly Table<AcmeSection> Table = new("How to get certificates by ACME.",
    [
        new Key<AcmeSection, string>("contact", Types.Address, s => s.Contact, (s, v) => s.Contact = v,
            "Whom the certificate authority may write to.") { Example = "alice@example.org", DefaultText = "`postmaster`" },
        new Key<AcmeSection, string>("directory", Types.Text, s => s.Directory, (s, v) => s.Directory = v,
            "The authority's directory.") { Example = LetsEncrypt },
        new Key<AcmeSection, AcmeMethod>("challenge", Challenges, s => s.Challenge, (s, v) => s.Challenge = v,
            "How the names are proved to be ours. http-01: on a listener of kind http that is reached as port 80. tls-alpn-01: on one of kind https that is "
            + "reached as port 443. Both must answer under every address the names have, IPv6 as well. dns-01: by a TXT record; the only one for wildcards.")
            { Example = "http-01" },
        new Key<AcmeSection, IReadOnlyList<string>>("names", Types.ListOf(Types.CertificateName), s => s.Names, (s, v) => s.Names = v,
            "The names in the certificate.") { Example = "[mail.example.org, \"*.example.org\"]", DefaultText = "`hostname`" },
        new Key<AcmeSection, IReadOnlyList<AcmeMoreSection>>("more", Types.ListOf(new SectionType<AcmeMoreSection>(AcmeMoreSection.Table)),
            s => s.More, (s, v) => s.More = v, "More certificates, chosen by the name the client asks for (SNI).")
            { Example = "[ { names: [mail.example.com] } ]" },
        new Key<AcmeSection, IReadOnlyList<AuthoritySection>>("authorities", Types.ListOf(new SectionType<AuthoritySection>(AuthoritySection.Table)),
            s => s.Authorities, (s, v) => s.Authorities = v,
            "Several authorities instead of `directory`. When the first fails, the next is asked.")
            { Example = "[ { directory: \"https://acme.example/directory\" } ]" },
        new Key<AcmeSection, AcmeDnsSection>("dns", new SectionType<AcmeDnsSection>(AcmeDnsSection.Table), s => s.Dns, (s, v) => s.Dns = v,
            "Who changes the DNS for dns-01.") { Example = "{ provider: cloudflare, token: env:CLOUDFLARE_TOKEN }" },
    ]);
}

public sealed class AcmeMoreSection : SettingsSection
{
    public IReadOnlyList<string> Names { get; private set; } = [];

    public AcmeMethod Challenge { get; private set; } = AcmeMethod.TlsAlpn01;

    internal static readonly Table<AcmeMoreSection> Table = new("One more certificate by ACME.",
    [
        new Key<AcmeMoreSection, IReadOnlyList<string>>("names", Types.ListOf(Types.CertificateName), s => s.Names, (s, v) => s.Names = v,
            "The names in it.") { Required = true, Example = "[mail.example.com]" },
        new Key<AcmeMoreSection, AcmeMethod>("challenge", AcmeSection.Challenges, s => s.Challenge, (s, v) => s.Challenge = v,
            "How its names are proved.") { Example = "dns-01", DefaultText = "that of `acme`" },
    ]);
}

public sealed class AuthoritySection : SettingsSection
{
    public string Directory { get; private set; } = "";

    public string? EabKeyId { get; private set; }

    public Secret? EabKey { get; private set; }

    public Secret? Ca { get; private set; }

    internal static readonly Table<AuthoritySection> Table = new("One certificate authority.",
    [
        new Key<AuthoritySection, string>("directory", Types.Text, s => s.Directory, (s, v) => s.Directory = v,
            "Its directory.") { Required = true, Example = AcmeSection.LetsEncrypt },
        new Key<AuthoritySection, string>("eab_key_id", Types.Text, s => s.EabKeyId, (s, v) => s.EabKeyId = v,
            "External account binding: the key's name, where the authority wants it.") { Example = "kid-1", DefaultText = "none" },
        new Key<AuthoritySection, Secret>("eab_key", Types.Secret, s => s.EabKey, (s, v) => s.EabKey = v,
            "External account binding: the key, in base64url.") { Example = "env:EAB_KEY", DefaultText = "none" },
        new Key<AuthoritySection, Secret>("ca", Types.Certificate, s => s.Ca, (s, v) => s.Ca = v,
            "The only roots that the authority's own server is trusted with, as PEM: for one inside one's own network.")
            { Example = "file:/etc/aviso/acme-ca.crt", DefaultText = "those of the system" },
    ]);
}

public enum DnsProvider
{
    Cloudflare, Rfc2136,
}

public sealed class AcmeDnsSection : SettingsSection
{
    public DnsProvider? Provider { get; private set; }

    public Secret? Token { get; private set; }

    public string? Api { get; private set; }

    public System.Net.IPEndPoint? Server { get; private set; }

    public string? Zone { get; private set; }

    public string? KeyName { get; private set; }

    public Dns.TsigAlgorithm KeyAlgorithm { get; private set; }

    public Secret? Key { get; private set; }

    public IReadOnlyList<System.Net.IPEndPoint> Check { get; private set; } = [];

    public TimeSpan Patience { get; private set; } = TimeSpan.FromMinutes(3);

    internal static readonly Table<AcmeDnsSection> Table = new("Who changes the DNS for dns-01.",
    [
        new Key<AcmeDnsSection, DnsProvider>("provider", Types.Words("provider", ("cloudflare", DnsProvider.Cloudflare), ("rfc2136", DnsProvider.Rfc2136)),
            s => s.Provider, (s, v) => s.Provider = v, "cloudflare: by its API. rfc2136: by dynamic update, as BIND, Knot and PowerDNS take it.")
            { Required = true, Example = "rfc2136" },
        new Key<AcmeDnsSection, Secret>("token", Types.Secret, s => s.Token, (s, v) => s.Token = v,
            "cloudflare: a token with Zone / DNS / Edit and Zone / Zone / Read.") { Example = "env:CLOUDFLARE_TOKEN", DefaultText = "none" },
        new Key<AcmeDnsSection, string>("api", Types.Text, s => s.Api, (s, v) => s.Api = v,
            "cloudflare: another address of the API.") { Example = "https://api.cloudflare.com/client/v4/", DefaultText = "Cloudflare's" },
        new Key<AcmeDnsSection, System.Net.IPEndPoint>("server", Types.Listen, s => s.Server, (s, v) => s.Server = v,
            "rfc2136: the zone's primary.") { Example = "\"192.0.2.53:53\"", DefaultText = "none" },
        new Key<AcmeDnsSection, string>("zone", Types.Domain, s => s.Zone, (s, v) => s.Zone = v,
            "rfc2136: the zone that is changed.") { Example = "example.org", DefaultText = "found by its SOA record" },
        new Key<AcmeDnsSection, string>("key_name", Types.Text, s => s.KeyName, (s, v) => s.KeyName = v,
            "rfc2136: the name of the TSIG key.") { Example = "aviso-key", DefaultText = "none" },
        new Key<AcmeDnsSection, Dns.TsigAlgorithm>("key_algorithm", Types.Words("algorithm", ("hmac-sha256", Aviso.Dns.TsigAlgorithm.HmacSha256),
            ("hmac-sha512", Aviso.Dns.TsigAlgorithm.HmacSha512)), s => s.KeyAlgorithm, (s, v) => s.KeyAlgorithm = v,
            "rfc2136: its algorithm.") { Example = "hmac-sha512" },
        new Key<AcmeDnsSection, Secret>("key", Types.Secret, s => s.Key, (s, v) => s.Key = v,
            "rfc2136: its secret, in base64.") { Example = "file:/etc/aviso/tsig.key", DefaultText = "none" },
        new Key<AcmeDnsSection, IReadOnlyList<System.Net.IPEndPoint>>("check", Types.ListOf(Types.Listen), s => s.Check, (s, v) => s.Check = v,
            "Servers that must show the record before the authority is told.") { Example = "[\"192.0.2.53:53\"]", DefaultText = "all of the zone's name servers" },
        new Key<AcmeDnsSection, TimeSpan>("patience", Types.Duration, s => s.Patience, (s, v) => s.Patience = v,
            "How long they may take.") { Example = "10m" },
    ]);
}
