namespace Aviso.Settings;

public sealed class LoginsSection : SettingsSection
{
    public bool TwoStepNeedsAppPassword { get; private set; } = true;

    internal static readonly Table<LoginsSection> Table = new("How people log in.",
    [
        new Key<LoginsSection, bool>("two_step_needs_app_password", Types.Boolean, s => s.TwoStepNeedsAppPassword, (s, v) => s.TwoStepNeedsAppPassword = v,
            "Accounts with a second factor (`aviso account totp`) cannot use their password in mail programs, which cannot ask for the second factor: each program gets an "
            + "app password (`aviso app-password add`). With false the password alone is enough there.") { Example = "false" },
    ]);
}

public sealed class OAuthSection : SettingsSection
{
    public string Issuer { get; private set; } = "";

    public IReadOnlyList<string> Audience { get; private set; } = [];

    public IReadOnlyList<string> Scopes { get; private set; } = [];

    public string AccountClaim { get; private set; } = "email";

    public string? AccountDomain { get; private set; }

    public IntrospectionSection Introspection { get; private set; } = new();

    public TimeSpan ClockSkew { get; private set; } = TimeSpan.FromMinutes(1);

    public Secret? Ca { get; private set; }

    internal static readonly Table<OAuthSection> Table = new("Logging in with tokens of an OpenID provider.",
    [
        new Key<OAuthSection, string>("issuer", Types.Text, s => s.Issuer, (s, v) => s.Issuer = v,
            "The provider, exactly as its tokens and its discovery document name it. Over https; http only on this machine.")
            { Required = true, Example = "https://login.example.org/realms/mail" },
        new Key<OAuthSection, IReadOnlyList<string>>("audience", Types.ListOf(Types.Text), s => s.Audience, (s, v) => s.Audience = v,
            "A token must be for one of these: as the provider knows this server. Without it, a token for any other service of the provider would open the mail.")
            { Required = true, Example = "[aviso]" },
        new Key<OAuthSection, IReadOnlyList<string>>("scopes", Types.ListOf(Types.Text), s => s.Scopes, (s, v) => s.Scopes = v,
            "A token must have all of these.") { Example = "[mail]" },
        new Key<OAuthSection, string>("account_claim", Types.Text, s => s.AccountClaim, (s, v) => s.AccountClaim = v,
            "The claim that names the account: its address, or the part before the @ with `account_domain`.") { Example = "preferred_username" },
        new Key<OAuthSection, string>("account_domain", Types.Domain, s => s.AccountDomain, (s, v) => s.AccountDomain = v,
            "Put behind a claim that has no @.") { Example = "example.org", DefaultText = "none" },
        new Key<OAuthSection, IntrospectionSection>("introspection", new SectionType<IntrospectionSection>(IntrospectionSection.Table), s => s.Introspection,
            (s, v) => s.Introspection = v, "Ask the provider about every token (RFC 7662), for tokens that are not JWTs. Without it signatures are checked with the provider's keys.")
            { Example = "{ client_id: aviso, client_secret: env:OAUTH_SECRET }" },
        new Key<OAuthSection, TimeSpan>("clock_skew", Types.Duration, s => s.ClockSkew, (s, v) => s.ClockSkew = v,
            "How far the provider's clock may be from ours, at most 5 minutes.") { Example = "30s" },
        new Key<OAuthSection, Secret>("ca", Types.Certificate, s => s.Ca, (s, v) => s.Ca = v,
            "Trust these authorities for the provider, and no others.") { Example = "file:/etc/aviso/ca.crt", DefaultText = "those of the system" },
    ]);
}

public sealed class IntrospectionSection : SettingsSection
{
    public string ClientId { get; private set; } = "";

    public Secret ClientSecret { get; private set; } = new("", null);

    public string? Endpoint { get; private set; }

    internal static readonly Table<IntrospectionSection> Table = new("Asking the provider about tokens.",
    [
        new Key<IntrospectionSection, string>("client_id", Types.Text, s => s.ClientId, (s, v) => s.ClientId = v,
            "As which client we ask.") { Required = true, Example = "aviso" },
        new Key<IntrospectionSection, Secret>("client_secret", Types.Secret, s => s.ClientSecret, (s, v) => s.ClientSecret = v,
            "Its secret.") { Required = true, Example = "env:OAUTH_SECRET" },
        new Key<IntrospectionSection, string>("endpoint", Types.Text, s => s.Endpoint, (s, v) => s.Endpoint = v,
            "Where to ask.") { Example = "https://login.example.org/introspect", DefaultText = "as the discovery document says" },
    ]);
}
