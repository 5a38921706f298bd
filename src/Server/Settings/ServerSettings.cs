// Settings owns the settings file: its keys, their types and defaults, references, and every check that can be made
// without the network. Rules: a key stands beside its property and nowhere else (sample, manual, schema and checks come from it); wrong input is a Problem with a place, never an exception; secrets are only ever shown as references.
namespace Aviso.Settings;

/// <summary>The whole settings file.</summary>
public sealed class ServerSettings : SettingsSection
{
    internal static readonly Table<ServerSettings> Table = new("Everything an Aviso server is told.");

    /// <summary>Of the octets that these were read from; see <see cref="FileSignature.Digest"/>.</summary>
    internal string Digest { get; init; } = "";

    public string HostName => Get(HostNameKey);

    private static readonly Key<string> HostNameKey = new(Table, "hostname", Types.HostName, "",
        "The name this server calls itself in greetings, EHLO and Received fields, and the one in its certificate. "
        + "It must resolve to this server.")
    { AfterRestart = true, Required = true, Example = "mail.example.org" };

    /// <summary>Absolute after loading: a relative path is taken from the settings file's folder.</summary>
    public string Data
    {
        get => Get(DataKey);
        internal set => Set(DataKey, value);
    }

    private static readonly Key<string> DataKey = new(Table, "data", Types.Path, "/var/lib/aviso",
        "The folder that holds mail, queue, keys and the admin socket. One server at a time uses it. "
        + "A relative path begins at the folder of this file.")
    { AfterRestart = true, Example = "/var/lib/aviso" };

    public IReadOnlyList<ListenerSection> Listeners => Get(ListenersKey);

    private static readonly Key<IReadOnlyList<ListenerSection>> ListenersKey = new(Table, "listeners", Types.ListOf(new SectionType<ListenerSection>(ListenerSection.Table)), [],
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
    };

    public NetworksSection Networks => Get(NetworksKey);

    private static readonly Key<NetworksSection> NetworksKey = new(Table, "networks", new SectionType<NetworksSection>(NetworksSection.Table), new(),
        "Networks that are not strangers.")
    { Example = "{ proxies: [10.0.20.0/24], internal: [10.0.0.0/8] }" };

    /// <summary>Where mail for postmaster of every domain goes. After loading never empty.</summary>
    public string Postmaster
    {
        get => Get(PostmasterKey);
        internal set => Set(PostmasterKey, value);
    }

    private static readonly Key<string> PostmasterKey = new(Table, "postmaster", Types.Address, "",
        "Who gets mail for postmaster at every domain (RFC 5321 section 4.5.1 requires that somebody does).")
    { Example = "alice@example.org", DefaultText = "the first of `accounts`" };

    public TlsSection Tls => Get(TlsKey);

    private static readonly Key<TlsSection> TlsKey = new(Table, "tls", new SectionType<TlsSection>(TlsSection.Table), new(),
        "The certificate for all listeners. Files are watched: a renewed certificate is used without a restart.")
    { Example = "{ certificate: file:/etc/aviso/tls.crt, key: file:/etc/aviso/tls.key }" };

    public IReadOnlyList<DomainSection> Domains => Get(DomainsKey);

    private static readonly Key<IReadOnlyList<DomainSection>> DomainsKey = new(Table, "domains", Types.ListOf(new SectionType<DomainSection>(DomainSection.Table)), [],
        "Domains whose mail is received here.")
    {
        Example = """

              - { name: example.org, catch_all: alice@example.org }
            """,
    };

    public IReadOnlyList<AccountSection> Accounts => Get(AccountsKey);

    private static readonly Key<IReadOnlyList<AccountSection>> AccountsKey = new(Table, "accounts", Types.ListOf(new SectionType<AccountSection>(AccountSection.Table)), [],
        "People and programs with a mailbox. What stands here belongs to this file: the account verbs refuse to change it. "
        + "An account that vanishes from the file is suspended, never deleted.")
    {
        Example = """

              - { address: alice@example.org, password: env:ALICE_PASSWORD, quota: 5GB, send_as: ["plans@example.org"] }
            """,
    };

    /// <summary>JSON text {"address": "password or hash"}; read it with <see cref="Aviso.Accounts.AccountList"/>.</summary>
    public Secret? AccountsFrom => Find(AccountsFromKey);

    private static readonly Key<Secret> AccountsFromKey = new(Table, "accounts_from", Types.List("JSON {\"address\": \"password or hash\"}"),
        "More accounts, from a JSON object of addresses with a password or hash each.")
    { Example = "file:/etc/aviso/accounts.json", DefaultText = "none" };

