using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Base;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>
/// A small OpenID provider on loopback, made after the documents (OpenID Connect Discovery 1.0, RFC 7517, RFC 7662), not after a product:
/// discovery, keys, introspection. It signs what a test asks for, right or wrong.
/// </summary>
internal sealed class FakeProvider : IDisposable
{
    public const string ClientId = "webmail", ClientSecret = "s ecret";

    private Dictionary<string, string>? _authorized;
    private string? _code;
    private DateTimeOffset _codeAt;

    private readonly HttpListener _listener = new();
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Ed25519Key? _edwards = Ed25519.IsAvailable ? Ed25519Key.FromSeed(RandomNumberGenerator.GetBytes(32)) : null;

    public FakeProvider()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Issuer = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/realms/mail";
        }
        Named = Issuer;
        _listener.Prefixes.Add(new Uri(Issuer).GetLeftPart(UriPartial.Authority) + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Issuer { get; }

    /// <summary>The issuer that the discovery document names.</summary>
    public string Named { get; set; }

    /// <summary>The kid of the RSA key; a new one is a rotation.</summary>
    public string KeyId { get; set; } = "r1";

    /// <summary>Answers 503 to everything.</summary>
    public bool IsAway { get; set; }

    /// <summary>Questions for keys so far.</summary>
    public int KeysAsked { get; private set; }

    public int IntrospectionsAsked { get; private set; }

    /// <summary>Keys of no use in the set, before the others.</summary>
    public int UselessKeys { get; set; }

    /// <summary>What introspection answers; null: {"active":false}.</summary>
    public JsonObject? Introspected { get; set; }

    /// <summary>Changes the ID token of the next sign-in.</summary>
    public Action<JsonObject>? ChangeIdToken { get; set; }

    /// <summary>The type that the ID token's header says; null: none.</summary>
    public string? IdTokenType { get; set; } = "JWT";

    /// <summary>It takes the client's secret in the form only.</summary>
    public bool PostsSecret { get; set; }

    /// <summary>Somebody signs in at the provider with a browser that was sent to <paramref name="location"/>; where the browser is sent
    /// back to.</summary>
    public string SignIn(string location, DateTimeOffset now)
    {
        var uri = new Uri(location);
        if (uri.AbsolutePath != "/realms/mail/authorize") throw new InvalidOperationException(location);
        _authorized = Form(uri.Query.TrimStart('?'));
        _code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _codeAt = now;
        var (state, issuer) = (Uri.EscapeDataString(_authorized["state"]), Uri.EscapeDataString(Issuer));
        return $"{_authorized["redirect_uri"]}?code={_code}&state={state}&iss={issuer}";
    }

    public static JsonObject Claims(string issuer, DateTimeOffset now, Action<JsonObject>? change = null)
    {
        var claims = new JsonObject
        {
            ["iss"] = issuer,
            ["aud"] = "aviso",
            ["sub"] = "f81d4fae",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(),
            ["scope"] = "openid mail",
            ["email"] = "alice@example.org",
            ["email_verified"] = true,
        };
        change?.Invoke(claims);
        return claims;
    }

    public string Token(
        DateTimeOffset now, Action<JsonObject>? change = null, string algorithm = "RS256", Action<JsonObject>? header = null)
    {
        var head = new JsonObject { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = algorithm[0] switch { 'E' when algorithm == "EdDSA" => "d1", 'E' => "e1", _ => KeyId } };
        header?.Invoke(head);
        return Sign(head.ToJsonString(), Claims(Issuer, now, change).ToJsonString(), algorithm);
    }

    public string Sign(string header, string claims, string algorithm)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        var octets = Encoding.ASCII.GetBytes(signed);
        byte[] signature = algorithm switch
        {
            "RS256" => _rsa.SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "RS512" => _rsa.SignData(octets, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
            "PS256" => _rsa.SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "ES256" => _curve.SignData(octets, HashAlgorithmName.SHA256),
            "EdDSA" => _edwards!.Sign(octets),
            // The classic: the public key taken for a shared secret (RFC 8725 §2.1).
            "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem()), octets),
            _ => [1],
        };
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public string Keys() => new JsonObject
    {
        ["keys"] = new JsonArray([.. Enumerable.Range(0, UselessKeys).Select(_ => (JsonNode)new JsonObject { ["kty"] = "oct" }),
            Key("RSA", KeyId, "RS256", ("n", _rsa.ExportParameters(false).Modulus!), ("e", _rsa.ExportParameters(false).Exponent!)),
            Key("RSA", "any", null, ("n", _rsa.ExportParameters(false).Modulus!), ("e", _rsa.ExportParameters(false).Exponent!)),
            Curve(),
            _edwards is null ? new JsonObject() : With(Key("OKP", "d1", null, ("x", _edwards.PublicKey())), "Ed25519"),
            new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" },
            With(Key("EC", "bad", null, ("x", new byte[32]), ("y", new byte[32])), "P-256")])
    }.ToJsonString();

    public void Dispose()
    {
        _listener.Close();
        _rsa.Dispose();
        _curve.Dispose();
        _edwards?.Dispose();
    }

    private JsonObject Curve()
    {
        var point = _curve.ExportParameters(false).Q;
        return With(Key("EC", "e1", "ES256", ("x", point.X!), ("y", point.Y!)), "P-256");
    }

    private static JsonObject Key(string type, string id, string? algorithm, params (string Name, byte[] Value)[] numbers)
    {
        var key = new JsonObject { ["kty"] = type, ["kid"] = id, ["use"] = "sig" };
        if (algorithm is not null) key["alg"] = algorithm;
        foreach (var (name, value) in numbers) key[name] = Base64Url.EncodeToString(value);
        return key;
    }

    private static JsonObject With(JsonObject key, string curve)
    {
        key["crv"] = curve;
        return key;
    }

    private JsonObject Discovery() => new()
    {
        ["issuer"] = Named,
        ["jwks_uri"] = $"{Issuer}/keys",
        ["introspection_endpoint"] = $"{Issuer}/introspect",
        ["authorization_endpoint"] = $"{Issuer}/authorize",
        ["token_endpoint"] = $"{Issuer}/token",
        ["token_endpoint_auth_methods_supported"] = new JsonArray(PostsSecret ? "client_secret_post" : "client_secret_basic"),
    };

    private static Dictionary<string, string> Form(string text) => text.Split('&').Select(pair => pair.Split('=', 2))
        .ToDictionary(p => WebUtility.UrlDecode(p[0]), p => WebUtility.UrlDecode(p.ElementAtOrDefault(1) ?? ""));

    // RFC 6749 §4.1.3, RFC 7636 §4.6: each thing that a client must say again is looked at.
    private (int Status, string Text) Redeem(string authorization, Dictionary<string, string> form)
    {
        var (asked, code) = (_authorized, _code);
        (_authorized, _code) = (null, null);
        var known = PostsSecret ? form.GetValueOrDefault("client_secret") == ClientSecret && form.GetValueOrDefault("client_id") == ClientId
            : authorization == "Basic " + Basic(ClientId, ClientSecret);
        if (!known) return (401, """{"error":"invalid_client"}""");
        var good = asked is not null && code is not null && form["grant_type"] == "authorization_code" && form["code"] == code
            && form["redirect_uri"] == asked["redirect_uri"] && asked["client_id"] == ClientId && asked["response_type"] == "code"
            && asked["code_challenge_method"] == "S256"
            && asked["code_challenge"] == Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"])));
        if (!good) return (400, """{"error":"invalid_grant"}""");
        var claims = Claims(Issuer, _codeAt, c =>
        {
            c["aud"] = ClientId;
            c["nonce"] = asked!["nonce"];
            c.Remove("scope");
            ChangeIdToken?.Invoke(c);
        });
        var head = new JsonObject { ["alg"] = "RS256", ["kid"] = KeyId };
        if (IdTokenType is { } type) head["typ"] = type;
        var token = Sign(head.ToJsonString(), claims.ToJsonString(), "RS256");
        return (200, new JsonObject { ["token_type"] = "Bearer", ["access_token"] = "x", ["id_token"] = token }.ToJsonString());
    }

    // RFC 6749 §2.3.1.
    private static string Basic(string id, string secret) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}"));

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var (status, text) = await AnswerAsync(context.Request);
                context.Response.StatusCode = status;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // Closed, or the client is gone.
            }
        }
    }

    private async Task<(int Status, string Text)> AnswerAsync(HttpListenerRequest request)
    {
        if (IsAway) return (503, "");
        switch (request.Url!.AbsolutePath)
        {
            case "/realms/mail/.well-known/openid-configuration":
                return (200, Discovery().ToJsonString());
            case "/realms/mail/keys":
                KeysAsked++;
                return (200, Keys());
            case "/realms/mail/token":
                using (var reader = new StreamReader(request.InputStream))
                    return Redeem(request.Headers["Authorization"] ?? "", Form(await reader.ReadToEndAsync()));
            case "/realms/mail/introspect":
                IntrospectionsAsked++;
                using (var reader = new StreamReader(request.InputStream))
                {
                    var good = request.Headers["Authorization"] == "Basic " + Convert.ToBase64String("aviso:s%20ecret"u8)
                        && (await reader.ReadToEndAsync()).StartsWith("token=opaque", StringComparison.Ordinal);
                    return good ? (200, (Introspected ?? new JsonObject { ["active"] = false }).ToJsonString()) : (401, "");
                }
            default:
                return (404, "");
        }
    }
}
