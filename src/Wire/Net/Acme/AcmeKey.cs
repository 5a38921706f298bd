using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>An account's key and the signed requests it makes: ES256 (RFC 7518 §3.4) in the flattened form (RFC 7515 §7.2.2).</summary>
internal sealed class AcmeKey : IDisposable
{
    private readonly ECDsa _key;

    private AcmeKey(ECDsa key)
    {
        _key = key;
        var point = key.ExportParameters(false).Q;
        // RFC 7638 §3.2: members in this order, no spaces; that is also a good JWK.
        Jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}""";
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Jwk)));
    }

    /// <summary>The public key as JSON.</summary>
    public string Jwk { get; }

    public string Thumbprint { get; }

    public static AcmeKey Make() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="CryptographicException">It is no such key.</exception>
    /// <exception cref="ArgumentException">It is no PEM.</exception>
    public static AcmeKey FromPem(string pem)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return new(key);
    }

    public string ExportPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>RFC 8555 §8.1.</summary>
    public string Authorize(string token) => $"{token}.{Thumbprint}";

    /// <summary>RFC 8555 §6.2. Without <paramref name="account"/> the key itself is shown, as newAccount wants.</summary>
    /// <param name="payload">JSON, or null for a POST-as-GET (§6.3).</param>
    public string Sign(string url, string nonce, string? account, string? payload)
    {
        var header = new JsonObject { ["alg"] = "ES256", ["nonce"] = nonce, ["url"] = url };
        if (account is null) header["jwk"] = JsonNode.Parse(Jwk);
        else header["kid"] = account;
        return Flattened(header, payload ?? "", input => _key.SignData(input, HashAlgorithmName.SHA256));
    }

    /// <summary>RFC 8555 §7.3.4: our key, signed with the authority's.</summary>
    public JsonNode Bind(AcmeBinding binding, string newAccount) => JsonNode.Parse(Flattened(
        new() { ["alg"] = "HS256", ["kid"] = binding.KeyId, ["url"] = newAccount }, Jwk, input => HMACSHA256.HashData(binding.Key, input)))!;

    public void Dispose() => _key.Dispose();

    private static string Flattened(JsonObject header, string payload, Func<byte[], byte[]> sign)
    {
        var head = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()));
        var body = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        var signature = Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes($"{head}.{body}")));
        return $$"""{"protected":"{{head}}","payload":"{{body}}","signature":"{{signature}}"}""";
    }
}
