using Aviso.Accounts;

namespace Aviso.Settings;

public sealed class OAuthSection : SettingsSection
{
    internal static readonly Table<OAuthSection> Table = new("Logging in with tokens of an OpenID provider.");

    public string Issuer => Get(IssuerKey);

    private static readonly Key<string> IssuerKey = new(Table, "issuer", Types.Text, "",
        "The provider, exactly as its tokens and its discovery document name it. Over https; http only on this machine.")
    { Required = true, Example = "https://login.example.org/realms/mail" };

    public IReadOnlyList<string> Audience => Get(AudienceKey);

    private static readonly Key<IReadOnlyList<string>> AudienceKey = new(Table, "audience", Types.ListOf(Types.Text), [],
        "A token must be for one of these: as the provider knows this server. Without it, a token for any other service of the provider would open the mail.")
    { Required = true, Example = "[aviso]" };

    public IReadOnlyList<string> Scopes => Get(ScopesKey);

    private static readonly Key<IReadOnlyList<string>> ScopesKey = new(Table, "scopes", Types.ListOf(Types.Text), [],
        "A token must have all of these.")
    { Example = "[mail]" };

    public string AccountClaim => Get(AccountClaimKey);

    private static readonly Key<string> AccountClaimKey = new(Table, "account_claim", Types.Text, "email",
        "The claim that names the account: its address, or the part before the @ with `account_domain`.")
    { Example = "preferred_username" };

    public string? AccountDomain => Find(AccountDomainKey);

    private static readonly Key<string> AccountDomainKey = new(Table, "account_domain", Types.Domain,
        "Put behind a claim that has no @.")
    { Example = "example.org", DefaultText = "none" };

    public IntrospectionSection Introspection => Get(IntrospectionKey);

    private static readonly Key<IntrospectionSection> IntrospectionKey = new(Table, "introspection", new SectionType<IntrospectionSection>(IntrospectionSection.Table), new(),
        "Ask the provider about every token (RFC 7662), for tokens that are not JWTs. Without it signatures are checked with the provider's keys.")
    { Example = "{ client_id: aviso, client_secret: env:OAUTH_SECRET }" };

    public OpenIdClientSection SignIn => Get(SignInKey);

    private static readonly Key<OpenIdClientSection> SignInKey =
        new(Table, "sign_in", new SectionType<OpenIdClientSection>(OpenIdClientSection.Table), new(),
        "Offer the provider on the sign-in page of the webmail (authorization code with PKCE). It must know "
        + "https://HOSTNAME/session/openid/return as an address to send browsers back to, and its ID token must have `account_claim`.")
        { Example = "{ client_id: aviso-webmail, client_secret: env:OPENID_SECRET, label: Example login }" };

    public TimeSpan ClockSkew => Get(ClockSkewKey);

    private static readonly Key<TimeSpan> ClockSkewKey = new(Table, "clock_skew", Types.Duration, TimeSpan.FromMinutes(1),
        "How far the provider's clock may be from ours, at most 5 minutes.")
    { Example = "30s" };

    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Trust these authorities for the provider, and no others.")
    { Example = "file:/etc/aviso/ca.crt", DefaultText = "those of the system" };
}

public sealed class IntrospectionSection : SettingsSection
{
    internal static readonly Table<IntrospectionSection> Table = new("Asking the provider about tokens.");

    public string ClientId => Get(ClientIdKey);

    private static readonly Key<string> ClientIdKey = new(Table, "client_id", Types.Text, "",
        "As which client we ask.")
    { Required = true, Example = "aviso" };

    public Secret ClientSecret => Get(ClientSecretKey);

    private static readonly Key<Secret> ClientSecretKey = new(Table, "client_secret", Types.Secret, new("", null),
        "Its secret.")
    { Required = true, Example = "env:OAUTH_SECRET" };

    public string? Endpoint => Find(EndpointKey);

