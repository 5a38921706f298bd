using System.Globalization;
using Aviso.Base;
using Aviso.Doctor;

namespace Aviso.Settings;

public sealed class EventsSection : SettingsSection
{
    internal static readonly Table<EventsSection> Table =
        new("Who is told of findings of the doctor, when they come up and when they clear. See docs/doctor.md.");

    public Severity From => Get(FromKey);

    private static readonly Key<Severity> FromKey = new(Table, "from", Types.Words("severity", ("information", Severity.Information),
            ("warning", Severity.Warning), ("error", Severity.Error)), Severity.Warning,
        "The least severity that is told.")
    { Example = "error" };

    public string? Quiet => Find(QuietKey);

    private static readonly Key<string> QuietKey = new(Table, "quiet", Types.HoursOfDay,
        "Hours of the server's local time in which only errors are told; the rest is told afterwards.")
    { Example = "\"22:00-07:00\"", DefaultText = "none" };

    public EventMailSection Mail => Get(MailKey);

    private static readonly Key<EventMailSection> MailKey = new(Table, "mail", new SectionType<EventMailSection>(EventMailSection.Table),
        new(),
        "By mail.")
    { Example = "{ to: [you@elsewhere.example] }" };

    public DigestSection Digest => Get(DigestKey);

    private static readonly Key<DigestSection> DigestKey = new(Table, "digest", new SectionType<DigestSection>(DigestSection.Table), new(),
        "A letter every week to those whom `mail` names: mail in and out, what was refused and why, findings, queue, disk, backups.")
    { Example = "{ day: monday, hour: 8 }" };

    public IReadOnlyList<WebhookSection> Webhooks => Get(WebhooksKey);

    private static readonly Key<IReadOnlyList<WebhookSection>> WebhooksKey = new(Table, "webhooks",
        Types.ListOf(new SectionType<WebhookSection>(WebhookSection.Table)), [],
        "POST of JSON.")
    { Example = "[ { url: \"https://hooks.example/aviso\", secret: env:HOOK_SECRET } ]" };

    public NtfySection Ntfy => Get(NtfyKey);

    private static readonly Key<NtfySection> NtfyKey = new(Table, "ntfy", new SectionType<NtfySection>(NtfySection.Table), new(),
        "ntfy.")
    { Example = "{ topic: \"https://ntfy.example/mail\" }", DefaultText = "none" };

    public GotifySection Gotify => Get(GotifyKey);

    private static readonly Key<GotifySection> GotifyKey = new(Table, "gotify", new SectionType<GotifySection>(GotifySection.Table), new(),
        "Gotify.")
    { Example = "{ url: \"https://gotify.example\", token: env:GOTIFY_TOKEN }", DefaultText = "none" };

    public AlertmanagerSection Alertmanager => Get(AlertmanagerKey);

    private static readonly Key<AlertmanagerSection> AlertmanagerKey = new(Table, "alertmanager",
        new SectionType<AlertmanagerSection>(AlertmanagerSection.Table), new(),
        "Prometheus' Alertmanager (API v2).")
    { Example = "{ url: \"http://127.0.0.1:9093\" }", DefaultText = "none" };

    public bool HasNtfy => Has("ntfy");

    public bool HasGotify => Has("gotify");

    public bool HasAlertmanager => Has("alertmanager");
}

public sealed class EventMailSection : SettingsSection
{
    internal static readonly Table<EventMailSection> Table = new("Events by mail.");

    public IReadOnlyList<string> To => Get(ToKey);

    private static readonly Key<IReadOnlyList<string>> ToKey = new(Table, "to", Types.ListOf(Types.Address), [],
        "Addresses, here or better elsewhere too: whoever cannot reach this server's mail must hear of it.")
    { Example = "[you@elsewhere.example]" };

    public string? Relay => Find(RelayKey);

    private static readonly Key<string> RelayKey = new(Table, "relay", Types.Word,
        "The relay that takes it, or `direct`. When the doctor finds that relay broken, another one does, or the MX of the address.")
    { Example = "direct", DefaultText = "as `routes` say" };
}

public sealed class WebhookSection : SettingsSection
{
    internal static readonly Table<WebhookSection> Table = new("One webhook.");

