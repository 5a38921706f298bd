using Aviso.Base;
using Aviso.Delivery;
using Aviso.Smtp;

namespace Aviso.Settings;

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
    internal static readonly Table<RelaySection> Table = new("One relay (smarthost).");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Word, "",
        "How `routes` call it.")
    { Required = true, Example = "brevo" };

    public string Host => Get(HostKey);

    private static readonly Key<string> HostKey = new(Table, "host", Types.Peer, "",
        "Its name or address.")
    { Required = true, Example = "smtp-relay.example" };

    public int Port => Get(PortKey);

    private static readonly Key<int> PortKey = new(Table, "port", Types.Number(1, 65535), 587,
        "Its port.")
    { Example = "465" };

    public RelayTls Tls => Get(TlsKey);

    private static readonly Key<RelayTls> TlsKey = new(Table, "tls", Types.Words("TLS", ("required", RelayTls.Required), ("implicit", RelayTls.Implicit),
            ("opportunistic", RelayTls.Opportunistic), ("none", RelayTls.None)), default,
        "required: STARTTLS with a verified certificate, or the mail waits. implicit: the same from the first octet. "
        + "opportunistic: if offered, not verified. none: in the clear, without login.")
    { Example = "implicit" };

    /// <summary>PEM of the authorities to trust instead of the system's, or null.</summary>
    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Certificate authorities to trust for this relay instead of the system's, as PEM.")
    { Example = "file:/etc/aviso/relay-ca.crt", DefaultText = "the system's" };

    public Secret? Username => Find(UsernameKey);

    private static readonly Key<Secret> UsernameKey = new(Table, "username", Types.Secret,
        "Login name.")
    { Example = "env:RELAY_USER", DefaultText = "no login" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "Login password.")
    { Example = "env:RELAY_PASSWORD", DefaultText = "no login" };

    /// <summary>Recipients in a rolling span; null is no limit.</summary>
    public Rate? Quota => Given(QuotaKey);

    private static readonly Key<Rate> QuotaKey = new(Table, "quota", Types.Rate,
        "How many recipients it takes in a rolling span. Mail beyond it waits and is never dropped; mail from programs waits first.")
    { Example = "300/day", DefaultText = "no limit" };

    /// <summary>Recipients of the quota kept for mail from people; null is a tenth of it.</summary>
    public int? Reserve => Given(ReserveKey);

    private static readonly Key<int> ReserveKey = new(Table, "reserve", Types.Number(0, 1_000_000),
        "How much of the quota is kept for mail from people.")
    { Example = "50", DefaultText = "a tenth of the quota" };

    /// <summary>Name of the relay that takes what the quota does not.</summary>
    public string? Spill => Find(SpillKey);

    private static readonly Key<string> SpillKey = new(Table, "spill", Types.Word,
        "The relay that takes mail while this one's quota is used up, instead of letting it wait. That one may name another.")
    { Example = "ses", DefaultText = "none: it waits" };

    public RelayEventsSection Events => Get(EventsKey);

    private static readonly Key<RelayEventsSection> EventsKey = new(
        Table, "events", new SectionType<RelayEventsSection>(RelayEventsSection.Table), new(),
        "What the relay says of mail after it took it: its webhook is https://HOSTNAME/relay/events/NAME. See docs/relays.md.")
    { Example = "{ kind: mailgun, secret: env:MAILGUN_SIGNING_KEY }", DefaultText = "none" };

    public bool HasEvents => Has("events");

    public RelaySuppressionsSection Suppressions => Get(SuppressionsKey);

    private static readonly Key<RelaySuppressionsSection> SuppressionsKey = new(
        Table, "suppressions", new SectionType<RelaySuppressionsSection>(RelaySuppressionsSection.Table), new(),
        "The relay's list of recipients that it no longer serves: looked at every hour, and mended by `aviso relay unblock`.")
    { Example = "{ kind: brevo, key: env:BREVO_API_KEY }", DefaultText = "none" };

    public bool HasSuppressions => Has("suppressions");

    public string? Spf => Find(SpfKey);

    private static readonly Key<string> SpfKey = new(Table, "spf", Types.Text,
        "What the SPF record of every domain that sends by this relay must say; `aviso dns plan` puts it there. A reload that would send by a relay "
        + "that the records do not name is refused (`aviso reload --force` takes it all the same).")
    { Example = "include:spf.example", DefaultText = "none: nobody looks" };

    public IReadOnlyList<string> DkimSelectors => Get(DkimSelectorsKey);

    private static readonly Key<IReadOnlyList<string>> DkimSelectorsKey = new(Table, "dkim_selectors", Types.ListOf(Types.Word), [],
        "Selectors the relay signs with, where it publishes or tells the keys itself: `aviso dns plan` looks that a key stands there.")
    { Example = "[brevo1, brevo2]" };

    public IReadOnlyList<RelayDkimSection> DkimCnames => Get(DkimCnamesKey);

    private static readonly Key<IReadOnlyList<RelayDkimSection>> DkimCnamesKey = new(
        Table, "dkim_cnames", Types.ListOf(new SectionType<RelayDkimSection>(RelayDkimSection.Table)), [],
        "Selectors the relay signs with, each an alias of a name of the relay's, which `aviso dns plan` puts there.")
    { Example = "[ { selector: brevo1, target: \"b1.{domain-dashed}.dkim.example\" } ]" };
}

