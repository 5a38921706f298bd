using System.Text.Json.Nodes;

namespace Aviso.Secrets;

/// <summary>
/// The token we show to Vault: got by a login or given to us, renewed when half of its time is over, replaced by a new login when it
/// has ended or is refused. One login a round at most, so that refused secrets do not become a flood of logins.
/// </summary>
internal sealed class VaultToken(VaultOptions options, VaultHttp http, TimeProvider clock) : IDisposable
{
    private const int LargestServiceToken = 64 << 10;

    private readonly SemaphoreSlim _one = new(1);
    private string? _value;
    private bool _renewable;
    private DateTimeOffset? _ends;
    private TimeSpan _granted;
    private bool _mayLogin;
    private bool _known;

    /// <summary>When half of the token's time is over; null when it has no end.</summary>
    public DateTimeOffset? RenewAt => _ends is { } ends ? ends - (_granted / 2) : null;

    public void Dispose() => _one.Dispose();

    /// <summary>Begins a round: logs in or renews where that is due. Null when there is a token to show.</summary>
    public async Task<VaultProblem?> BeginAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            _mayLogin = true;
            if (options.Login is VaultLogin.Token given) return await BeginGivenAsync(given, cancel);
            if (_value is null || _ends <= clock.GetUtcNow()) return await LoginAsync(cancel);
            if (RenewAt > clock.GetUtcNow() || RenewAt is null) return null;
            if (_renewable && await RenewAsync(cancel) && RenewAt > clock.GetUtcNow()) return null;
            // Not renewable any more, or close to its longest life: a new one before it ends. Should that fail, the old one still holds.
            return await LoginAsync(cancel) is { } problem && _ends <= clock.GetUtcNow() ? problem : null;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Sends with the token; a refused one is replaced by a login and the request is sent once more.</summary>
    public async Task<VaultReply> SendAsync(string path, CancellationToken cancel)
    {
        var shown = _value;
        var reply = await http.SendAsync(HttpMethod.Get, path, null, shown, cancel);
        if (reply.Status != 403 || options.Login is VaultLogin.Token) return reply;
        await _one.WaitAsync(cancel);
        try
        {
            if (_value == shown && (!_mayLogin || await LoginAsync(cancel) is not null)) return reply;
        }
        finally
        {
            _one.Release();
        }
        return await http.SendAsync(HttpMethod.Get, path, null, _value, cancel);
    }

    /// <summary>False when Vault does not know the token: then no policy would help.</summary>
    public async Task<bool> IsKnownAsync(CancellationToken cancel) => (await LookUpAsync(cancel)).Status != 403;

    // A given token may be looked up by its owner (policy `default`); where it may not, it is used as long as it works.
    private async Task<VaultProblem?> BeginGivenAsync(VaultLogin.Token given, CancellationToken cancel)
    {
        _value = given.Value;
        if (!_known)
        {
            var reply = await LookUpAsync(cancel);
            if (reply.Problem is { } problem) return problem;
            _known = true;
            if (reply.Ok) Take(reply.Number("data", "ttl"), reply.Flag("data", "renewable"));
        }
        if (_renewable && RenewAt <= clock.GetUtcNow()) await RenewAsync(cancel);
        return null;
    }

    private Task<VaultReply> LookUpAsync(CancellationToken cancel) =>
        http.SendAsync(HttpMethod.Get, "auth/token/lookup-self", null, _value, cancel);

    private async Task<bool> RenewAsync(CancellationToken cancel)
    {
        var reply = await http.SendAsync(HttpMethod.Post, "auth/token/renew-self", [], _value, cancel);
        if (!reply.Ok) return false;
        Take(reply.Number("auth", "lease_duration"), reply.Flag("auth", "renewable"), _granted);
        return true;
    }

    private async Task<VaultProblem?> LoginAsync(CancellationToken cancel)
    {
        _mayLogin = false;
        var (mount, body, problem) = options.Login switch
        {
            VaultLogin.AppRole role => (role.Mount, WithSecret(new() { ["role_id"] = role.RoleId }, role.SecretId), null),
            VaultLogin.Kubernetes pod => await OfPodAsync(pod, cancel),
            _ => throw new InvalidOperationException("a given token needs no login"),
        };
        if (problem is not null) return problem;
        var reply = await http.SendAsync(HttpMethod.Post, $"auth/{mount}/login", body, null, cancel);
        if (reply.Problem is not null) return reply.Problem;
        if (reply.Text("auth", "client_token") is not { Length: > 0 } token) return Refused(mount, reply);
        _value = token;
        Take(reply.Number("auth", "lease_duration"), reply.Flag("auth", "renewable"));
        return null;
    }

    private static JsonObject WithSecret(JsonObject body, string? secret)
    {
        if (secret is not null) body["secret_id"] = secret;
        return body;
    }

    private static async Task<(string Mount, JsonObject? Body, VaultProblem? Problem)> OfPodAsync(
        VaultLogin.Kubernetes pod, CancellationToken cancel)
    {
        try
        {
            if (new FileInfo(pod.TokenFile) is { Exists: true, Length: > LargestServiceToken }) return Cannot("it is too large");
            var token = await File.ReadAllTextAsync(pod.TokenFile, cancel);
            return (pod.Mount, new() { ["role"] = pod.Role, ["jwt"] = token.Trim() }, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Cannot(e is FileNotFoundException or DirectoryNotFoundException ? "it is not there" : e.Message);
        }

        (string, JsonObject?, VaultProblem?) Cannot(string why) => (pod.Mount, null, new(VaultTrouble.Wrong,
            $"the service account's token {pod.TokenFile} cannot be read: {why}; mount one into the pod, or name its file in `vault.kubernetes_token`"));
    }

    private VaultProblem Refused(string mount, VaultReply reply) => new(VaultTrouble.Denied, reply.Status switch
    {
        404 => $"Vault at {options.Address} has no auth method at auth/{mount}: enable it, or name its place in `vault.login_mount` (or its `vault.namespace`)",
        200 => $"Vault at {options.Address} wants more than a login as {options.Login} (a second factor?)",
        _ => $"Vault at {options.Address} refuses the login as {options.Login} at auth/{mount} ({reply.Status}{(reply.Errors() is { Length: > 0 } why ? $", {why}" : "")}): "
            + (options.Login is VaultLogin.Kubernetes pod
                ? $"the role {pod.Role} must be bound to this pod's service account and namespace" : "give its role_id and a secret_id that is still good"),
    });

    /// <param name="seconds">0: no end.</param>
    /// <param name="first">What was granted at the login: a renewal that grants much less says that the token nears its longest
    /// life.</param>
    private void Take(long seconds, bool renewable, TimeSpan? first = null)
    {
        _renewable = renewable;
        _granted = first ?? TimeSpan.FromSeconds(seconds);
        _ends = seconds > 0 ? clock.GetUtcNow() + TimeSpan.FromSeconds(seconds) : null;
    }
}
