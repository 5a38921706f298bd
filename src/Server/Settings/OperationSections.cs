using Microsoft.Extensions.Logging;

namespace Aviso.Settings;

public sealed class LimitsSection : SettingsSection
{
    public Rate Connections { get; private set; } = new(10, TimeSpan.FromMinutes(1));

    public Rate Messages { get; private set; } = new(30, TimeSpan.FromMinutes(1));

    public Rate Commands { get; private set; } = new(3000, TimeSpan.FromMinutes(1));

    public Rate ClientRecipients { get; private set; } = new(1000, TimeSpan.FromMinutes(1));

    public Rate RefusedRecipients { get; private set; } = new(60, TimeSpan.FromMinutes(1));

    /// <summary>Zero: none.</summary>
    public TimeSpan GreetingPause { get; private set; } = TimeSpan.FromSeconds(1);

    /// <summary>Octets.</summary>
    public long MessageSize { get; private set; } = 200L << 20;

    public int Recipients { get; private set; } = 1000;

    public int ImapPerUserAndAddress { get; private set; } = 50;

    public int ConnectionsAtOnce { get; private set; } = 50;

    public int ConnectionsPerListener { get; private set; } = 5000;

    internal static readonly Table<LimitsSection> Table = new("What one client or one message may use.",
    [
        new Key<LimitsSection, Rate>("connections", Types.Rate, s => s.Connections, (s, v) => s.Connections = v,
            "New connections of one stranger (IPv4 address or IPv6 /64) on kind smtp; on all kinds for logins together twelve times as many, and ten times that "
            + "for who has just logged in. Its whole network (IPv4 /24 or IPv6 /48) may make ten times as many as one stranger. Internal networks and relays are exempt.")
            { Example = "20/min" },
        new Key<LimitsSection, Rate>("messages", Types.Rate, s => s.Messages, (s, v) => s.Messages = v,
            "Messages of one stranger on kind smtp; internal networks and relays are exempt.") { Example = "60/min" },
        new Key<LimitsSection, Rate>("commands", Types.Rate, s => s.Commands, (s, v) => s.Commands = v,
            "Commands of one stranger on kind smtp, all its connections together.") { Example = "1000/min" },
        new Key<LimitsSection, Rate>("client_recipients", Types.Rate, s => s.ClientRecipients, (s, v) => s.ClientRecipients = v,
            "Recipients that one stranger names on kind smtp, taken or not.") { Example = "200/min" },
        new Key<LimitsSection, Rate>("refused_recipients", Types.Rate, s => s.RefusedRecipients, (s, v) => s.RefusedRecipients = v,
            "After so many recipients refused for good a stranger gets no answer about more of them for a while.") { Example = "20/min" },
        new Key<LimitsSection, TimeSpan>("greeting_pause", Types.Duration, s => s.GreetingPause, (s, v) => s.GreetingPause = v,
            "How long a stranger on kind smtp that never delivered a message is left waiting for the greeting; who talks meanwhile is refused "
            + "and counts as an early talker. 0s: greet at once.") { Example = "0s" },
        new Key<LimitsSection, long>("message_size", Types.Size, s => s.MessageSize, (s, v) => s.MessageSize = v,
            "The largest message taken, in and out.") { AfterRestart = true, Example = "50MB" },
        new Key<LimitsSection, int>("recipients", Types.Number(100, 100_000), s => s.Recipients, (s, v) => s.Recipients = v,
            "Recipients of one message (RFC 5321 section 4.5.3.1.8: at least 100).") { AfterRestart = true, Example = "500" },
        new Key<LimitsSection, int>("imap_per_user_and_address", Types.Number(1, 100_000), s => s.ImapPerUserAndAddress,
            (s, v) => s.ImapPerUserAndAddress = v, "IMAP connections of one user from one address.") { AfterRestart = true, Example = "20" },
        new Key<LimitsSection, int>("connections_at_once", Types.Number(1, 1_000_000), s => s.ConnectionsAtOnce,
            (s, v) => s.ConnectionsAtOnce = v, "Connections of one client at once on one listener; internal networks are exempt.") { AfterRestart = true, Example = "100" },
        new Key<LimitsSection, int>("connections_per_listener", Types.Number(10, 1_000_000), s => s.ConnectionsPerListener,
            (s, v) => s.ConnectionsPerListener = v, "Connections at once on one listener, all clients together.") { AfterRestart = true, Example = "1000" },
    ]);
}

