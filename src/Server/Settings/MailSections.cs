namespace Aviso.Settings;

public sealed class DomainSection : SettingsSection
{
    public string Name { get; private set; } = "";

    public string? CatchAll { get; private set; }

    public string? AliasOf { get; private set; }

    public IReadOnlyList<DkimSection> Dkim { get; private set; } = [];

    internal static readonly Table<DomainSection> Table = new("One domain whose mail is received here.",
    [
        new Key<DomainSection, string>("name", Types.Domain, s => s.Name, (s, v) => s.Name = v, "The domain.")
            { Required = true, Example = "example.org" },
        new Key<DomainSection, string>("catch_all", Types.Address, s => s.CatchAll, (s, v) => s.CatchAll = v,
            "Who gets mail for addresses that nobody has. Comes last: accounts and aliases always win.")
            { Example = "alice@example.org", DefaultText = "none: unknown addresses are refused" },
        new Key<DomainSection, string>("alias_of", Types.Domain, s => s.AliasOf, (s, v) => s.AliasOf = v,
            "Another domain of this file: every address here means the same name there.")
            { Example = "example.com", DefaultText = "none" },
        new Key<DomainSection, IReadOnlyList<DkimSection>>("dkim", Types.ListOf(new SectionType<DkimSection>(DkimSection.Table)),
            s => s.Dkim, (s, v) => s.Dkim = v, "Keys that sign mail of this domain.")
            { Example = "[ { selector: mail, key: file:/etc/aviso/dkim.key } ]" },
    ]);
}

public sealed class DkimSection : SettingsSection
{
    public string Selector { get; private set; } = "";

    public Secret Key { get; private set; } = new("", null);

    internal static readonly Table<DkimSection> Table = new("One signing key.",
    [
        new Key<DkimSection, string>("selector", Types.Word, s => s.Selector, (s, v) => s.Selector = v,
            "The selector: the record is SELECTOR._domainkey.DOMAIN.") { Required = true, Example = "mail" },
        new Key<DkimSection, Secret>("key", Types.PrivateKey, s => s.Key, (s, v) => s.Key = v,
            "The private key, as PEM.") { Required = true, Example = "file:/etc/aviso/dkim.key" },
    ]);
}

public sealed class AccountSection : SettingsSection
{
    public string Address { get; private set; } = "";

    public Secret? Password { get; private set; }

    public Secret? Hash { get; private set; }

    /// <summary>Octets; 0 is no limit.</summary>
    public long Quota { get; private set; }

    public IReadOnlyList<string> SendAs { get; private set; } = [];

    public IReadOnlyList<string> ForwardTo { get; private set; } = [];

    internal static readonly Table<AccountSection> Table = new("One account.",
    [
        new Key<AccountSection, string>("address", Types.Address, s => s.Address, (s, v) => s.Address = v,
            "Its address and login name.") { Required = true, Example = "alice@example.org" },
        new Key<AccountSection, Secret>("password", Types.Secret, s => s.Password, (s, v) => s.Password = v,
            "The password. This or `hash`.") { Example = "env:ALICE_PASSWORD", DefaultText = "none" },
        new Key<AccountSection, Secret>("hash", Types.Secret, s => s.Hash, (s, v) => s.Hash = v,
            "A hash from an older system, such as {BLF-CRYPT}$2y$..., {SHA512-CRYPT}$6$... or $y$...; it is replaced inside by a "
            + "stronger one at the next login.") { Example = "\"{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\"", DefaultText = "none" },
        new Key<AccountSection, long>("quota", Types.Size, s => s.Quota, (s, v) => s.Quota = v,
            "How much mail the account may keep; beyond it mail is deferred.") { Example = "5GB", DefaultText = "no limit" },
        new Key<AccountSection, IReadOnlyList<string>>("send_as", Types.ListOf(Types.AddressPattern), s => s.SendAs, (s, v) => s.SendAs = v,
            "Other addresses the account may send as, beside its own and aliases to it alone.") { Example = "[plans@example.org]" },
        new Key<AccountSection, IReadOnlyList<string>>("forward_to", Types.ListOf(Types.Address), s => s.ForwardTo, (s, v) => s.ForwardTo = v,
            "Addresses that get a copy; the account keeps its own.") { Example = "[carol@elsewhere.example]" },
    ]);
}

