// Settings owns the settings file: its keys, their types and defaults, references, and every check that can be made
// without the network. Rules: the table beside a section is the only list of its keys (sample, manual, schema and checks come
// from it); wrong input is a Problem with a place, never an exception; secrets are only ever shown as references.
using Aviso.Net;

namespace Aviso.Settings;

/// <summary>The whole settings file.</summary>
public sealed class ServerSettings : SettingsSection
{
    public string Hostname { get; private set; } = "";

    /// <summary>Absolute after loading: a relative path is taken from the settings file's folder.</summary>
    public string Data { get; internal set; } = "/var/lib/aviso";

    public IReadOnlyList<ListenerSection> Listeners { get; private set; } = [];

    public NetworksSection Networks { get; private set; } = new();

    /// <summary>Where mail for postmaster of every domain goes. After loading never empty.</summary>
    public string Postmaster { get; internal set; } = "";

    public TlsSection Tls { get; private set; } = new();

    public IReadOnlyList<DomainSection> Domains { get; private set; } = [];

    public IReadOnlyList<AccountSection> Accounts { get; private set; } = [];

    /// <summary>JSON text {"address": "password or hash"}; read it with <see cref="Aviso.Accounts.AccountList"/>.</summary>
    public Secret? AccountsFrom { get; private set; }

    public IReadOnlyList<AliasSection> Aliases { get; private set; } = [];

    /// <summary>Text in Postfix virtual format.</summary>
    public Secret? AliasesFrom { get; private set; }

    public IReadOnlyList<RelaySection> Relays { get; private set; } = [];

    public IReadOnlyList<RouteSection> Routes { get; private set; } = [];

    public OutboundSection Outbound { get; private set; } = new();

    public MtaStsSection MtaSts { get; private set; } = new();

    public LimitsSection Limits { get; private set; } = new();

    public StoreSection Store { get; private set; } = new();

    public SpamSection Spam { get; private set; } = new();

    public SieveSection Sieve { get; private set; } = new();

    public DmarcSection Dmarc { get; private set; } = new();

    public SendingSection Sending { get; private set; } = new();

    public MailAuthSection MailAuth { get; private set; } = new();

    public ReportsSection Reports { get; private set; } = new();

    public LoginsSection Logins { get; private set; } = new();

    public OAuthSection OAuth { get; private set; } = new();

    /// <summary>Logins by token are configured.</summary>
    public bool HasOAuth => Has("oauth");

    public GuardSection Guard { get; private set; } = new();

    public ProbeSection Probe { get; private set; } = new();

    public DnsSection Dns { get; private set; } = new();

    public VaultSection Vault { get; private set; } = new();

    public bool HasVault => Has("vault");

    public LogSection Log { get; private set; } = new();