public sealed class StoreSection : SettingsSection
{
    public TimeSpan Undelete { get; private set; } = TimeSpan.FromDays(14);

    internal static readonly Table<StoreSection> Table = new("How mail is kept.",
    [
        new Key<StoreSection, TimeSpan>("undelete", Types.Duration, s => s.Undelete, (s, v) => s.Undelete = v,
            "How long an expunged message can be brought back; it does not count in the quota.") { AfterRestart = true, Example = "30d" },
    ]);
}

public sealed class SpamSection : SettingsSection
{
    public bool Enabled { get; private set; } = true;

    public double AddHeader { get; private set; } = 6;

    public double Reject { get; private set; } = 15;

    public bool Greylist { get; private set; }

    /// <summary>Path of the administrator's rules; null: those that came with the program.</summary>
    public string? Rules { get; private set; }

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        if (Rules is not null) Rules = System.IO.Path.GetFullPath(Rules, folder);
    }

    public bool LearnFromJunk { get; private set; } = true;

    /// <summary>Null: of any score.</summary>
    public double? GreylistFrom { get; private set; }

    public TimeSpan GreylistDelay { get; private set; } = TimeSpan.FromMinutes(5);

    public IReadOnlyList<string> Allow { get; private set; } = [];

    public IReadOnlyList<string> AllowUnproven { get; private set; } = [];

    public IReadOnlyList<string> Block { get; private set; } = [];

    public IReadOnlyList<string> Traps { get; private set; } = [];

    public AntivirusSection Antivirus { get; private set; } = new();

    /// <summary>Null: ours.</summary>
    public IReadOnlyList<DnsListSection>? Lists { get; private set; }

    internal static readonly Table<SpamSection> Table = new("Spam filtering.",
    [
        new Key<SpamSection, bool>("enabled", Types.Boolean, s => s.Enabled, (s, v) => s.Enabled = v,
            "Filter mail from strangers.") { Example = "false" },
        new Key<SpamSection, double>("add_header", Types.Score, s => s.AddHeader, (s, v) => s.AddHeader = v,
            "From this score on mail is marked and filed in Junk.") { Example = "7.5" },
        new Key<SpamSection, double>("reject", Types.Score, s => s.Reject, (s, v) => s.Reject = v,
            "From this score on mail is refused.") { Example = "20" },
        new Key<SpamSection, bool>("greylist", Types.Boolean, s => s.Greylist, (s, v) => s.Greylist = v,
            "Defer the first mail of unknown senders: who comes again after `greylist_delay` is known for 36 days. Mail to be marked is not deferred but marked; "
            + "relays, internal networks, proven senders who were good before, and people whom the recipient writes to are never deferred.") { Example = "true" },
        new Key<SpamSection, double>("greylist_from", Types.Score, s => s.GreylistFrom, (s, v) => s.GreylistFrom = v,
            "Defer only mail of at least this score.") { Example = "2", DefaultText = "of any score" },
        new Key<SpamSection, TimeSpan>("greylist_delay", Types.Duration, s => s.GreylistDelay, (s, v) => s.GreylistDelay = v,
            "How long a deferred sender has to wait.") { Example = "2m" },
        new Key<SpamSection, string>("rules", Types.Path, s => s.Rules, (s, v) => s.Rules = v,
            "A file of rules that are added to ours, and scores that replace ours; see docs/spam-rules.md.")
            { Example = "/etc/aviso/spam.rules", DefaultText = "only the rules that came with the program" },
        new Key<SpamSection, bool>("learn_from_junk", Types.Boolean, s => s.LearnFromJunk, (s, v) => s.LearnFromJunk = v,
            "Learn from what users move into and out of Junk, and from what they answer.") { Example = "false" },
        new Key<SpamSection, IReadOnlyList<string>>("allow", Types.ListOf(Types.Sender), s => s.Allow, (s, v) => s.Allow = v,
            "Senders whose mail is never junk: addresses, domains (with all below them), @domains (only these), IP addresses and networks. Names only count when SPF or DKIM proves "
            + "them. `aviso spam allow` adds more, for accounts too.") { Example = "[partner.example, boss@example.net]" },
        new Key<SpamSection, IReadOnlyList<string>>("allow_unproven", Types.ListOf(Types.Sender), s => s.AllowUnproven, (s, v) => s.AllowUnproven = v,
            "As `allow`, for senders who cannot prove who they are. Anybody can write in such a name.") { Example = "[alarms@device.example]" },
        new Key<SpamSection, IReadOnlyList<string>>("block", Types.ListOf(Types.Sender), s => s.Block, (s, v) => s.Block = v,
            "Senders whose mail is refused. `aviso spam block` adds more; what an account blocks goes to its Junk.") { Example = "[nuisance.example, 203.0.113.0/24]" },
        new Key<SpamSection, IReadOnlyList<string>>("traps", Types.ListOf(Types.AddressPattern), s => s.Traps, (s, v) => s.Traps = v,
            "Addresses here that no person has and nobody was ever given. Mail to them is taken, teaches the filter what spam is, counts against its source and is delivered to nobody.")
            { Example = "[old-webmaster@example.org]" },
        new Key<SpamSection, AntivirusSection>("antivirus", new SectionType<AntivirusSection>(AntivirusSection.Table), s => s.Antivirus, (s, v) => s.Antivirus = v,
            "Virus scanning.") { Example = "{ clamd: \"unix:/run/clamav/clamd.ctl\" }" },
        new Key<SpamSection, IReadOnlyList<DnsListSection>>("lists", Types.ListOf(new SectionType<DnsListSection>(DnsListSection.Table)), s => s.Lists,
            (s, v) => s.Lists = v, "Lists of others that are asked by DNS, instead of ours; [] asks nobody. Each must pass a self-test before it is believed. See docs/spam.md.")
            {
                Example = "[ { zone: zen.spamhaus.org }, { zone: bl.example, ask: [client], codes: [ { answer: 127.0.0.2, symbol: LIST_MINE, score: 2 } ] } ]",
                DefaultText = string.Join(", ", Aviso.Spam.DnsList.Ours.Select(l => l.Zone)),
            },
    ]);
}