    public string Url => Get(UrlKey);

    private static readonly Key<string> UrlKey = new(Table, "url", Types.Text, "",
        "Where to POST.")
    { Required = true, Example = "\"https://hooks.example/aviso\"" };

    public Secret? Secret => Find(SecretKey);

    private static readonly Key<Secret> SecretKey = new(Table, "secret", Types.Secret,
        "The body is signed with it: X-Aviso-Signature is sha256= and the HMAC of X-Aviso-Timestamp, a dot and the body.")
    { Example = "env:HOOK_SECRET", DefaultText = "none: not signed" };
}

public sealed class NtfySection : SettingsSection
{
    internal static readonly Table<NtfySection> Table = new("ntfy.");

    public string Topic => Get(TopicKey);

    private static readonly Key<string> TopicKey = new(Table, "topic", Types.Text, "",
        "The URL of the topic.")
    { Required = true, Example = "\"https://ntfy.example/mail\"" };

    public Secret? Token => Find(TokenKey);

    private static readonly Key<Secret> TokenKey = new(Table, "token", Types.Secret,
        "An access token.")
    { Example = "env:NTFY_TOKEN", DefaultText = "none" };
}

public sealed class GotifySection : SettingsSection
{
    internal static readonly Table<GotifySection> Table = new("Gotify.");

    public string Url => Get(UrlKey);

    private static readonly Key<string> UrlKey = new(Table, "url", Types.Text, "",
        "The server's URL.")
    { Required = true, Example = "\"https://gotify.example\"" };

    public Secret Token => Get(TokenKey);

    private static readonly Key<Secret> TokenKey = new(Table, "token", Types.Secret, new("", null),
        "The token of an application.")
    { Required = true, Example = "env:GOTIFY_TOKEN" };
}

public sealed class AlertmanagerSection : SettingsSection
{
    internal static readonly Table<AlertmanagerSection> Table = new("Alertmanager.");

    public string Url => Get(UrlKey);

    private static readonly Key<string> UrlKey = new(Table, "url", Types.Text, "",
        "Its URL, without /api.")
    { Required = true, Example = "\"http://127.0.0.1:9093\"" };
}

/// <summary>What the keys of this file must agree on.</summary>
internal static class EventsChecks
{
    public static void Run(ServerSettings settings, Problems problems)
    {
        var events = settings.Events;
        foreach (var hook in events.Webhooks) Url(hook, "url", hook.Url);
        if (events.HasNtfy) Url(events.Ntfy, "topic", events.Ntfy.Topic);
        if (events.HasGotify) Url(events.Gotify, "url", events.Gotify.Url);
        if (events.HasAlertmanager) Url(events.Alertmanager, "url", events.Alertmanager.Url);
        if (events.Webhooks.GroupBy(w => w.Url).FirstOrDefault(g => g.Key.Length > 0 && g.Count() > 1) is { } twice)
            SettingsChecks.Say(problems, twice.Last(), "url", "is given twice");
        if (events.Mail is { Relay: { } relay, To.Count: 0 }) SettingsChecks.Say(problems, events.Mail, "relay",
            $"{relay} has nothing to take: `to` is not given");
        else if (events.Mail.Relay is { } named && named != RouteSection.Direct && settings.Relays.All(r => r.Name != named))
            SettingsChecks.Say(problems, events.Mail, "relay",
                $"there is no relay {named} in `relays`{Nearest.Hint(named, settings.Relays.Select(r => r.Name))}");

        void Url(SettingsSection section, string key, string text)
        {
            if (text.Length > 0 && !(Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
                SettingsChecks.Say(problems, section, key, "must be a URL that begins with https:// or http://");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class EventsMapping
{
    /// <summary>Whether a local time lies in the quiet hours.</summary>
    public static bool IsQuiet(string? hours, TimeSpan time)
    {
        if (hours is null) return false;
        var parts = hours.Split('-');
        var (from, until) = (TimeSpan.ParseExact(parts[0], @"hh\:mm", CultureInfo.InvariantCulture),
            TimeSpan.ParseExact(parts[1], @"hh\:mm", CultureInfo.InvariantCulture));
        return from <= until ? time >= from && time < until : time >= from || time < until;
    }
}