    public IReadOnlyList<AliasSection> Aliases => Get(AliasesKey);

    private static readonly Key<IReadOnlyList<AliasSection>> AliasesKey = new(Table, "aliases", Types.ListOf(new SectionType<AliasSection>(AliasSection.Table)), [],
        "Addresses that stand for others, here or elsewhere.")
    {
        Example = """

              - { address: info@example.org, to: [alice@example.org, carol@elsewhere.example] }
            """,
    };

    /// <summary>Text in Postfix virtual format.</summary>
    public Secret? AliasesFrom => Find(AliasesFromKey);

    private static readonly Key<Secret> AliasesFromKey = new(Table, "aliases_from", Types.List("a list in Postfix virtual format", Types.LooksLikeVirtual),
        "More aliases, in Postfix virtual format.")
    { Example = "file:/etc/aviso/virtual", DefaultText = "none" };

    public IReadOnlyList<RelaySection> Relays => Get(RelaysKey);

    private static readonly Key<IReadOnlyList<RelaySection>> RelaysKey = new(Table, "relays", Types.ListOf(new SectionType<RelaySection>(RelaySection.Table)), [],
        "Servers that send our mail on for us.")
    {
        Example = """

              - { name: brevo, host: smtp-relay.example, port: 587, tls: required, username: env:RELAY_USER,
                  password: env:RELAY_PASSWORD, quota: 300/day }
            """,
    };

    public IReadOnlyList<RouteSection> Routes => Get(RoutesKey);

    private static readonly Key<IReadOnlyList<RouteSection>> RoutesKey = new(Table, "routes", Types.ListOf(new SectionType<RouteSection>(RouteSection.Table)), [],
        "Which relay takes which mail; the first route that fits counts. Mail that fits none goes to the MX of its domain.")
    {
        Example = """

              - { to: "*", relay: brevo }
            """,
    };

    public OutboundSection Outbound => Get(OutboundKey);

    private static readonly Key<OutboundSection> OutboundKey = new(Table, "outbound", new SectionType<OutboundSection>(OutboundSection.Table), new(),
        "How mail leaves.")
    { Example = "{ give_up_after: 5d }" };

    public MtaStsSection MtaSts => Get(MtaStsKey);

    private static readonly Key<MtaStsSection> MtaStsKey = new(Table, "mta_sts", new SectionType<MtaStsSection>(MtaStsSection.Table), new(),
        "TLS between mail servers.")
    { Example = "{ publish: testing }" };

    public LimitsSection Limits => Get(LimitsKey);

    private static readonly Key<LimitsSection> LimitsKey = new(Table, "limits", new SectionType<LimitsSection>(LimitsSection.Table), new(),
        "What one client or one message may use.")
    { Example = "{ message_size: 200MB, connections_at_once: 50 }" };

    public DmarcSection Dmarc => Get(DmarcKey);

    private static readonly Key<DmarcSection> DmarcKey = new(Table, "dmarc", new SectionType<DmarcSection>(DmarcSection.Table), new(),
        "Mail that fails DMARC.")
    { Example = "{ reject: junk }" };

    public SendingSection Sending => Get(SendingKey);

    private static readonly Key<SendingSection> SendingKey = new(Table, "sending", new SectionType<SendingSection>(SendingSection.Table), new(),
        "What one account may send to addresses elsewhere.")
    { Example = "{ messages_per_hour: 100, unlimited: [news@example.org] }" };

    public StoreSection Store => Get(StoreKey);

    private static readonly Key<StoreSection> StoreKey = new(Table, "store", new SectionType<StoreSection>(StoreSection.Table), new(),
        "How mail is kept.")
    { Example = "{ undelete: 14d }" };

    public TraceSection Trace => Get(TraceKey);

    private static readonly Key<TraceSection> TraceKey = new(Table, "trace", new SectionType<TraceSection>(TraceSection.Table), new(),
        "The life of each message, kept for those who ask what became of it.")
    { Example = "{ keep: 14d, subjects: false }" };

    public SpamSection Spam => Get(SpamKey);

    private static readonly Key<SpamSection> SpamKey = new(Table, "spam", new SectionType<SpamSection>(SpamSection.Table), new(),
        "Spam filtering.")
    { Example = "{ enabled: true, add_header: 6, reject: 15 }" };

    public MailAuthSection MailAuth => Get(MailAuthKey);

    private static readonly Key<MailAuthSection> MailAuthKey = new(Table, "mail_auth", new SectionType<MailAuthSection>(MailAuthSection.Table), new(),
        "Who sent a message.")
    { Example = "{ trusted_sealers: [lists.example.net] }" };

