using System.Security.Cryptography.X509Certificates;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Net;

namespace Aviso.Settings;

public sealed class ProbeSection : SettingsSection
{
    internal static readonly Table<ProbeSection> Table = new(
        "Messages that the server sends out and waits for, to see that mail comes through.");

    public TimeSpan? Every => Given(EveryKey);

    private static readonly Key<TimeSpan> EveryKey = new(Table, "every", Types.Duration,
        "How often a message is sent each way. The round trip begins when this is given.")
    { Example = "20m", DefaultText = "never" };

    public string? Account => Find(AccountKey);

    private static readonly Key<string> AccountKey = new(Table, "account", Types.Address,
        "The account that the messages come to. They are deleted when they have been found; give them an account of their own.")
    { Example = "probe@example.org", DefaultText = "none" };

    public string? To => Find(ToKey);

    private static readonly Key<string> ToKey = new(Table, "to", Types.Address,
        "Where they are sent, when that is another address of the same account: one that only a catch-all or an alias leads there.")
    { Example = "smoke-test@example.org", DefaultText = "`account`" };

    public IReadOnlyList<string> Routes => Get(RoutesKey);

    private static readonly Key<IReadOnlyList<string>> RoutesKey = new(Table, "routes", Types.ListOf(Types.Word), [],
        "Ways out: `direct` (from here to the domain's MX), names of `relays`, names of `apis` below.")
    { Example = "[direct, brevo]", DefaultText = "direct, all relays and all APIs" };

    public IReadOnlyList<ProbeApiSection> Apis => Get(ApisKey);

    private static readonly Key<IReadOnlyList<ProbeApiSection>> ApisKey = new(Table, "apis",
        Types.ListOf(new SectionType<ProbeApiSection>(ProbeApiSection.Table)), [],
        "HTTP APIs of senders. They find out whether mail comes in even when nothing of ours goes out.")
    { Example = "[ { name: brevo-api, vendor: brevo, key: env:BREVO_KEY, from: probe@example.net } ]" };

    public int QuotaShare => Get(QuotaShareKey);

    private static readonly Key<int> QuotaShareKey = new(Table, "quota_share", Types.Number(1, 100), 10,
        "At most this much of a relay's quota is used for it, in percent: a small quota is probed less often than `every`.")
    { Example = "5" };

    public TimeSpan Patience => Get(PatienceKey);

    private static readonly Key<TimeSpan> PatienceKey = new(Table, "patience", Types.Duration, TimeSpan.FromMinutes(5),
        "How long a message may take. One that comes later is reported as late, and deleted too.")
    { Example = "10m" };

    public string? Smtp => Find(SmtpKey);

    private static readonly Key<string> SmtpKey = new(Table, "smtp", Types.Text,
        "HOST:PORT that `direct` sends to.")
    { Example = "mx.example.org:25", DefaultText = "the domain's MX" };

    public string? Imap => Find(ImapKey);

    private static readonly Key<string> ImapKey = new(Table, "imap", Types.Text,
        "HOST:PORT where mail programs reach IMAP over TLS; the certificate must name HOST.")
    { Example = "mail.example.org:993", DefaultText = "`hostname` and the port of the first imaps listener" };

    public string? Jmap => Find(JmapKey);

    private static readonly Key<string> JmapKey = new(Table, "jmap", Types.Text,
        "Where the webmail is reached.")
    { Example = "https://mail.example.org", DefaultText = "`hostname` and the port of the first https listener" };

    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Certificate authorities to trust instead of the system's when it looks at this server, as PEM.")
    { Example = "file:/etc/aviso/own-ca.crt", DefaultText = "the system's, and with `tls.self_signed` our own" };

    public string? Gateway => Find(GatewayKey);

    private static readonly Key<string> GatewayKey = new(Table, "gateway", Types.Text,
        "A Prometheus Pushgateway that results are pushed to, with the group if it should be another than job `aviso_probe`.")
    { Example = "http://pushgateway:9091", DefaultText = "none" };

    public Secret? Kuma => Find(KumaKey);

    private static readonly Key<Secret> KumaKey = new(Table, "kuma", Types.Secret,
        "The push address of an Uptime Kuma monitor.")
    { Example = "env:KUMA_PUSH", DefaultText = "none" };
}