    internal static readonly Table<ServerSettings> Table = new("Everything an Aviso server is told.",
    [
        new Key<ServerSettings, string>("hostname", Types.Hostname, s => s.Hostname, (s, v) => s.Hostname = v,
            "The name this server calls itself in greetings, EHLO and Received fields, and the one in its certificate. "
            + "It must resolve to this server.") { AfterRestart = true, Required = true, Example = "mail.example.org" },
        new Key<ServerSettings, string>("data", Types.Path, s => s.Data, (s, v) => s.Data = v,
            "The folder that holds mail, queue, keys and the admin socket. One server at a time uses it. "
            + "A relative path begins at the folder of this file.") { AfterRestart = true, Example = "/var/lib/aviso" },
        new Key<ServerSettings, IReadOnlyList<ListenerSection>>("listeners", Types.ListOf(new SectionType<ListenerSection>(ListenerSection.Table)),
            s => s.Listeners, (s, v) => s.Listeners = v,
            "Where the server listens and for what. Nothing is listened on that is not named here.")
            {
                AfterRestart = true,
                Required = true,
                Example = """

                      - { kind: smtp,        address: "[::]:25" }
                      - { kind: submission,  address: "[::]:587" }
                      - { kind: submissions, address: "[::]:465" }
                      - { kind: imaps,       address: "[::]:993" }
                      - { kind: metrics,     address: "127.0.0.1:9166" }
                    """,
            },
        new Key<ServerSettings, NetworksSection>("networks", new SectionType<NetworksSection>(NetworksSection.Table),
            s => s.Networks, (s, v) => s.Networks = v, "Networks that are not strangers.")
            { Example = "{ proxies: [10.0.20.0/24], internal: [10.0.0.0/8] }" },
        new Key<ServerSettings, string>("postmaster", Types.Address, s => s.Postmaster, (s, v) => s.Postmaster = v,
            "Who gets mail for postmaster at every domain (RFC 5321 section 4.5.1 requires that somebody does).")
            { Example = "alice@example.org", DefaultText = "the first of `accounts`" },
        new Key<ServerSettings, TlsSection>("tls", new SectionType<TlsSection>(TlsSection.Table), s => s.Tls, (s, v) => s.Tls = v,
            "The certificate for all listeners. Files are watched: a renewed certificate is used without a restart.")
            { Example = "{ certificate: file:/etc/aviso/tls.crt, key: file:/etc/aviso/tls.key }" },
        new Key<ServerSettings, IReadOnlyList<DomainSection>>("domains", Types.ListOf(new SectionType<DomainSection>(DomainSection.Table)),
            s => s.Domains, (s, v) => s.Domains = v, "Domains whose mail is received here.")
            {
                Example = """

                      - { name: example.org, catch_all: alice@example.org }
                    """,
            },
        new Key<ServerSettings, IReadOnlyList<AccountSection>>("accounts", Types.ListOf(new SectionType<AccountSection>(AccountSection.Table)),
            s => s.Accounts, (s, v) => s.Accounts = v,
            "People and programs with a mailbox. What stands here belongs to this file: the account verbs refuse to change it. "
            + "An account that vanishes from the file is suspended, never deleted.")
            {
                Example = """

                      - { address: alice@example.org, password: env:ALICE_PASSWORD, quota: 5GB, send_as: ["plans@example.org"] }
                    """,
            },
        new Key<ServerSettings, Secret>("accounts_from", Types.List("JSON {\"address\": \"password or hash\"}"),
            s => s.AccountsFrom, (s, v) => s.AccountsFrom = v,
            "More accounts, from a JSON object of addresses with a password or hash each.")
            { Example = "file:/etc/aviso/accounts.json", DefaultText = "none" },
        new Key<ServerSettings, IReadOnlyList<AliasSection>>("aliases", Types.ListOf(new SectionType<AliasSection>(AliasSection.Table)),
            s => s.Aliases, (s, v) => s.Aliases = v, "Addresses that stand for others, here or elsewhere.")
            {
                Example = """

                      - { address: info@example.org, to: [alice@example.org, carol@elsewhere.example] }
                    """,
            },
        new Key<ServerSettings, Secret>("aliases_from", Types.List("a list in Postfix virtual format", Types.LooksLikeVirtual),
            s => s.AliasesFrom, (s, v) => s.AliasesFrom = v, "More aliases, in Postfix virtual format.")
            { Example = "file:/etc/aviso/virtual", DefaultText = "none" },
        new Key<ServerSettings, IReadOnlyList<RelaySection>>("relays", Types.ListOf(new SectionType<RelaySection>(RelaySection.Table)),
            s => s.Relays, (s, v) => s.Relays = v, "Servers that send our mail on for us.")
            {
                Example = """

                      - { name: brevo, host: smtp-relay.example, port: 587, tls: required, username: env:RELAY_USER,
                          password: env:RELAY_PASSWORD, quota: 300/day }
                    """,
            },
        new Key<ServerSettings, IReadOnlyList<RouteSection>>("routes", Types.ListOf(new SectionType<RouteSection>(RouteSection.Table)),
            s => s.Routes, (s, v) => s.Routes = v,
            "Which relay takes which mail; the first route that fits counts. Mail that fits none goes to the MX of its domain.")
            {
                Example = """

                      - { to: "*", relay: brevo }
                    """,
            },
        new Key<ServerSettings, OutboundSection>("outbound", new SectionType<OutboundSection>(OutboundSection.Table),
            s => s.Outbound, (s, v) => s.Outbound = v, "How mail leaves.") { Example = "{ give_up_after: 5d }" },
        new Key<ServerSettings, MtaStsSection>("mta_sts", new SectionType<MtaStsSection>(MtaStsSection.Table),
            s => s.MtaSts, (s, v) => s.MtaSts = v, "TLS between mail servers.") { Example = "{ publish: testing }" },
        new Key<ServerSettings, LimitsSection>("limits", new SectionType<LimitsSection>(LimitsSection.Table),
            s => s.Limits, (s, v) => s.Limits = v, "What one client or one message may use.")
            { Example = "{ message_size: 200MB, connections_at_once: 50 }" },
        new Key<ServerSettings, DmarcSection>("dmarc", new SectionType<DmarcSection>(DmarcSection.Table),
            s => s.Dmarc, (s, v) => s.Dmarc = v, "Mail that fails DMARC.") { Example = "{ reject: junk }" },
        new Key<ServerSettings, SendingSection>("sending", new SectionType<SendingSection>(SendingSection.Table),
            s => s.Sending, (s, v) => s.Sending = v, "What one account may send to addresses elsewhere.")
            { Example = "{ messages_per_hour: 100, unlimited: [news@example.org] }" },
        new Key<ServerSettings, StoreSection>("store", new SectionType<StoreSection>(StoreSection.Table),
            s => s.Store, (s, v) => s.Store = v, "How mail is kept.") { Example = "{ undelete: 14d }" },
        new Key<ServerSettings, SpamSection>("spam", new SectionType<SpamSection>(SpamSection.Table),
            s => s.Spam, (s, v) => s.Spam = v, "Spam filtering.")
            { Example = "{ enabled: true, add_header: 6, reject: 15 }" },
        new Key<ServerSettings, MailAuthSection>("mail_auth", new SectionType<MailAuthSection>(MailAuthSection.Table),
            s => s.MailAuth, (s, v) => s.MailAuth = v, "Who sent a message.")
            { Example = "{ trusted_sealers: [lists.example.net] }" },
        new Key<ServerSettings, ReportsSection>("reports", new SectionType<ReportsSection>(ReportsSection.Table),
            s => s.Reports, (s, v) => s.Reports = v, "Reports about mail in our name, and ours about others.")
            { Example = "{ address: dmarc@example.org }" },
        new Key<ServerSettings, SieveSection>("sieve", new SectionType<SieveSection>(SieveSection.Table),
            s => s.Sieve, (s, v) => s.Sieve = v, "Sieve scripts: each account's own, and the administrator's around them.")
            { Example = "{ before: [/etc/aviso/before.sieve] }" },
        new Key<ServerSettings, LoginsSection>("logins", new SectionType<LoginsSection>(LoginsSection.Table),
            s => s.Logins, (s, v) => s.Logins = v, "How people log in.")
            { Example = "{ two_step_needs_app_password: true }" },
        new Key<ServerSettings, OAuthSection>("oauth", new SectionType<OAuthSection>(OAuthSection.Table),
            s => s.OAuth, (s, v) => s.OAuth = v, "Logging in with tokens of an OpenID provider (OAUTHBEARER and XOAUTH2), over TLS, beside passwords.")
            { Example = "{ issuer: \"https://login.example.org/realms/mail\", audience: [aviso] }" },
        new Key<ServerSettings, GuardSection>("guard", new SectionType<GuardSection>(GuardSection.Table),
            s => s.Guard, (s, v) => s.Guard = v, "Who decides about bans: one owner.")
            { Example = "{ mode: builtin }" },
        new Key<ServerSettings, ProbeSection>("probe", new SectionType<ProbeSection>(ProbeSection.Table),
            s => s.Probe, (s, v) => s.Probe = v, "The round-trip probe.")
            { Example = "{ every: 20m }", Later = "the round-trip probe" },
        new Key<ServerSettings, DnsSection>("dns", new SectionType<DnsSection>(DnsSection.Table),
            s => s.Dns, (s, v) => s.Dns = v, "Name resolution.") { Example = "{ resolvers: [\"127.0.0.1:53\"] }" },
        new Key<ServerSettings, VaultSection>("vault", new SectionType<VaultSection>(VaultSection.Table),
            s => s.Vault, (s, v) => s.Vault = v, "Where `vault:` references are read.")
            { Example = "{ address: \"https://vault.example.org:8200\", kubernetes_role: aviso }", DefaultText = "none" },
        new Key<ServerSettings, LogSection>("log", new SectionType<LogSection>(LogSection.Table),
            s => s.Log, (s, v) => s.Log = v, "The log, on standard output.") { Example = "{ format: json }" },
    ]);
}