public sealed class AliasSection : SettingsSection
{
    public string Address { get; private set; } = "";

    public IReadOnlyList<string> To { get; private set; } = [];

    /// <summary>No person has it: <see cref="To"/> is empty.</summary>
    public bool Trap { get; private set; }

    internal static readonly Table<AliasSection> Table = new("One alias.",
    [
        new Key<AliasSection, string>("address", Types.AddressPattern, s => s.Address, (s, v) => s.Address = v,
            "The address, or a pattern with one `*` before the `@`.") { Required = true, Example = "sales-*@example.org" },
        new Key<AliasSection, IReadOnlyList<string>>("to", Types.ListOf(Types.Address), s => s.To, (s, v) => s.To = v,
            "Where its mail goes: accounts and aliases here, or addresses elsewhere. This or `trap`.") { Example = "[alice@example.org]" },
        new Key<AliasSection, bool>("trap", Types.Boolean, s => s.Trap, (s, v) => s.Trap = v,
            "A spam trap, as in `spam.traps`: its mail is taken, teaches, and goes to nobody.") { Example = "true" },
    ]);
}

/// <summary>How a relay is spoken to.</summary>
public enum RelayTls
{
    /// <summary>STARTTLS with a verified certificate, or the mail waits.</summary>
    Required,

    /// <summary>TLS from the first octet (port 465), verified.</summary>
    Implicit,

    /// <summary>STARTTLS if offered, not verified.</summary>
    Opportunistic,

    /// <summary>In the clear.</summary>
    None,
}

public sealed class RelaySection : SettingsSection
{
    public string Name { get; private set; } = "";

    public string Host { get; private set; } = "";

    public int Port { get; private set; } = 587;

    public RelayTls Tls { get; private set; }

    /// <summary>PEM of the authorities to trust instead of the system's, or null.</summary>
    public Secret? Ca { get; private set; }

    public Secret? Username { get; private set; }

    public Secret? Password { get; private set; }

    /// <summary>Recipients in a rolling span; null is no limit.</summary>
    public Rate? Quota { get; private set; }

    /// <summary>Recipients of the quota kept for mail from people; null is a tenth of it.</summary>
    public int? Reserve { get; private set; }

    public string? Spf { get; private set; }

    public IReadOnlyList<string> DkimSelectors { get; private set; } = [];

    internal static readonly Table<RelaySection> Table = new("One relay (smarthost).",
    [
        new Key<RelaySection, string>("name", Types.Word, s => s.Name, (s, v) => s.Name = v, "How `routes` call it.")
            { Required = true, Example = "brevo" },
        new Key<RelaySection, string>("host", Types.Peer, s => s.Host, (s, v) => s.Host = v, "Its name or address.")
            { Required = true, Example = "smtp-relay.example" },
        new Key<RelaySection, int>("port", Types.Number(1, 65535), s => s.Port, (s, v) => s.Port = v, "Its port.") { Example = "465" },
        new Key<RelaySection, RelayTls>("tls", Types.Words("TLS", ("required", RelayTls.Required), ("implicit", RelayTls.Implicit),
            ("opportunistic", RelayTls.Opportunistic), ("none", RelayTls.None)), s => s.Tls, (s, v) => s.Tls = v,
            "required: STARTTLS with a verified certificate, or the mail waits. implicit: the same from the first octet. "
            + "opportunistic: if offered, not verified. none: in the clear, without login.") { Example = "implicit" },
        new Key<RelaySection, Secret>("ca", Types.Certificate, s => s.Ca, (s, v) => s.Ca = v,
            "Certificate authorities to trust for this relay instead of the system's, as PEM.")
            { Example = "file:/etc/aviso/relay-ca.crt", DefaultText = "the system's" },
        new Key<RelaySection, Secret>("username", Types.Secret, s => s.Username, (s, v) => s.Username = v, "Login name.")
            { Example = "env:RELAY_USER", DefaultText = "no login" },
        new Key<RelaySection, Secret>("password", Types.Secret, s => s.Password, (s, v) => s.Password = v, "Login password.")
            { Example = "env:RELAY_PASSWORD", DefaultText = "no login" },
        new Key<RelaySection, Rate>("quota", Types.Rate, s => s.Quota, (s, v) => s.Quota = v,
            "How many recipients it takes in a rolling span. Mail beyond it waits and is never dropped; mail from programs waits first.")
            { Example = "300/day", DefaultText = "no limit" },
        new Key<RelaySection, int>("reserve", Types.Number(0, 1_000_000), s => s.Reserve, (s, v) => s.Reserve = v,
            "How much of the quota is kept for mail from people.") { Example = "50", DefaultText = "a tenth of the quota" },
        new Key<RelaySection, string>("spf", Types.Text, s => s.Spf, (s, v) => s.Spf = v,
            "What our SPF record must say for this relay.") { Example = "include:spf.example", DefaultText = "none", Later = "DNS planning" },
        new Key<RelaySection, IReadOnlyList<string>>("dkim_selectors", Types.ListOf(Types.Word), s => s.DkimSelectors,
            (s, v) => s.DkimSelectors = v, "Selectors the relay signs with.") { Example = "[brevo1, brevo2]", Later = "DNS planning" },
    ]);
}