public enum GuardMode
{
    Builtin, Crowdsec, None,
}

public sealed class GuardSection : SettingsSection
{
    public GuardMode Mode { get; private set; }

    public IReadOnlyList<System.Net.IPNetwork> Never { get; private set; } = [];

    public TimeSpan Ban { get; private set; } = TimeSpan.FromHours(4);

    public IReadOnlyList<Secret> Bouncers { get; private set; } = [];

    public EngineSection Crowdsec { get; private set; } = new();

    /// <summary>"stdout", or the path of a file; null: none.</summary>
    public string? CompatibilityLog { get; private set; }

    public NftablesSection Nftables { get; private set; } = new();

    public bool HasNftables => Has("nftables");

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        if (CompatibilityLog is not (null or "stdout")) CompatibilityLog = System.IO.Path.GetFullPath(CompatibilityLog, folder);
    }

    internal static readonly Table<GuardSection> Table = new("Who decides about bans: one owner.",
    [
        new Key<GuardSection, GuardMode>("mode", Types.Words("mode", ("builtin", GuardMode.Builtin), ("crowdsec", GuardMode.Crowdsec),
            ("none", GuardMode.None)), s => s.Mode, (s, v) => s.Mode = v, "builtin: this server. crowdsec: a CrowdSec engine. none: nobody.")
            { Example = "none" },
        new Key<GuardSection, IReadOnlyList<System.Net.IPNetwork>>("never", Types.ListOf(Types.Network), s => s.Never, (s, v) => s.Never = v,
            "Relays and others that are never limited or banned, besides networks.internal, networks.proxies and loopback.") { Example = "[198.51.100.7/32]" },
        new Key<GuardSection, TimeSpan>("ban", Types.Duration, s => s.Ban, (s, v) => s.Ban = v,
            "How long a first ban lasts; each further one of the same client is four times as long, up to a week.") { Example = "1h" },
        new Key<GuardSection, IReadOnlyList<Secret>>("bouncers", Types.ListOf(Types.Secret), s => s.Bouncers, (s, v) => s.Bouncers = v,
            "API keys, one for each CrowdSec bouncer that reads our decisions at /v1/decisions on a listener of kind http or https.") { Example = "[\"file:bouncer.key\"]" },
        new Key<GuardSection, EngineSection>("crowdsec", new SectionType<EngineSection>(EngineSection.Table), s => s.Crowdsec, (s, v) => s.Crowdsec = v,
            "The engine of mode crowdsec: its decisions hold here, and what is seen here is told to it.") { Example = "{ url: \"http://127.0.0.1:8080\", key: env:CROWDSEC_KEY }" },
        new Key<GuardSection, string>("compatibility_log", Types.Path, s => s.CompatibilityLog, (s, v) => s.CompatibilityLog = v,
            "Lines about failed logins and refused mail in the words of Postfix and Dovecot, for a CrowdSec engine that reads logs (hub collections postfix and dovecot): "
            + "`stdout`, or a file. Of stdout in a cluster, say `program: postfix/smtpd` and `program: dovecot` in two acquisitions: plain `postfix` matches nothing.")
            { Example = "/var/log/aviso-mail.log", DefaultText = "none" },
        new Key<GuardSection, NftablesSection>("nftables", new SectionType<NftablesSection>(NftablesSection.Keys), s => s.Nftables, (s, v) => s.Nftables = v,
            "Keep what is banned in sets of nftables too, so that the kernel drops it before we accept it. Needs the program nft and the right to change the packet filter; "
            + "of no use behind a proxy, whose address is all the kernel sees.") { Example = "{ table: aviso }" },
    ]);
}

