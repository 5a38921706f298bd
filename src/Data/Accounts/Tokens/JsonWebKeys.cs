using System.Security.Cryptography;
using System.Text.Json;
using Aviso.Base;

namespace Aviso.Accounts;

/// <summary>
/// The public keys of a provider (RFC 7517). What is not a key for signatures that we verify is skipped. A key says which algorithms it is
/// for by its type and curve, so a token's header cannot choose how a key is used.
/// </summary>
internal sealed class JsonWebKeys : IDisposable
{
    private const int MostKeys = 100;
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 8192;

    private readonly List<Key> _keys = [];

    public int Count => _keys.Count;

    public static JsonWebKeys None() => new();

    /// <summary>Null when it is no key set with a key for us.</summary>
    /// <param name="problem">What is wrong with it then: "is no key set".</param>
    public static JsonWebKeys? Parse(ReadOnlySpan<byte> octets, out string problem)
    {
        problem = "is no key set";
#pragma warning disable CA2000 // given to who asked, or disposed below
        var all = new JsonWebKeys();
#pragma warning restore CA2000
        try
        {
            using var document = JsonDocument.Parse(octets.ToArray(), new() { MaxDepth = 16 });
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("keys", out var keys)
                && keys.ValueKind == JsonValueKind.Array)
            {
                problem = all.Take(keys);
                if (all.Count > 0) return all;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No key set: below.
        }
        all.Dispose();
        return null;
    }

    private string Take(JsonElement keys)
    {
        // Which of them sign nobody knows: with some of them some logins would fail, and nothing would say why.
        if (keys.GetArrayLength() > MostKeys) return $"holds more than {MostKeys} keys";
        _keys.AddRange(keys.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.Object).Select(Read).OfType<Key>());
        return "holds no key that we can use";
    }

    /// <summary>Is there a key that this token could have been signed with? When not, the provider may have new ones.</summary>
    public bool HasFor(JsonWebToken token) => _keys.Any(k => k.Fits(token));

    public bool Verify(JsonWebToken token) => _keys.Any(k => k.Fits(token) && k.Verify(token));

    public void Dispose() => _keys.ForEach(k => k.Dispose());

    private static Key? Read(JsonElement key)
    {
        if (Text(key, "use") is not ("" or "sig")) return null;
        var (id, only) = (Text(key, "kid"), Text(key, "alg"));
        try
        {
            return Text(key, "kty") switch
            {
                "RSA" => Rsa(key, id, only),
                "EC" => Curve(key, id, only),
                "OKP" when Text(key, "crv") == "Ed25519" && Ed25519.IsAvailable && Octets(key, "x") is { Length: Ed25519Key.Length } x
                    && Ed25519Key.FromPublic(x) is { } edwards => new EdwardsKey(edwards, id, only),
                _ => null,
            };
        }
        catch (CryptographicException)
        {
            // Numbers that are no key, or a point that is not on its curve.
            return null;
        }
    }

    private static RsaKey? Rsa(JsonElement key, string id, string only)
    {
        if (Octets(key, "n") is not { } n || Octets(key, "e") is not { Length: > 0 and <= 8 } e) return null;
        if (n.Length * 8 is < LeastRsaBits or > MostRsaBits) return null;
#pragma warning disable CA2000 // the key holds it
        return new(RSA.Create(new RSAParameters { Modulus = n, Exponent = e }), id, only);
#pragma warning restore CA2000
    }

    private static CurveKey? Curve(JsonElement key, string id, string only)
    {
        var (curve, algorithm, length) = Text(key, "crv") switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, "ES256", 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, "ES384", 48),
            _ => (default, "", 0),
        };
        if (length == 0 || Octets(key, "x") is not { } x || Octets(key, "y") is not { } y || x.Length != length || y.Length != length) return null;
#pragma warning disable CA2000 // the key holds it
        return new(ECDsa.Create(new ECParameters { Curve = curve, Q = new() { X = x, Y = y } }), algorithm, id, only);
#pragma warning restore CA2000
    }

    private static string Text(JsonElement key, string name) =>
        key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static byte[]? Octets(JsonElement key, string name) => JsonWebToken.TryDecode(Text(key, name));

    private abstract class Key(string id, string only) : IDisposable
    {
        public bool Fits(JsonWebToken token) => (token.KeyId.Length == 0 || token.KeyId == id)
            && (only.Length == 0 || only == token.Algorithm) && IsFor(token.Algorithm);

        protected abstract bool IsFor(string algorithm);

        public abstract bool Verify(JsonWebToken token);

        public abstract void Dispose();

        protected static HashAlgorithmName HashOf(string algorithm) => algorithm[2..] switch
        {
            "384" => HashAlgorithmName.SHA384,
            "512" => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
    }

    private sealed class RsaKey(RSA key, string id, string only) : Key(id, only)
    {
        private readonly RSA _key = key;

        protected override bool IsFor(string algorithm) => algorithm[..2] is "RS" or "PS";

        public override bool Verify(JsonWebToken token) => _key.VerifyData(token.Signed, token.Signature, HashOf(token.Algorithm),
            token.Algorithm.StartsWith('P') ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);

        public override void Dispose() => _key.Dispose();
    }

    private sealed class CurveKey(ECDsa key, string algorithm, string id, string only) : Key(id, only)
    {
        private readonly ECDsa _key = key;

        protected override bool IsFor(string wanted) => wanted == algorithm;

        // RFC 7518 §3.4: R and S in octets of fixed length, which is the form of IEEE P1363.
        public override bool Verify(JsonWebToken token) =>
            _key.VerifyData(token.Signed, token.Signature, HashOf(token.Algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        public override void Dispose() => _key.Dispose();
    }

    private sealed class EdwardsKey(Ed25519Key key, string id, string only) : Key(id, only)
    {
        protected override bool IsFor(string algorithm) => algorithm == "EdDSA";

        public override bool Verify(JsonWebToken token) => key.Verify(token.Signed, token.Signature);

        public override void Dispose() => key.Dispose();
    }
}
