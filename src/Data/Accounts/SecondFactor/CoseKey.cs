using System.Security.Cryptography;
using Aviso.Base;

namespace Aviso.Accounts;

/// <summary>A credential public key (RFC 9052 §7, RFC 9053) of the algorithms that we ask authenticators for: ES256, RS256 and
/// EdDSA.</summary>
internal sealed class CoseKey
{
    public const long Es256 = -7;
    public const long EdDsa = -8;
    public const long Rs256 = -257;

    /// <summary>Best first; RS256 is for Windows Hello on old machines.</summary>
    public static readonly IReadOnlyList<long> Algorithms = [EdDsa, Es256, Rs256];

    // Labels of RFC 9052 §7.1 and RFC 9053 §7: 1 kty, 3 alg, -1 crv or n, -2 x or e, -3 y.
    private long _algorithm;
    private long _type;
    private long _curve;
    private byte[] _first = [];
    private byte[] _second = [];
    private byte[] _third = [];

    private CoseKey()
    {
    }

    public long Algorithm => _algorithm;

    /// <summary>As it came.</summary>
    public byte[] Octets { get; private set; } = [];

    /// <summary>Reads one key at the beginning of <paramref name="octets"/>; null when it is none that we verify with.</summary>
    public static CoseKey? Read(ReadOnlySpan<byte> octets, out int length)
    {
        length = 0;
        var item = new CborItem(octets);
        if (!item.TryMap(out var pairs) || pairs > 16) return null;
        var key = new CoseKey();
        var seen = new HashSet<long>();
        for (; pairs > 0; pairs--)
        {
            if (!item.TryInteger(out var label) || !seen.Add(label) || !key.Take(label, ref item)) return null;
        }
        length = item.Position;
        key.Octets = octets[..length].ToArray();
        return key.IsWhole() ? key : null;
    }

    /// <summary>Is the signature over <paramref name="data"/> by this key?</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            switch (Algorithm)
            {
                case Es256:
                    using (var curve = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = _second, Y = _third } }))
                        return curve.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
                case Rs256:
                    using (var rsa = RSA.Create(new RSAParameters { Modulus = _first, Exponent = _second }))
                        return rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
                default:
                    using (var edwards = Ed25519.IsAvailable ? Ed25519Key.FromPublic(_second) : null)
                        return edwards?.Verify(data, signature) == true;
            }
        }
        catch (CryptographicException)
        {
            // Numbers that are no key.
            return false;
        }
    }

    private bool Take(long label, ref CborItem item)
    {
        switch (label)
        {
            case 1: return item.TryInteger(out _type);
            case 3: return item.TryInteger(out _algorithm);
            // EC and OKP: the curve; RSA: the modulus. kty comes first in canonical order.
            case -1 when _type == 3: return TakeBytes(ref item, out _first);
            case -1: return item.TryInteger(out _curve);
            case -2: return TakeBytes(ref item, out _second);
            case -3: return TakeBytes(ref item, out _third);
            default: return item.TrySkip();
        }
    }

    private static bool TakeBytes(ref CborItem item, out byte[] value)
    {
        var taken = item.TryBytes(out var octets);
        value = octets.ToArray();
        return taken;
    }

    // WebAuthn §5.8.5: ES256 with P-256, EdDSA with Ed25519.
    private bool IsWhole() => Algorithm switch
    {
        Es256 => _type == 2 && _curve == 1 && _second.Length == 32 && _third.Length == 32,
        EdDsa => _type == 1 && _curve == 6 && _second.Length == Ed25519Key.Length,
        Rs256 => _type == 3 && _first.Length is >= 256 and <= 1024 && _second.Length is > 0 and <= 8,
        _ => false,
    };
}