public sealed class RelayDkimSection : SettingsSection
{
    internal static readonly Table<RelayDkimSection> Table = new("One selector of a relay.");

    public string Selector => Get(SelectorKey);

    private static readonly Key<string> SelectorKey = new(Table, "selector", Types.Word, "",
        "The selector: the alias is SELECTOR._domainkey.DOMAIN.")
    { Required = true, Example = "brevo1" };

    public string Target => Get(TargetKey);

    private static readonly Key<string> TargetKey = new(Table, "target", Types.Text, "",
        "The name it is an alias of; `{domain}` stands for the mail domain, `{domain-dashed}` for the same with dashes instead of dots.")
    { Required = true, Example = "\"b1.{domain-dashed}.dkim.example\"" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class RelaysChecks
{
    public static void RelaysAreWhole(ServerSettings settings, Problems problems)
    {
        var seen = new Dictionary<string, RelaySection>(StringComparer.Ordinal);
        foreach (var relay in settings.Relays.Where(r => r.Name.Length > 0))
        {
            if (!seen.TryAdd(relay.Name, relay))
                SettingsChecks.Say(problems, relay, "name", $"{relay.Name} is given twice; the first is on line {seen[relay.Name].PlaceOf("name").Line}");
            if (relay.Name == RouteSection.Direct) SettingsChecks.Say(problems, relay, "name", "`direct` means the MX of the domain; choose another name");
            if (relay.Has("username") != relay.Has("password"))
                SettingsChecks.Say(problems, relay, relay.Has("username") ? "username" : "password", "a login needs both `username` and `password`");
            if (relay.Tls is RelayTls.None or RelayTls.Opportunistic && relay.Has("password"))
                SettingsChecks.Say(problems, relay, "tls", "a password is only sent over verified TLS; say required or implicit, or leave the login out");
            if (relay.Has("reserve") && !relay.Has("quota")) SettingsChecks.Say(problems, relay, "reserve", "is a part of `quota`, which is not given");
            if (relay.Spf is { } spf && !Aviso.MailAuth.SpfText.AreSenders(spf))
                SettingsChecks.Say(problems, relay, "spf", "must be SPF terms such as include:spf.example, without v=spf1 and all");
            foreach (var alias in relay.DkimCnames.Where(a => a.Target.Length > 0 && !IsName(a.Target)))
                SettingsChecks.Say(problems, alias, "target", "is no host name");
            RelayEventsChecks.Run(relay, problems);
            if (relay.Spill is { } next) SpillLeadsOn(settings, relay, next, problems);
            if (relay.Quota is { } quota && relay.Reserve >= quota.Count) SettingsChecks.Say(problems, relay, "reserve", "must be smaller than the quota");
        }
    }

    private static void SpillLeadsOn(ServerSettings settings, RelaySection relay, string next, Problems problems)
    {
        if (next == relay.Name) SettingsChecks.Say(problems, relay, "spill", "a relay cannot stand in for itself");
        else if (settings.Relays.All(r => r.Name != next)) SettingsChecks.Say(problems, relay, "spill",
            $"there is no relay {next} in `relays`{Nearest.Hint(next, settings.Relays.Select(r => r.Name))}");
        if (relay.Quota is null) SettingsChecks.Say(problems, relay, "spill", "is for mail beyond `quota`, which is not given");
    }

    private static bool IsName(string target) => target.Contains('.')
        && DomainName.TryParse(target.Replace("{domain}", "example.org", StringComparison.Ordinal)
            .Replace("{domain-dashed}", "example-org", StringComparison.Ordinal), out _);
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class RelaysMapping
{
    /// <summary>The relay of this name and those that stand in for it, in their order.</summary>
    public static IReadOnlyList<RelaySection> Chain(ServerSettings settings, string name)
    {
        var chain = new List<RelaySection>();
        var next = settings.Relays.FirstOrDefault(r => r.Name == name);
        while (next is not null && !chain.Contains(next))
        {
            chain.Add(next);
            next = next.Spill is { } other ? settings.Relays.FirstOrDefault(r => r.Name == other) : null;
        }
        return chain;
    }

    public static RelaySettings Relay(RelaySection relay) => new()
    {
        Name = relay.Name,
        Host = relay.Host,
        Port = relay.Port,
        Tls = relay.Tls switch
        {
            RelayTls.None => TlsDemand.None,
            RelayTls.Opportunistic => TlsDemand.Opportunistic,
            _ => TlsDemand.Verified,
        },
        ImplicitTls = relay.Tls == RelayTls.Implicit ? true : null,
        Username = relay.Username?.Reveal(),
        Password = relay.Password?.Reveal(),
        Quota = (int)Math.Min(relay.Quota?.Count ?? 0, int.MaxValue),
        QuotaSpan = relay.Quota?.Per ?? TimeSpan.FromDays(1),
        Reserve = relay is { Reserve: { } kept, Quota: { } quota } ? (double)kept / quota.Count : 0.1,
        Spill = relay.Spill,
        Authorities = relay.Ca is { } ca ? Net.Authorities.Read(ca.Reveal()) : null,
    };
}
