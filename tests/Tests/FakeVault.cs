using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Tests;

/// <summary>
/// A small Vault on loopback. It is no Vault: it follows the documented HTTP contract of those calls that we make
/// (developer.hashicorp.com/vault/api-docs: secret/kv v1 and v2, auth/approle, auth/kubernetes, auth/token, the answers 400, 403, 404 and
/// 503 and their `errors`), and what is not documented is not here. sys/internal/ui/mounts answers in the shape that Vault's own command
/// line relies on. Real Vault stays the judge; none could be had where these tests run.
/// </summary>
internal sealed class FakeVault : IAsyncDisposable
{
    public const string RootToken = "hvs.root-of-the-fake";
    public const string RoleId = "role-4711";
    public const string SecretId = "secret-id-4711";
    public const string Jwt = "eyJ.service-account.sig";

    private readonly TcpListener _listener;
    private readonly X509Certificate2? _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, List<JsonObject?>> _secrets = [];
    private readonly ConcurrentDictionary<string, Given> _tokens = [];
    private readonly ConcurrentQueue<string> _requests = [];
    private readonly Task _serving;
    private int _made;

    /// <param name="certificate">With its key; null for plain HTTP.</param>
    /// <param name="port">0: any that is free.</param>
    public FakeVault(X509Certificate2? certificate = null, int port = 0)
    {
        _certificate = certificate;
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _tokens[RootToken] = new(0, false);
        _serving = ServeAsync();
    }

    /// <summary>Known also after the end, for another one at the same place.</summary>
    public int Port { get; }