public sealed class ProbeSection : SettingsSection
{
    public TimeSpan? Every { get; private set; }

    internal static readonly Table<ProbeSection> Table = new("The round-trip probe.",
    [
        new Key<ProbeSection, TimeSpan>("every", Types.Duration, s => s.Every, (s, v) => s.Every = v,
            "How often a message is sent out and waited for.") { Example = "20m", DefaultText = "never", Later = "the round-trip probe" },
    ]);
}

public sealed class DnsSection : SettingsSection
{
    public IReadOnlyList<System.Net.IPEndPoint> Resolvers { get; private set; } = [];

    internal static readonly Table<DnsSection> Table = new("Name resolution.",
    [
        new Key<DnsSection, IReadOnlyList<System.Net.IPEndPoint>>("resolvers", Types.ListOf(Types.Listen), s => s.Resolvers,
            (s, v) => s.Resolvers = v, "Resolvers to ask, in this order. A validating one on this machine is best.")
            { AfterRestart = true, Example = "[\"127.0.0.1:53\"]", DefaultText = "those of the system" },
    ]);
}

public enum LogFormat
{
    Text, Json,
}

public sealed class LogSection : SettingsSection
{
    public LogFormat Format { get; private set; }

    public LogLevel Level { get; private set; } = LogLevel.Information;

    internal static readonly Table<LogSection> Table = new("The log, on standard output.",
    [
        new Key<LogSection, LogFormat>("format", Types.Words("format", ("text", LogFormat.Text), ("json", LogFormat.Json)),
            s => s.Format, (s, v) => s.Format = v, "text for people, json (one object a line) for collectors.") { Example = "json" },
        new Key<LogSection, LogLevel>("level", Types.Words("level", ("debug", LogLevel.Debug), ("info", LogLevel.Information),
            ("warning", LogLevel.Warning), ("error", LogLevel.Error)), s => s.Level, (s, v) => s.Level = v,
            "The least important events that are written.") { Example = "warning" },
    ]);
}
