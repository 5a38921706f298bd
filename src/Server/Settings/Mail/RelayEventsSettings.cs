using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class RelayEventsSection : SettingsSection
{
    internal static readonly Table<RelayEventsSection> Table = new("Events of a relay.");

    public RelayVendor Kind => Get(KindKey);

    private static readonly Key<RelayVendor> KindKey = new(Table, "kind", RelayVendors.Words, default,
        "Whose webhooks these are.")
    { Required = true, Example = "mailgun" };

    /// <summary>Null with a topic.</summary>
    public Secret? Secret => Find(SecretKey);

    private static readonly Key<Secret> SecretKey = new(Table, "secret", Types.Secret,
        "What proves them. brevo: the token that the webhook was created with (`auth`), or the password in its URL; mailgun: the HTTP "
            + "webhook "
        + "signing key.")
    { Example = "env:MAILGUN_SIGNING_KEY", DefaultText = "none" };

    public string? Topic => Find(TopicKey);

    private static readonly Key<string> TopicKey = new(Table, "topic", Types.Text,
        "ses: the ARN of the SNS topic that the events are published to. Its first message, a question, is answered by itself.")
    { Example = "arn:aws:sns:eu-central-1:123456789012:mail-events", DefaultText = "none" };
}

public sealed class RelaySuppressionsSection : SettingsSection
{
    internal static readonly Table<RelaySuppressionsSection> Table = new("A relay's list of blocked recipients.");

    public RelayVendor Kind => Get(KindKey);

    private static readonly Key<RelayVendor> KindKey = new(Table, "kind", RelayVendors.Words, default,
        "Whose API it is.")
    { Required = true, Example = "brevo" };

    public Secret? ApiKey => Find(ApiKeyKey);

    private static readonly Key<Secret> ApiKeyKey = new(Table, "key", Types.Secret,
        "brevo, mailgun: an API key; ses: an access key id that may use ses:ListSuppressedDestinations and "
            + "ses:DeleteSuppressedDestination.")
    { Required = true, Example = "env:BREVO_API_KEY" };

    public Secret? Secret => Find(SecretKey);

    private static readonly Key<Secret> SecretKey = new(Table, "secret", Types.Secret,
        "ses: the secret access key.")
    { Example = "env:AWS_SECRET_ACCESS_KEY", DefaultText = "none" };

    public string? Region => Find(RegionKey);

    private static readonly Key<string> RegionKey = new(Table, "region", Types.Word,
        "ses: the region.")
    { Example = "eu-central-1", DefaultText = "none" };

    public string? Domain => Find(DomainKey);

    private static readonly Key<string> DomainKey = new(Table, "domain", Types.Domain,
        "mailgun: the sending domain.")
    { Example = "example.org", DefaultText = "none" };

    public string? Address => Find(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Text,
        "Where the API is, without what follows the version.")
    { Example = "https://api.eu.mailgun.net/v3/", DefaultText = "the vendor's" };
}

/// <summary>The words of the settings for vendors.</summary>
internal static class RelayVendors
{
    public static WordType<RelayVendor> Words { get; } = Types.Words("vendor", ("brevo", RelayVendor.Brevo),
        ("mailgun", RelayVendor.Mailgun),
        ("ses", RelayVendor.Ses));
}

/// <summary>What the keys of this file must agree on.</summary>
internal static class RelayEventsChecks
{
    public static void Run(RelaySection relay, Problems problems)
    {
        if (relay.HasEvents) Events(relay.Events, problems);
        if (relay.HasSuppressions) Suppressions(relay.Suppressions, problems);
    }

    private static void Events(RelayEventsSection events, Problems problems)
    {
        if (events.Kind == RelayVendor.Ses)
        {
            if (events.Topic is not { } topic) SettingsChecks.Say(problems, events, "kind",
                "ses needs `topic`: anybody may send signed by SNS");
            else if (!topic.StartsWith("arn:aws", StringComparison.Ordinal) || topic.Split(':') is not { Length: 6 } parts
                || parts[2] != "sns")
                SettingsChecks.Say(problems, events, "topic",
                    "must be the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:NAME");
        }
        else if (events.Secret is null) SettingsChecks.Say(problems, events, "kind",
            "needs `secret`: without one anybody could say what became of mail");
    }

    private static void Suppressions(RelaySuppressionsSection list, Problems problems)
    {
        if (list.Kind == RelayVendor.Ses && (list.Secret is null || list.Region is null))
            SettingsChecks.Say(problems, list, "kind", "ses needs `secret` and `region`");
        if (list.Kind == RelayVendor.Mailgun && list.Domain is null)
            SettingsChecks.Say(problems, list, "kind", "mailgun needs `domain`: its lists are of a sending domain");
        // A key goes over TLS; a try on this machine may do without.
        if (list.Address is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out var at)
            && (at.Scheme == Uri.UriSchemeHttps || (at.Scheme == Uri.UriSchemeHttp && at.IsLoopback))))
            SettingsChecks.Say(problems, list, "address", "must be an address that begins with https://");
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class RelayEventsMapping
{
    public static IReadOnlyList<RelayHookOptions> Hooks(ServerSettings settings) =>
    [
        .. settings.Relays.Where(r => r.HasEvents).Select(r => new RelayHookOptions(
            r.Name, r.Events.Kind, r.Events.Secret?.Reveal() ?? "", r.Events.Topic ?? "")),
    ];

    public static IReadOnlyList<SuppressionOptions> Suppressions(ServerSettings settings) =>
        [.. settings.Relays.Where(r => r.HasSuppressions).Select(r => List(r.Name, r.Suppressions))];

    private static SuppressionOptions List(string relay, RelaySuppressionsSection list)
    {
        var address = list.Address ?? list.Kind switch
        {
            RelayVendor.Brevo => "https://api.brevo.com/v3/",
            RelayVendor.Mailgun => "https://api.mailgun.net/v3/",
            _ => $"https://email.{list.Region}.amazonaws.com/",
        };
        return new(relay, list.Kind, new(address.TrimEnd('/') + "/"), list.ApiKey?.Reveal() ?? "", list.Secret?.Reveal() ?? "",
            list.Region ?? "", list.Domain ?? "");
    }
}
