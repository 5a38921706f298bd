namespace Aviso.Settings;

/// <summary>Which kind of KV secrets engine is asked.</summary>
public enum KvVersion
{
    /// <summary>Vault says.</summary>
    Auto, One, Two,
}

public sealed class VaultSection : SettingsSection
{
    internal static readonly Table<VaultSection> Table = new("Where `vault:PATH#FIELD` references are read: a HashiCorp Vault or OpenBao server; see docs/secrets.md. "
        + "Give one way to log in: `token`, `role_id` with `secret_id` (AppRole), or `kubernetes_role`. No value here may be a `vault:` reference itself.");

    public const string ServiceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

    /// <summary>Scheme, host and port.</summary>
    public string Address => Get(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Text, "",
        "Scheme, host and port. Redirects are not followed: give the address that answers.")
    { Required = true, Example = "\"https://vault.example.org:8200\"", Then = v => v.TrimEnd('/') };

    public string? Namespace => Find(NamespaceKey);

    private static readonly Key<string> NamespaceKey = new(Table, "namespace", Types.Text,
        "The namespace that paths and logins are in.")
    { Example = "team/mail", DefaultText = "none" };

    /// <summary>PEM of the authorities to trust instead of the system's, or null.</summary>
    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Certificate authorities to trust for Vault instead of the system's, as PEM.")
    { Example = "file:/etc/aviso/vault-ca.crt", DefaultText = "the system's" };

    public Secret? Token => Find(TokenKey);

    private static readonly Key<Secret> TokenKey = new(Table, "token", Types.Secret,
        "A token. It is renewed while Vault allows it; with `file:` a token that an agent replaces is read again.")
    { Example = "file:/run/vault/token", DefaultText = "none" };

    public Secret? RoleId => Find(RoleIdKey);

    private static readonly Key<Secret> RoleIdKey = new(Table, "role_id", Types.Secret,
        "Log in as this AppRole.")
    { Example = "file:/etc/aviso/role-id", DefaultText = "none" };

    public Secret? SecretId => Find(SecretIdKey);

    private static readonly Key<Secret> SecretIdKey = new(Table, "secret_id", Types.Secret,
        "The AppRole's secret.")
    { Example = "file:/etc/aviso/secret-id", DefaultText = "none" };

    public string? KubernetesRole => Find(KubernetesRoleKey);

    private static readonly Key<string> KubernetesRoleKey = new(Table, "kubernetes_role", Types.Word,
        "Log in with the pod's service account as this role of Vault's Kubernetes auth method.")
    { Example = "aviso", DefaultText = "none" };

    /// <summary>Path of the service account's token, read again at every login.</summary>
    public string KubernetesToken => Get(KubernetesTokenKey);

    private static readonly Key<string> KubernetesTokenKey = new(Table, "kubernetes_token", Types.Path, ServiceAccountToken,
        "The file with the service account's token; read at every login.")
    { Example = "/var/run/secrets/vault/token" };

    /// <summary>Where the auth method is mounted; null for its usual place.</summary>
    public string? LoginMount => Find(LoginMountKey);

    private static readonly Key<string> LoginMountKey = new(Table, "login_mount", Types.Text,
        "Where the auth method is mounted, when not at its usual place.")
    { Example = "kubernetes-prod", DefaultText = "`approle` or `kubernetes`", Then = v => v.Trim('/') };

    public KvVersion Kv => Get(KvKey);

    private static readonly Key<KvVersion> KvKey = new(Table, "kv", Types.Words("version", ("auto", KvVersion.Auto), ("1", KvVersion.One), ("2", KvVersion.Two)), default,
        "The version of the KV secrets engine. auto: ask Vault. With 1 or 2 the mount is the first part of each path.")
    { Example = "\"2\"" };

    public TimeSpan Every => Get(EveryKey);

    private static readonly Key<TimeSpan> EveryKey = new(Table, "every", Types.Duration, TimeSpan.FromMinutes(1),
        "How often secrets are read again; SIGHUP does it at once.")
    { Example = "5m" };

    /// <summary>Of one request.</summary>
    public TimeSpan Timeout => Get(TimeoutKey);

    private static readonly Key<TimeSpan> TimeoutKey = new(Table, "timeout", Types.Duration, TimeSpan.FromSeconds(5),
        "How long one request may take, at most 60s.")
    { Example = "10s" };

    public TimeSpan StartPatience => Get(StartPatienceKey);

    private static readonly Key<TimeSpan> StartPatienceKey = new(Table, "start_patience", Types.Duration, TimeSpan.FromMinutes(2),
        "How long a start without kept values waits for a Vault that is away or sealed before it gives up.")
    { Example = "10m" };

    /// <summary>Null: nothing is kept over a restart.</summary>
    public Secret? CacheKey => Find(CacheKeyKey);

    private static readonly Key<Secret> CacheKeyKey = new(Table, "cache_key", Types.Secret,
        "At least 32 characters, such as from `openssl rand -base64 32`. With it the last values are kept encrypted in the data folder, "
        + "so that the server starts while Vault is away. Keep it outside the data folder and its backups.")
    { Example = "env:AVISO_CACHE_KEY", DefaultText = "none: nothing is kept over a restart" };
}

/// <summary>What the keys of `vault` must agree on.</summary>
internal static class VaultChecks
{
    public const int LeastKey = 32;

    public static void Run(VaultSection vault, Problems problems)
    {
        if (vault.Has("address") && vault.Address.Length > 0 && !IsAddress(vault.Address))
            Say("address", "must be a URL of scheme, host and port, such as https://vault.example.org:8200");
        var ways = new[] { "token", "role_id", "kubernetes_role" }.Where(vault.Has).ToList();
        if (ways.Count == 0) Say("address", "says no way to log in: give `token`, `role_id` with `secret_id`, or `kubernetes_role`");
        if (ways.Count > 1) Say(ways[1], $"contradicts `{ways[0]}`: choose one way to log in");
        if (vault.Has("secret_id") && !vault.Has("role_id")) Say("secret_id", "needs its `role_id`");
        if (vault.Timeout < TimeSpan.FromSeconds(1) || vault.Timeout > TimeSpan.FromMinutes(1)) Say("timeout", "must be from 1s to 60s");
        if (vault.Every < TimeSpan.FromSeconds(1) || vault.Every > TimeSpan.FromDays(1)) Say("every", "must be from 1s to 1d");
        if (vault.CacheKey is { } key && key.Reveal().Length < LeastKey)
            Say("cache_key", $"must have at least {LeastKey} characters: it is used as it is, not stretched. `openssl rand -base64 32` makes one");

        void Say(string key, string text) => SettingsChecks.Say(problems, vault, key, text);
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
        && uri.PathAndQuery is "/" or "" && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0;
}
