using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Net;

namespace Aviso.Tests.Unit.Net.Acme;

/// <summary>
/// An authority in memory that follows RFC 8555 and RFC 9773 as far as a client can tell: every proof succeeds at once, unless it is told
/// to fail. What it was sent is checked: nonces are used once, signatures fit the account's key, URLs are those asked for.
/// </summary>
internal sealed class FakeAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly HashSet<string> _nonces = [];
    private readonly Dictionary<string, ECDsa> _accounts = [];
    private readonly Dictionary<int, (IReadOnlyList<string> Names, string? Chain)> _orders = [];
    private readonly TimeProvider _clock;
    private int _next;

    public FakeAuthority(string host, TimeProvider clock)
    {
        (Host, _clock) = (host, clock);
        var request = new CertificateRequest($"CN={host}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(clock.GetUtcNow().AddDays(-1), clock.GetUtcNow().AddYears(20));
    }

    public string Host { get; }

    public AcmeAuthority Authority => new(new Uri($"https://{Host}/dir"));

    public TimeSpan Life { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Answers orders with this problem: type and detail.</summary>
    public (string Type, string Detail, string? RetryAfter)? Refusal { get; set; }

    /// <summary>Answers proofs with this problem.</summary>
    public (string Type, string Detail)? ProofProblem { get; set; }

    public bool IsAway { get; set; }

    /// <summary>The suggested window; null: no such resource.</summary>
    public (DateTimeOffset Start, DateTimeOffset End)? Window { get; set; }

    public string? RetryAfterOfWindow { get; set; }

    /// <summary>Answers this many signed requests with badNonce.</summary>
    public int BadNonces { get; set; }

    public bool ForgetsAccounts { get; set; }

    public List<JsonObject> Orders { get; } = [];

    public int AccountsMade => _accounts.Count;

    public int WindowsAsked { get; private set; }

    public HttpMessageHandler Handler() => new Pipe(this);

    public void Dispose()
    {
        _key.Dispose();
        _root.Dispose();
    }

    private HttpResponseMessage Answer(HttpMethod method, Uri url, string body)
    {
        if (IsAway) throw new HttpRequestException("connection refused");
        var path = url.AbsolutePath;
        if (method == HttpMethod.Get && path == "/dir") return Json(Directory());
        if (method == HttpMethod.Head && path == "/nonce") return Json([]);
        if (method == HttpMethod.Get && path.StartsWith("/ari/", StringComparison.Ordinal)) return WindowAnswer(path[5..]);
        var (header, payload) = Open(body, url);
        if (header is null) return Problem("malformed", "the signature does not fit");
        if (!_nonces.Remove(header["nonce"]!.ToString()) || BadNonces-- > 0) return Problem("badNonce", "not one of ours");
        if (path == "/account") return Account(header);
        if (ForgetsAccounts) (ForgetsAccounts, _) = (false, Forget());
        if (!_accounts.ContainsKey(header["kid"]?.ToString() ?? "")) return Problem("accountDoesNotExist", "no such account");
        if (path == "/order") return NewOrder(payload!);
        var number = int.Parse(path[(path.LastIndexOf('/') + 1)..]);
        return path.Split('/')[1] switch
        {
            "authz" => Json(Authorization(number)),
            "chall" => Json(new() { ["status"] = "processing" }),
            "state" => Json(State(number)),
            "final" => Finish(number, payload!),
            _ => new(HttpStatusCode.OK) { Content = new StringContent(_orders[number].Chain!) },
        };
    }

    private bool Forget()
    {
        _accounts.Clear();
        return true;
    }

    private JsonObject Directory()
    {
        var directory = new JsonObject { ["newNonce"] = $"https://{Host}/nonce", ["newAccount"] = $"https://{Host}/account", ["newOrder"] = $"https://{Host}/order" };
        if (Window is not null) directory["renewalInfo"] = $"https://{Host}/ari";
        return directory;
    }

    private HttpResponseMessage WindowAnswer(string id)
    {
        WindowsAsked++;
        if (id.Split('.') is not [{ Length: > 10 }, { Length: > 5 }]) return Problem("malformed", id);
        var response = Json(new()
        {
            ["suggestedWindow"] = new JsonObject { ["start"] = $"{Window!.Value.Start:yyyy-MM-ddTHH:mm:ssZ}", ["end"] = $"{Window!.Value.End:yyyy-MM-ddTHH:mm:ssZ}" },
            ["explanationURL"] = "https://fake.example/why",
        });
        if (RetryAfterOfWindow is { } wait) response.Headers.TryAddWithoutValidation("Retry-After", wait);
        return response;
    }

    private HttpResponseMessage Account(JsonObject header)
    {
        var jwk = header["jwk"]!;
        var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new() { X = Base64Url.DecodeFromChars(jwk["x"]!.ToString()), Y = Base64Url.DecodeFromChars(jwk["y"]!.ToString()) },
        });
        var location =
            $"https://{Host}/account/{Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(jwk["x"]!.ToString())))[..8]}";
        _accounts[location] = key;
        var response = Json(new() { ["status"] = "valid" }, HttpStatusCode.Created);
        response.Headers.Location = new(location);
        return response;
    }

    private HttpResponseMessage NewOrder(JsonObject payload)
    {
        Orders.Add(payload);
        if (Refusal is { } no)
        {
            var refused = Problem(no.Type, no.Detail);
            if (no.RetryAfter is { } wait) refused.Headers.TryAddWithoutValidation("Retry-After", wait);
            return refused;
        }
        var number = ++_next;
        _orders[number] = ([.. payload["identifiers"]!.AsArray().Select(i => i!["value"]!.ToString())], null);
        var response = Json(State(number), HttpStatusCode.Created);
        response.Headers.Location = new($"https://{Host}/state/{number}");
        return response;
    }

    private JsonObject State(int number)
    {
        var state = new JsonObject
        {
            ["status"] = _orders[number].Chain is null ? "ready" : "valid",
            ["authorizations"] = new JsonArray($"https://{Host}/authz/{number}"),
            ["finalize"] = $"https://{Host}/final/{number}",
        };
        if (_orders[number].Chain is not null) state["certificate"] = $"https://{Host}/cert/{number}";
        return state;
    }

    private JsonObject Authorization(int number)
    {
        var challenge = new JsonObject { ["type"] = "http-01", ["url"] = $"https://{Host}/chall/{number}", ["token"] = $"token-{number}" };
        if (ProofProblem is { } no)
        {
            challenge["error"] = new JsonObject { ["type"] = "urn:ietf:params:acme:error:" + no.Type, ["detail"] = no.Detail };
        }
        // The first look finds it pending, as the proof has not been asked for.
        var seen = _seen.Add(number);
        return new()
        {
            ["status"] = seen ? "pending" : ProofProblem is null ? "valid" : "invalid",
            ["identifier"] = new JsonObject { ["type"] = "dns", ["value"] = _orders[number].Names[0] },
            ["challenges"] = new JsonArray(challenge),
        };
    }

    private readonly HashSet<int> _seen = [];

    private HttpResponseMessage Finish(int number, JsonObject payload)
    {
        var request = CertificateRequest.LoadSigningRequest(Base64Url.DecodeFromChars(payload["csr"]!.ToString()), HashAlgorithmName.SHA256,
            CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        using var leaf =
            request.Create(_root, _clock.GetUtcNow().AddSeconds(-1), _clock.GetUtcNow() + Life, RandomNumberGenerator.GetBytes(12));
        _orders[number] = _orders[number] with { Chain = leaf.ExportCertificatePem() + "\n" + _root.ExportCertificatePem() };
        return Json(State(number));
    }

    private (JsonObject? Header, JsonObject? Payload) Open(string body, Uri url)
    {
        var jws = JsonNode.Parse(body)!.AsObject();
        string Part(string name) => jws[name]!.ToString();
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(Part("protected")))!.AsObject();
        if (header["url"]!.ToString() != url.AbsoluteUri || header["alg"]!.ToString() != "ES256") return default;
        if (header["kid"] is { } kid && _accounts.TryGetValue(kid.ToString(), out var key)
            && !key.VerifyData(Encoding.ASCII.GetBytes($"{Part("protected")}.{Part("payload")}"),
                Base64Url.DecodeFromChars(Part("signature")), HashAlgorithmName.SHA256))
            return default;
        return (header, Part("payload").Length == 0 ? null : JsonNode.Parse(Base64Url.DecodeFromChars(Part("payload")))!.AsObject());
    }

    private static HttpResponseMessage Problem(string type, string detail) =>
        Json(new() { ["type"] = "urn:ietf:params:acme:error:" + type, ["detail"] = detail }, HttpStatusCode.Forbidden);

    private static HttpResponseMessage Json(JsonObject body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body.ToJsonString()) };

    private sealed class Pipe(FakeAuthority authority) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            var response = authority.Answer(request.Method, request.RequestUri!, body);
            var nonce = Guid.NewGuid().ToString("n");
            authority._nonces.Add(nonce);
            response.Headers.Add("Replay-Nonce", nonce);
            return response;
        }
    }
}

/// <summary>A shelf in memory.</summary>
internal sealed class FakeShelf : ICertificateShelf
{
    public Dictionary<(string Kind, string Name), byte[]> Values { get; } = [];

    public Task<IReadOnlyDictionary<string, byte[]>> ListAsync(string kind, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyDictionary<string,
            byte[]>>(Values.Where(v => v.Key.Kind == kind).ToDictionary(v => v.Key.Name, v => v.Value));

    /// <summary>Kinds that cannot be written; "*" for all.</summary>
    public HashSet<string> Full { get; } = [];

    public Task WriteAsync(string kind, string name, byte[] value, CancellationToken cancel)
    {
        if (Full.Contains(kind) || Full.Contains("*")) throw new IOException("no space left");
        Values[(kind, name)] = value;
        return Task.CompletedTask;
    }
}
