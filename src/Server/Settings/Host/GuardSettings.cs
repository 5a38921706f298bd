using System.Net;
using Aviso.Guard;
using Aviso.Server;

namespace Aviso.Settings;

public enum GuardMode
{
    Builtin, Crowdsec, None,
}

public sealed class GuardSection : SettingsSection
{
    internal static readonly Table<GuardSection> Table = new("Who decides about bans: one owner.");

    public GuardMode Mode => Get(ModeKey);

    private static readonly Key<GuardMode> ModeKey = new(Table, "mode", Types.Words("mode", ("builtin", GuardMode.Builtin), ("crowdsec", GuardMode.Crowdsec),
            ("none", GuardMode.None)), default,
        "builtin: this server. crowdsec: a CrowdSec engine. none: nobody.")
    { Example = "none" };

    public IReadOnlyList<IPNetwork> Never => Get(NeverKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> NeverKey = new(Table, "never", Types.ListOf(Types.Network), [],
        "Relays and others that are never limited or banned, besides networks.internal, networks.proxies and loopback.")
    { Example = "[198.51.100.7/32]" };

    public TimeSpan Ban => Get(BanKey);

    private static readonly Key<TimeSpan> BanKey = new(Table, "ban", Types.Duration, TimeSpan.FromHours(4),
        "How long a first ban lasts; each further one of the same client is four times as long, up to a week.")
    { Example = "1h" };

    public IReadOnlyList<Secret> Bouncers => Get(BouncersKey);

    private static readonly Key<IReadOnlyList<Secret>> BouncersKey = new(Table, "bouncers", Types.ListOf(Types.Secret), [],
        "API keys, one for each CrowdSec bouncer that reads our decisions at /v1/decisions on a listener of kind http or https.")
    { Example = "[\"file:bouncer.key\"]" };

    public EngineSection Crowdsec => Get(CrowdsecKey);

    private static readonly Key<EngineSection> CrowdsecKey = new(Table, "crowdsec", new SectionType<EngineSection>(EngineSection.Table), new(),
        "The engine of mode crowdsec: its decisions hold here, and what is seen here is told to it.")
    { Example = "{ url: \"http://127.0.0.1:8080\", key: env:CROWDSEC_KEY }" };

    /// <summary>"stdout", or the path of a file; null: none.</summary>
    public string? CompatibilityLog => Find(CompatibilityLogKey);

    private static readonly Key<string> CompatibilityLogKey = new(Table, "compatibility_log", Types.Path,
        "Lines about failed logins and refused mail in the words of Postfix and Dovecot, for a CrowdSec engine that reads logs (hub collections postfix and dovecot): "
        + "`stdout`, or a file. Of stdout in a cluster, say `program: postfix/smtpd` and `program: dovecot` in two acquisitions: plain `postfix` matches nothing.")
    { Example = "/var/log/aviso-mail.log", DefaultText = "none" };

    public NftablesSection Nftables => Get(NftablesKey);

    private static readonly Key<NftablesSection> NftablesKey = new(Table, "nftables", new SectionType<NftablesSection>(NftablesSection.Keys), new(),
        "Keep what is banned in sets of nftables too, so that the kernel drops it before we accept it. Needs the program nft and the right to change the packet filter; "
        + "of no use behind a proxy, whose address is all the kernel sees.")
    { Example = "{ table: aviso }" };

    public bool HasNftables => Has("nftables");

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        if (CompatibilityLog is { } path and not "stdout") Set(CompatibilityLogKey, System.IO.Path.GetFullPath(path, folder));
    }
}

/// <summary>The CrowdSec engine that owns the policy in mode crowdsec.</summary>
public sealed class EngineSection : SettingsSection
{
    internal static readonly Table<EngineSection> Table = new("A CrowdSec engine, by its local API (LAPI).");

    public string Url => Get(UrlKey);