/// <summary>One address to listen on.</summary>
public sealed class ListenerSection : SettingsSection
{
    public ListenerKind Kind { get; private set; }

    public System.Net.IPEndPoint Address { get; private set; } = new(System.Net.IPAddress.IPv6Any, 0);

    public bool Proxy { get; private set; } = true;

    /// <summary>TLS from the first octet.</summary>
    public bool IsImplicitTls =>
        Kind is ListenerKind.Submissions or ListenerKind.Imaps or ListenerKind.Pop3s or ListenerKind.Https;

    /// <summary>Parsed, but not bound: its part is not built yet. Null when it is.</summary>
    public string? NotYet => Kind switch
    {
        ListenerKind.Pop3 or ListenerKind.Pop3s => "POP3 is not part of this version",
        _ => null,
    };

    internal static readonly WordType<ListenerKind> Kinds = new("kind",
        Enum.GetValues<ListenerKind>().ToDictionary(k => k.ToString().ToLowerInvariant()));

    internal static readonly Table<ListenerSection> Table = new("One address to listen on.",
    [
        new Key<ListenerSection, ListenerKind>("kind", Kinds, s => s.Kind, (s, v) => s.Kind = v,
            "What is spoken there. submissions, imaps, pop3s and https speak TLS from the first octet; the others offer STARTTLS. "
            + "A kind whose part is not in this version is not bound, and the start says so.") { Required = true, Example = "smtp" },
        new Key<ListenerSection, System.Net.IPEndPoint>("address", Types.Listen, s => s.Address, (s, v) => s.Address = v,
            "Address and port. `[::]` means every address, IPv4 as well. Port 0 lets the system choose.")
            { Required = true, Example = "\"[::]:25\"" },
        new Key<ListenerSection, bool>("proxy", Types.Boolean, s => s.Proxy, (s, v) => s.Proxy = v,
            "Expect PROXY headers from `networks.proxies` on this listener. http reads them and takes a request without one as well; metrics never reads them.") { Example = "false" },
    ]);
}