    private static readonly Key<string> EndpointKey = new(Table, "endpoint", Types.Text,
        "Where to ask.")
    { Example = "https://login.example.org/introspect", DefaultText = "as the discovery document says" };
}

public sealed class OpenIdClientSection : SettingsSection
{
    internal static readonly Table<OpenIdClientSection> Table = new("Signing in to the webmail at the provider.");

    public string ClientId => Get(ClientIdKey);

    private static readonly Key<string> ClientIdKey = new(Table, "client_id", Types.Text, "",
        "As which client the provider knows the webmail.")
    { Required = true, Example = "aviso-webmail" };

    public Secret? ClientSecret => Find(ClientSecretKey);

    private static readonly Key<Secret> ClientSecretKey = new(Table, "client_secret", Types.Secret,
        "Its secret.")
    { Example = "env:OPENID_SECRET", DefaultText = "none: a public client" };

    public IReadOnlyList<string> Scopes => Get(ScopesKey);

    private static readonly Key<IReadOnlyList<string>> ScopesKey = new(Table, "scopes", Types.ListOf(Types.Text), ["openid", "email"],
        "What the provider is asked for; `openid` must be among them.")
    { Example = "[openid, email, profile]" };

    public string? Label => Find(LabelKey);

    private static readonly Key<string> LabelKey = new(Table, "label", Types.Text,
        "What the sign-in page calls the provider.")
    { Example = "Example login", DefaultText = "the host of `issuer`" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class OAuthChecks
{
    public static void ProviderIsReached(OAuthSection oauth, Problems problems)
    {
        if (oauth.Has("issuer") && !IsProviderUrl(oauth.Issuer)) SettingsChecks.Say(problems, oauth, "issuer", "must be an https URL without `?` and `#`, such as https://login.example.org/realms/mail");
        if (oauth.Has("audience") && oauth.Audience.Count == 0) SettingsChecks.Say(problems, oauth, "audience", "must name at least one audience: otherwise tokens for other services would open the mail");
        if (oauth.ClockSkew > TimeSpan.FromMinutes(5)) SettingsChecks.Say(problems, oauth, "clock_skew", "must be at most 5m");
        if (oauth.Has("sign_in") && !oauth.SignIn.Scopes.Contains("openid", StringComparer.Ordinal))
            SettingsChecks.Say(problems, oauth.SignIn, "scopes",
                "must have openid among them: without it the provider does not say who signed in");
        if (oauth.Introspection.Endpoint is { } endpoint && !IsProviderUrl(endpoint)) SettingsChecks.Say(problems, oauth.Introspection, "endpoint", "must be an https URL");
    }

    // In the clear only on this machine: the keys that come this way decide who is let in.
    private static bool IsProviderUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Query.Length + uri.Fragment.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class OAuthMapping
{
    /// <summary>Null: nobody logs in by token.</summary>
    public static TokenOptions? Tokens(ServerSettings settings) => !settings.HasOAuth ? null : new()
    {
        Issuer = settings.OAuth.Issuer,
        Audiences = settings.OAuth.Audience,
        Scopes = settings.OAuth.Scopes,
        AccountClaim = settings.OAuth.AccountClaim,
        AccountDomain = settings.OAuth.AccountDomain,
        Introspection = settings.OAuth.Has("introspection")
            ? new(settings.OAuth.Introspection.ClientId, settings.OAuth.Introspection.ClientSecret.Reveal(), settings.OAuth.Introspection.Endpoint) : null,
        SignIn = settings.OAuth.Has("sign_in") ? SignIn(settings.OAuth) : null,
        Skew = settings.OAuth.ClockSkew,
        Verify = settings.OAuth.Ca is { } ca ? Net.Authorities.TrustOnly(Net.Authorities.Read(ca.Reveal())) : null,
    };

    private static OpenIdClient SignIn(OAuthSection oauth) => new(
        oauth.SignIn.ClientId, oauth.SignIn.ClientSecret?.Reveal(), oauth.SignIn.Scopes, oauth.SignIn.Label ?? new Uri(oauth.Issuer).Host);
}