    public string Address => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}";

    /// <summary>"METHOD path" of every request, in order.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    /// <summary>Every request must carry this namespace; null for none.</summary>
    public string? Namespace { get; set; }

    public bool Sealed { get; set; }

    /// <summary>Answered instead of anything else.</summary>
    public (int Status, string Body, string Header)? Instead { get; set; }

    /// <summary>Answers begin after this time.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>Paths below /v1/ that no policy allows.</summary>
    public ConcurrentDictionary<string, bool> Denied { get; } = [];

    /// <summary>Seconds that a login and a renewal grant.</summary>
    public long Lease { get; set; } = 3600;

    public bool Renewable { get; set; } = true;

    public int Logins { get; private set; }

    public int Renewals { get; private set; }

    /// <summary>Writes a new version of secret/PATH (KV version 2).</summary>
    public void Put(string path, params (string Field, JsonNode? Value)[] fields) => Versions("secret/" + path).Add(Object(fields));

    /// <summary>Writes kv/PATH (KV version 1).</summary>
    public void PutOne(string path, params (string Field, JsonNode? Value)[] fields) => _secrets["kv/" + path] = [Object(fields)];

    /// <summary>Deletes the last version of secret/PATH.</summary>
    public void Delete(string path) => Versions("secret/" + path)[^1] = null;

    /// <summary>Every token that a login gave is refused from now on.</summary>
    public void RevokeAll()
    {
        foreach (var token in _tokens.Keys.Where(t => t != RootToken)) _tokens.TryRemove(token, out _);
    }

    /// <summary>Takes a token of its own, such as one with an end.</summary>
    public void Accept(string token, long ttl, bool renewable) => _tokens[token] = new(ttl, renewable);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private sealed record Given(long Ttl, bool Renewable);

    private sealed record Asked(string Method, string Path, IReadOnlyDictionary<string, string> Headers, JsonObject? Body)
    {
        public string Header(string name) => Headers.GetValueOrDefault(name, "");
    }

    private List<JsonObject?> Versions(string path) => _secrets.GetOrAdd(path, _ => []);

    private static JsonObject Object((string Field, JsonNode? Value)[] fields) =>
        new(fields.Select(f => KeyValuePair.Create(f.Field, f.Value?.DeepClone())));

    private async Task ServeAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using var _ = client;
            await using Stream stream = _certificate is null ? client.GetStream() : new SslStream(client.GetStream());
            if (stream is SslStream tls) await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            if (await ReadAsync(stream) is not { } asked) return;
            _requests.Enqueue($"{asked.Method} {asked.Path}");
            if (Pause > TimeSpan.Zero) await Task.Delay(Pause, _stop.Token);
            var (status, body, header) = Instead ?? Answer(asked);
            var octets = Encoding.UTF8.GetBytes(body);
            var head = $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {octets.Length}\r\nConnection: close\r\n{header}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
            await stream.WriteAsync(octets, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or AuthenticationException)
        {
            // The client went away, did not trust us, or the test is over.
        }
    }

    private async Task<Asked?> ReadAsync(Stream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) return null;
            text.Append((char)one[0]);
        }
        var lines = text.ToString().Split("\r\n");
        var headers = lines[1..].Where(l => l.Contains(':', StringComparison.Ordinal))
            .ToDictionary(l => l[..l.IndexOf(':', StringComparison.Ordinal)], l =>
                l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim(), StringComparer.OrdinalIgnoreCase);
        var body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        var first = lines[0].Split(' ');
        return new(first[0], Uri.UnescapeDataString(first[1])["/v1/".Length..], headers, body.Length == 0
            ? null : JsonNode.Parse(body) as JsonObject);
    }

    private (int Status, string Body, string Header) Answer(Asked asked)
    {
        if (Sealed) return Errors(503, "Vault is sealed");
        if (asked.Header("X-Vault-Request") != "true") return Errors(412, "missing X-Vault-Request");
        // A token of one namespace is not known in another.
        if (asked.Header("X-Vault-Namespace") != (Namespace ?? "")) return Errors(403, "permission denied");
        if (asked is { Method: "POST", Path: "auth/approle/login" or "auth/mail/login" }) return AppRole(asked);
        if (asked is { Method: "POST", Path: "auth/kubernetes/login" }) return Kubernetes(asked);
        if (asked.Path.EndsWith("/login", StringComparison.Ordinal)) return Errors(404, "no handler for route \"" + asked.Path + "\"");
        if (!_tokens.TryGetValue(asked.Header("X-Vault-Token"), out var token)) return Errors(403, "permission denied");
        if (Denied.ContainsKey(asked.Path)) return Errors(403, "1 error occurred:\n\t* permission denied\n\n");
        return asked switch
        {
            { Method: "GET", Path: "auth/token/lookup-self" } =>
                Ok(new JsonObject { ["data"] = new JsonObject { ["ttl"] = token.Ttl, ["renewable"] = token.Renewable } }),
            { Method: "POST", Path: "auth/token/renew-self" } => Renew(token),
            { Method: "GET", Path: var path } when path.StartsWith("sys/internal/ui/mounts/", StringComparison.Ordinal) =>
                Mount(path["sys/internal/ui/mounts/".Length..]),
            { Method: "GET", Path: var path } when path.StartsWith("secret/data/", StringComparison.Ordinal) =>
                Two(path["secret/data/".Length..]),
            { Method: "GET", Path: var path } when path.StartsWith("kv/", StringComparison.Ordinal) => One(path),
            _ => Errors(404),
        };
    }

    private (int, string, string) AppRole(Asked asked) =>
        asked.Body?["role_id"]?.ToString() == RoleId && asked.Body["secret_id"]?.ToString() == SecretId ? Login()
        : Errors(400, $"invalid role or secret ID {asked.Body?["secret_id"]}");

    private (int, string, string) Kubernetes(Asked asked) =>
        asked.Body?["role"]?.ToString() == "aviso" && asked.Body["jwt"]?.ToString() == Jwt ? Login()
        : Errors(403, "service account name not authorized");

    private (int, string, string) Login()
    {
        Logins++;
        var token = $"hvs.login-{Interlocked.Increment(ref _made)}";
        _tokens[token] = new(Lease, Renewable);
        return Ok(Auth(token));
    }

    private (int, string, string) Renew(Given token)
    {
        Renewals++;
        return token.Renewable ? Ok(Auth("the same")) : Errors(400, "lease is not renewable");
    }

    private JsonObject Auth(string token) => new()
    {
        ["auth"] = new JsonObject
        {
            ["client_token"] = token,
            ["lease_duration"] = Lease,
            ["renewable"] = Renewable,
            ["policies"] = new JsonArray("default", "aviso"),
        },
    };

    private static (int, string, string) Mount(string path) => path.Split('/')[0] switch
    {
        "secret" => Ok(Engine("secret/", "kv", new JsonObject { ["version"] = "2" })),
        "kv" => Ok(Engine("kv/", "kv", null)),
        "database" => Ok(Engine("database/", "database", null)),
        _ => Errors(403, $"preflight capability check returned 403, please ensure client's policies grant access to path \"{path}/\""),
    };

    private static JsonObject Engine(string path, string type, JsonObject? options) =>
        new() { ["data"] = new JsonObject { ["path"] = path, ["type"] = type, ["options"] = options } };

    private (int, string, string) Two(string path)
    {
        if (!_secrets.TryGetValue("secret/" + path, out var versions)) return Errors(404);
        var deleted = versions[^1] is null ? "2026-11-01T10:00:00.1Z" : "";
        var metadata = new JsonObject { ["version"] = versions.Count, ["destroyed"] = false, ["deletion_time"] = deleted };
        var body = new JsonObject { ["data"] = new JsonObject { ["data"] = versions[^1]?.DeepClone(), ["metadata"] = metadata } };
        return (versions[^1] is null ? 404 : 200, body.ToJsonString(), "");
    }

    private (int, string, string) One(string path)
    {
        if (!_secrets.TryGetValue(path, out var versions)) return Errors(404);
        var data = versions[^1]!.DeepClone();
        return Ok(new JsonObject { ["lease_id"] = "", ["lease_duration"] = 2764800, ["renewable"] = false, ["data"] = data });
    }

    private static (int, string, string) Ok(JsonObject body) => (200, body.ToJsonString(), "");

    private static (int, string, string) Errors(int status, params string[] texts) =>
        (status, new JsonObject { ["errors"] = new JsonArray([.. texts.Select(t => (JsonNode)t)]) }.ToJsonString(), "");
}