public sealed class NetworksSection : SettingsSection
{
    public IReadOnlyList<System.Net.IPNetwork> Proxies { get; private set; } = [];

    public IReadOnlyList<System.Net.IPNetwork> Internal { get; private set; } = [];

    public IReadOnlyList<System.Net.IPNetwork> TrustedRelays { get; private set; } = [];

    public IReadOnlyList<System.Net.IPNetwork> CleartextLogin { get; private set; } = [];

    internal static readonly Table<NetworksSection> Table = new("Networks that are not strangers.",
    [
        new Key<NetworksSection, IReadOnlyList<System.Net.IPNetwork>>("proxies", Types.ListOf(Types.Network), s => s.Proxies,
            (s, v) => s.Proxies = v, "A PROXY header (v1 or v2) is required within 5 seconds from these, and refused from everybody else.")
            { Example = "[10.0.20.0/24]" },
        new Key<NetworksSection, IReadOnlyList<System.Net.IPNetwork>>("internal", Types.ListOf(Types.Network), s => s.Internal,
            (s, v) => s.Internal = v, "Ours: never banned, no reverse-DNS policy. Grants no relaying and skips no login, filter or failed-login limit.")
            { Example = "[10.0.0.0/8]" },
        new Key<NetworksSection, IReadOnlyList<System.Net.IPNetwork>>("trusted_relays", Types.ListOf(Types.Network), s => s.TrustedRelays,
            (s, v) => s.TrustedRelays = v, "Relays and backups that hand over mail of others: it is judged by the client that their own Received "
            + "field names.") { Example = "[192.0.2.25]" },
        new Key<NetworksSection, IReadOnlyList<System.Net.IPNetwork>>("cleartext_login", Types.ListOf(Types.Network), s => s.CleartextLogin,
            (s, v) => s.CleartextLogin = v, "May log in without TLS. For tests; passwords then cross the network in the clear.")
            { Example = "[127.0.0.1]" },
    ]);
}