    private static readonly Key<string> UrlKey = new(Table, "url", Types.Text, "http://127.0.0.1:8080",
        "Where its local API listens.")
    { Example = "http://crowdsec.crowdsec.svc:8080" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.Secret,
        "A bouncer's key (`cscli bouncers add aviso`). One for each server: the engine remembers by key what it has told.")
    { Example = "env:CROWDSEC_KEY", DefaultText = "none" };

    public TimeSpan Every => Get(EveryKey);

    private static readonly Key<TimeSpan> EveryKey = new(Table, "every", Types.Duration, TimeSpan.FromSeconds(10),
        "How often it is asked for its decisions.")
    { Example = "30s" };

    public string? Machine => Find(MachineKey);

    private static readonly Key<string> MachineKey = new(Table, "machine", Types.Word,
        "The machine whose alerts ours are (`cscli machines add aviso --password ...`). Without it the engine hears nothing of what is seen here.")
    { Example = "aviso", DefaultText = "none" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "The machine's password.")
    { Example = "env:CROWDSEC_PASSWORD", DefaultText = "none" };

    public Secret? Authority => Find(AuthorityKey);

    private static readonly Key<Secret> AuthorityKey = new(Table, "ca", Types.Certificate,
        "The authority of its certificate, as PEM, where the URL is https.")
    { Example = "file:/etc/aviso/crowdsec-ca.crt", DefaultText = "those of the system" };
}

/// <summary>Sets of the kernel's packet filter that hold what is banned.</summary>
public sealed class NftablesSection : SettingsSection
{
    internal static readonly Table<NftablesSection> Keys = new("The kernel's packet filter.");

    public string Table => Get(TableKey);

    private static readonly Key<string> TableKey = new(Keys, "table", Types.Word, "aviso",
        "The name of our own inet table. It holds the sets `banned4` and `banned6`.")
    { Example = "aviso_mail" };

    public bool Drop => Get(DropKey);

    private static readonly Key<bool> DropKey = new(Keys, "drop", Types.Boolean, true,
        "A chain of ours drops what comes from these sets to our ports. false: only the sets, for chains of your own in this table.")
    { Example = "false" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class GuardMapping
{
    public static GuardOptions Guard(ServerSettings settings) => new(
        settings.Guard.Mode switch
        {
            GuardMode.Builtin => GuardOwner.Builtin,
            GuardMode.Crowdsec => GuardOwner.Crowdsec,
            _ => GuardOwner.None,
        },
        new([.. settings.Networks.Internal, .. settings.Networks.Proxies, .. settings.Networks.TrustedRelays, .. settings.Guard.Never]),
        PerMinute(settings.Limits.Connections), PerMinute(settings.Limits.Messages))
    {
        Ban = settings.Guard.Ban,
        CommandsPerMinute = PerMinute(settings.Limits.Commands),
        RecipientsPerMinute = PerMinute(settings.Limits.ClientRecipients),
        RefusedRecipientsPerMinute = PerMinute(settings.Limits.RefusedRecipients),
        GreetingPause = settings.Limits.GreetingPause,
    };

    private static double PerMinute(Rate rate) => rate.Count / rate.Per.TotalMinutes;

    /// <summary>Null when nothing is exported.</summary>
    /// <param name="ports">What the kernel is to shut to the banned.</param>
    public static NftablesOptions? Nftables(ServerSettings settings, IReadOnlyList<int> ports)
    {
        var options = new NftablesOptions(settings.Guard.Nftables.Table, settings.Guard.Nftables.Drop, ports);
        return settings.Guard.HasNftables ? options : null;
    }

    /// <summary>Null unless the mode is crowdsec.</summary>
    public static EngineOptions? Engine(ServerSettings settings)
    {
        if (settings.Guard is not { Mode: GuardMode.Crowdsec, Crowdsec: { Key: { } key } engine }) return null;
        return new(new Uri(engine.Url), key.Reveal())
        {
            Every = engine.Every,
            Machine = engine.Machine,
            Password = engine.Password?.Reveal(),
            Authority = engine.Authority?.Reveal(),
            Version = BuildInfo.Version,
        };
    }
}