    public ReportsSection Reports => Get(ReportsKey);

    private static readonly Key<ReportsSection> ReportsKey = new(Table, "reports", new SectionType<ReportsSection>(ReportsSection.Table), new(),
        "Reports about mail in our name, and ours about others.")
    { Example = "{ address: dmarc@example.org }" };

    public SieveSection Sieve => Get(SieveKey);

    private static readonly Key<SieveSection> SieveKey = new(Table, "sieve", new SectionType<SieveSection>(SieveSection.Table), new(),
        "Sieve scripts: each account's own, and the administrator's around them.")
    { Example = "{ before: [/etc/aviso/before.sieve] }" };

    public Pop3Section Pop3 => Get(Pop3Key);

    private static readonly Key<Pop3Section> Pop3Key = new(Table, "pop3", new SectionType<Pop3Section>(Pop3Section.Table), new(),
        "POP3: how the ids of messages are made.")
    { Example = "{ uidl: \"%v.%u\" }" };

    public LoginsSection Logins => Get(LoginsKey);

    private static readonly Key<LoginsSection> LoginsKey = new(Table, "logins", new SectionType<LoginsSection>(LoginsSection.Table), new(),
        "How people log in.")
    { Example = "{ two_step_needs_app_password: true }" };

    public OAuthSection OAuth => Get(OAuthKey);

    private static readonly Key<OAuthSection> OAuthKey = new(Table, "oauth", new SectionType<OAuthSection>(OAuthSection.Table), new(),
        "Logging in with tokens of an OpenID provider (OAUTHBEARER and XOAUTH2), over TLS, beside passwords.")
    { Example = "{ issuer: \"https://login.example.org/realms/mail\", audience: [aviso] }" };

    public GuardSection Guard => Get(GuardKey);

    private static readonly Key<GuardSection> GuardKey = new(Table, "guard", new SectionType<GuardSection>(GuardSection.Table), new(),
        "Who decides about bans: one owner.")
    { Example = "{ mode: builtin }" };

    public ProbeSection Probe => Get(ProbeKey);

    private static readonly Key<ProbeSection> ProbeKey = new(Table, "probe", new SectionType<ProbeSection>(ProbeSection.Table), new(),
        "Messages that the server sends out and waits for, to see that mail comes through.")
    { Example = "{ every: 20m, account: probe@example.org }", DefaultText = "none" };

    public BackupSection Backup => Get(BackupKey);

    private static readonly Key<BackupSection> BackupKey = new(Table, "backup", new SectionType<BackupSection>(BackupSection.Table), new(),
        "Copies of everything elsewhere.")
    { Example = "{ targets: [ { name: disk, folder: /mnt/backup/aviso } ], key: env:BACKUP_KEY, drill: 1d }", DefaultText = "none" };

    public bool HasBackup => Has("backup");

    public DoctorSection Doctor => Get(DoctorKey);

    private static readonly Key<DoctorSection> DoctorKey = new(Table, "doctor", new SectionType<DoctorSection>(DoctorSection.Table), new(),
        "What the doctor looks at.")
    { Example = "{ ignore: [resolver-no-dnssec] }" };

    public EventsSection Events => Get(EventsKey);

    private static readonly Key<EventsSection> EventsKey = new(Table, "events", new SectionType<EventsSection>(EventsSection.Table), new(),
        "Who is told when something is wrong, and when it is over.")
    { Example = "{ mail: { to: [you@elsewhere.example] } }" };

    public DnsSection Dns => Get(DnsKey);

    private static readonly Key<DnsSection> DnsKey = new(Table, "dns", new SectionType<DnsSection>(DnsSection.Table), new(),
        "Name resolution.")
    { Example = "{ resolvers: [\"127.0.0.1:53\"] }" };

    public VaultSection Vault => Get(VaultKey);

    private static readonly Key<VaultSection> VaultKey = new(Table, "vault", new SectionType<VaultSection>(VaultSection.Table), new(),
        "Where `vault:` references are read.")
    { Example = "{ address: \"https://vault.example.org:8200\", kubernetes_role: aviso }", DefaultText = "none" };

    public LogSection Log => Get(LogKey);

    private static readonly Key<LogSection> LogKey = new(Table, "log", new SectionType<LogSection>(LogSection.Table), new(),
        "The log, on standard output.")
    { Example = "{ format: json }" };

    /// <summary>Logins by token are configured.</summary>
    public bool HasOAuth => Has("oauth");

    public bool HasVault => Has("vault");
}