public enum CipherList
{
    System, Strict,
}

public sealed class TlsSection : SettingsSection
{
    public Secret? Certificate { get; private set; }

    public Secret? Key { get; private set; }

    public bool SelfSigned { get; private set; }

    public IReadOnlyList<CertificateSection> Additional { get; private set; } = [];

    public AcmeSection Acme { get; private set; } = new();

    /// <summary>There will be something to show a client.</summary>
    public bool IsConfigured => Certificate is not null || SelfSigned || HasAcme;

    public bool HasAcme => Has("acme");

    public IReadOnlyList<string> InternalNames { get; private set; } = [];

    public CipherList Ciphers { get; private set; }

    internal static readonly Table<TlsSection> Table = new("The certificate: certificate and key, or acme, or self_signed.",
    [
        new Key<TlsSection, Secret>("certificate", Types.Certificate, s => s.Certificate, (s, v) => s.Certificate = v,
            "The certificate and the chain above it, as PEM.") { Example = "file:/etc/aviso/tls.crt", DefaultText = "none" },
        new Key<TlsSection, Secret>("key", Types.PrivateKey, s => s.Key, (s, v) => s.Key = v,
            "Its private key, as PEM.") { Example = "file:/etc/aviso/tls.key", DefaultText = "none" },
        new Key<TlsSection, bool>("self_signed", Types.Boolean, s => s.SelfSigned, (s, v) => s.SelfSigned = v,
            "Make a certificate authority in the data folder and a certificate from it. For tries and internal use: clients must be given `ca.crt`.")
            { Example = "true" },
        new Key<TlsSection, IReadOnlyList<CertificateSection>>("additional", Types.ListOf(new SectionType<CertificateSection>(CertificateSection.Table)),
            s => s.Additional, (s, v) => s.Additional = v, "More certificates, chosen by the name the client asks for (SNI).")
            { Example = "[ { certificate: file:/etc/aviso/other.crt, key: file:/etc/aviso/other.key } ]" },
        new Key<TlsSection, AcmeSection>("acme", new SectionType<AcmeSection>(AcmeSection.Table), s => s.Acme, (s, v) => s.Acme = v,
            "Get and renew certificates by ACME (RFC 8555). Until the first has come, clients see one from an authority of our own.")
            { Example = "{ contact: alice@example.org, challenge: tls-alpn-01 }" },
        new Key<TlsSection, IReadOnlyList<string>>("internal_names", Types.ListOf(Types.Peer), s => s.InternalNames, (s, v) => s.InternalNames = v,
            "Names under which programs of one's own reach this server, such as those of a cluster. They get a certificate of an authority of our own, "
            + "beside the public one; give those programs `tls/ca.pem` of the data folder to trust.") { Example = "[aviso.mail.svc.cluster.local]" },
        new Key<TlsSection, CipherList>("ciphers", Types.Words("list", ("system", CipherList.System), ("strict", CipherList.Strict)), s => s.Ciphers, (s, v) => s.Ciphers = v,
            "system: what this machine's OpenSSL settings allow, TLS 1.2 and later. strict: of TLS 1.2 only suites with forward secrecy and authenticated encryption; "
            + "clients then cannot resume sessions, and each connection takes about 15 kB more.") { AfterRestart = true, Example = "strict" },
    ]);
}

public sealed class CertificateSection : SettingsSection
{
    public Secret Certificate { get; private set; } = new("", null);

    public Secret Key { get; private set; } = new("", null);

    internal static readonly Table<CertificateSection> Table = new("One more certificate.",
    [
        new Key<CertificateSection, Secret>("certificate", Types.Certificate, s => s.Certificate, (s, v) => s.Certificate = v,
            "The certificate and the chain above it, as PEM.") { Required = true, Example = "file:/etc/aviso/other.crt" },
        new Key<CertificateSection, Secret>("key", Types.PrivateKey, s => s.Key, (s, v) => s.Key = v,
            "Its private key, as PEM.") { Required = true, Example = "file:/etc/aviso/other.key" },
    ]);
}