public sealed class RouteSection : SettingsSection
{
    /// <summary>Said instead of a relay's name: straight to the MX.</summary>
    public const string Direct = "direct";

    public string To { get; private set; } = "*";

    public string From { get; private set; } = "*";

    public string Relay { get; private set; } = "";

    internal static readonly Table<RouteSection> Table = new("One route; the first that fits counts.",
    [
        new Key<RouteSection, string>("to", Types.RouteMatch, s => s.To, (s, v) => s.To = v,
            "Recipients: `*`, a domain, `*.domain` or an address.") { Example = "elsewhere.example" },
        new Key<RouteSection, string>("from", Types.RouteMatch, s => s.From, (s, v) => s.From = v,
            "Senders: `*`, a domain, `*.domain` or an address.") { Example = "example.org" },
        new Key<RouteSection, string>("relay", Types.Word, s => s.Relay, (s, v) => s.Relay = v,
            "The name of a relay, or `direct` for the MX of the recipient's domain.") { Required = true, Example = "brevo" },
    ]);
}

public sealed class OutboundSection : SettingsSection
{
    public IReadOnlyList<System.Net.IPNetwork> AllowPrivate { get; private set; } = [];

    public string? Capture { get; private set; }

    public TimeSpan GiveUpAfter { get; private set; } = TimeSpan.FromDays(5);

    public TimeSpan NoticeAfter { get; private set; } = TimeSpan.FromHours(4);

    internal static readonly Table<OutboundSection> Table = new("How mail leaves.",
    [
        new Key<OutboundSection, IReadOnlyList<System.Net.IPNetwork>>("allow_private", Types.ListOf(Types.Network), s => s.AllowPrivate,
            (s, v) => s.AllowPrivate = v, "Private networks that names from the DNS may lead to. All others are refused: a stranger's MX "
            + "must not point into our network.") { Example = "[10.1.2.0/24]" },
        new Key<OutboundSection, string>("capture", Types.Address, s => s.Capture, (s, v) => s.Capture = v,
            "Nothing leaves: mail for other domains lands in this account instead. For tries and staging.")
            { AfterRestart = true, Example = "outside@example.org", DefaultText = "none: mail is sent" },
        new Key<OutboundSection, TimeSpan>("give_up_after", Types.Duration, s => s.GiveUpAfter, (s, v) => s.GiveUpAfter = v,
            "When mail that cannot be sent goes back to its sender (RFC 5321 section 4.5.4.1).") { Example = "3d" },
        new Key<OutboundSection, TimeSpan>("notice_after", Types.Duration, s => s.NoticeAfter, (s, v) => s.NoticeAfter = v,
            "When the sender is told that mail still waits.") { Example = "2h" },
    ]);
}