public sealed class ProbeApiSection : SettingsSection
{
    internal static readonly Table<ProbeApiSection> Table = new("A sender's HTTP API.");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Word, "",
        "How `routes` call it.")
    { Required = true, Example = "brevo-api" };

    public ProbeVendor Vendor => Get(VendorKey);

    private static readonly Key<ProbeVendor> VendorKey = new(Table, "vendor",
        Types.Words("vendor", ("brevo", ProbeVendor.Brevo), ("mailgun", ProbeVendor.Mailgun)), default,
        "Whose API it is.")
    { Required = true, Example = "mailgun" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.Secret,
        "The API key.")
    { Required = true, Example = "env:BREVO_KEY" };

    public string From => Get(FromKey);

    private static readonly Key<string> FromKey = new(Table, "from", Types.Address, "",
        "A sender that the vendor knows as yours.")
    { Required = true, Example = "probe@example.net" };

    public string? Address => Find(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Text,
        "Another address of the API.")
    { Example = "https://api.eu.mailgun.net/v3/", DefaultText = "the vendor's" };

    public Rate? Quota => Given(QuotaKey);

    private static readonly Key<Rate> QuotaKey = new(Table, "quota", Types.Rate,
        "How much the vendor lets us send this way.")
    { Example = "300/day", DefaultText = "no limit" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class ProbeChecks
{
    public static void ProbeIsWhole(ServerSettings settings, Problems problems)
    {
        var probe = settings.Probe;
        if (probe.Every is { } every && every < TimeSpan.FromMinutes(1))
            SettingsChecks.Say(problems, probe, "every", "at most one a minute");
        if (probe.Every is not null && probe.Account is null)
            SettingsChecks.Say(problems, probe, "every", "say by `account` where the messages come to");
        var known = settings.Relays.Select(r => r.Name).Append(ProbeWay.Direct).Concat(probe.Apis.Select(a => a.Name)).ToList();
        foreach (var route in probe.Routes.Where(r => !known.Contains(r)))
            SettingsChecks.Say(problems, probe, "routes", $"there is no relay and no API {route}{Nearest.Hint(route, known)}");
        foreach (var twice in known.Where(n => n.Length > 0).GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key))
            if (probe.Apis.LastOrDefault(a => a.Name == twice) is { } api)
                SettingsChecks.Say(problems, api, "name", $"{twice} is the name of something else already");
        Check("smtp", probe.Smtp, t => ProbeMapping.HostAndPort(t) is not null, "is no HOST:PORT such as mail.example.org:25");
        Check("imap", probe.Imap, t => ProbeMapping.HostAndPort(t) is not null, "is no HOST:PORT such as mail.example.org:993");
        Check("jmap", probe.Jmap, IsWeb, "is no address such as https://mail.example.org");
        Check("gateway", probe.Gateway, IsWeb, "is no address such as http://pushgateway:9091");
        if (probe.Kuma?.Reveal() is { } kuma && !IsWeb(kuma))
            SettingsChecks.Say(problems, probe, "kuma", "is no address such as https://kuma.example.org/api/push/TOKEN");
        foreach (var api in probe.Apis.Where(a => a.Address is { } at && !IsWeb(at)))
            SettingsChecks.Say(problems, api, "address", "is no address such as https://api.brevo.com/v3/");

        void Check(string key, string? text, Func<string, bool> isGood, string otherwise)
        {
            if (text is not null && !isGood(text)) SettingsChecks.Say(problems, probe, key, $"`{text}` {otherwise}");
        }
    }

    private static bool IsWeb(string text) => Uri.TryCreate(text, UriKind.Absolute, out var at) && at.Scheme is "https" or "http";
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class ProbeMapping
{
    /// <summary>Null: nothing is probed.</summary>
    /// <param name="ownRoots">The authority that made our certificate, when we did.</param>
    /// <param name="portOf">The port of the first bound listener of a kind, or null.</param>
    public static ProbeOptions? Probe(ServerSettings settings, X509Certificate2Collection? ownRoots, Func<ListenerKind, int?> portOf)
    {
        var probe = settings.Probe;
        if (probe.Every is not { } every || !MailAddress.TryParse(probe.Account, out var account)) return null;
        var (imaps, https) = (portOf(ListenerKind.Imaps), portOf(ListenerKind.Https));
        return new()
        {
            HostName = settings.HostName,
            Account = account,
            To = MailAddress.TryParse(probe.To, out var to) ? to : account,
            Every = every,
            Patience = probe.Patience,
            Ways = [.. Ways(settings).Where(w => probe.Routes.Count == 0 || probe.Routes.Contains(w.Name))],
            Smtp = HostAndPort(probe.Smtp),
            Imap = HostAndPort(probe.Imap) ?? (imaps is { } port ? new HostPort(settings.HostName, port) : null),
            NoImap = "there is no imaps listener, and `probe.imap` names no place",
            Jmap = Session(probe.Jmap ?? (https is { } web ? $"https://{settings.HostName}:{web}" : null)),
            NoJmap = "there is no https listener, and `probe.jmap` names no place",
            Roots = probe.Ca is { } ca ? Authorities.Read(ca.Reveal()) : ownRoots,
            Gateway = probe.Gateway is { } gateway ? Group(new(gateway), settings.HostName) : null,
            Kuma = probe.Kuma is { } kuma ? new(kuma.Reveal()) : null,
        };
    }

    /// <summary>Those that lead probes to the relays they try.</summary>
    public static IEnumerable<RouteSettings> Routes(ServerSettings settings) => Probe(settings, null, _ => null) is { } probe
        ? probe.Ways.OfType<RelayWay>().Select(w => RelaySend.RouteFor(probe.Account, probe.To, w.Name)) : [];

    public static HostPort? HostAndPort(string? text)
    {
        var colon = text?.LastIndexOf(':') ?? -1;
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), out var port) && port is > 0 and < 65536
            ? new(text![..colon].Trim('[', ']'), port) : null;
    }

    private static IEnumerable<ProbeWay> Ways(ServerSettings settings)
    {
        yield return new DirectWay();
        foreach (var relay in settings.Relays) yield return new RelayWay(relay.Name, AtLeast(relay.Quota, settings.Probe.QuotaShare));
        foreach (var api in settings.Probe.Apis)
        {
            if (!MailAddress.TryParse(api.From, out var from)) continue;
            var address = api.Address ?? (api.Vendor == ProbeVendor.Brevo ? "https://api.brevo.com/v3/" : "https://api.mailgun.net/v3/");
            yield return new ApiWay(
                api.Name, AtLeast(api.Quota, settings.Probe.QuotaShare), api.Vendor, new(address.TrimEnd('/') + "/"), api.Key?.Reveal()
                    ?? "", from);
        }
    }

    private static TimeSpan AtLeast(Rate? quota, int share) => quota is { } rate ? rate.Per / (rate.Count * share / 100.0) : TimeSpan.Zero;

    private static Uri? Session(string? webmail) => webmail is null ? null : new Uri(new Uri(webmail), "/.well-known/jmap");

    private static Uri Group(Uri gateway, string host) =>
        gateway.AbsolutePath == "/" ? new Uri(gateway, $"/metrics/job/aviso_probe/instance/{Uri.EscapeDataString(host)}") : gateway;
}
