using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>
/// RFC 6376 §3.6.1: a public key as its owner published it, parsed once and used for many messages and threads at a time.
/// </summary>
internal sealed class DkimKeyRecord
{
    // The largest RSA key accepted (8192 bits) needs about 1500 characters.
    private const int LongestText = 4096;

    private RSA? _rsa;
    private Ed25519Key? _ed25519;
    private string[] _hashes = [];

    private DkimKeyRecord()
    {
    }

    /// <summary>Why no signature can be verified with it; empty for a usable key.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>The key is sound, but this machine cannot use it (no libcrypto): neutral, not an error of the sender.</summary>
    public bool Unsupported { get; private set; }

    /// <summary>k=</summary>
    public string KeyType { get; private set; } = "rsa";

    /// <summary>RSA modulus in bits; 256 for Ed25519.</summary>
    public int Bits { get; private set; }

    /// <summary>t=y: the domain is testing DKIM.</summary>
    public bool IsTesting { get; private set; }

    /// <summary>t=s: the domain of i= must be d= itself.</summary>
    public bool IsStrict { get; private set; }

    public static DkimKeyRecord Parse(string text)
    {
        var record = new DkimKeyRecord();
        record.Problem = record.Read(text);
        return record;
    }

    /// <summary>RFC 6376 §3.6.1 h=: the hash algorithms the owner allows; all when absent.</summary>
    public bool Allows(HashAlgorithmName hash) =>
        _hashes.Length == 0 || _hashes.Contains(hash.Name!.ToLowerInvariant(), StringComparer.Ordinal);

    /// <summary>True when <paramref name="signature"/> was made over <paramref name="hash"/> with the private half.</summary>
    public bool Verify(ReadOnlySpan<byte> hash, HashAlgorithmName algorithm, ReadOnlySpan<byte> signature)
    {
        // RFC 8463 §3: PureEdDSA over the SHA-256 hash.
        if (_ed25519 is not null) return _ed25519.Verify(hash, signature);
        try
        {
            return _rsa is not null && _rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private string Read(string text)
    {
        if (text.Length > LongestText) return $"the key record is longer than {LongestText} characters";
        if (!DkimTagList.TryParse(Encoding.Latin1.GetBytes(text), lenient: true, out var tags, out var problem))
            return "the key record has " + problem;
        if (tags.Has("v") && tags.Text("v") != "DKIM1") return "the key record is of another version";
        if (tags.Has("h")) _hashes = List(tags.Text("h"));
        if (tags.Has("s") && !List(tags.Text("s")).Any(s => s is "*" or "email")) return "the key is not for mail (s=)";
        var flags = List(tags.Text("t"));
        IsTesting = flags.Contains("y");
        IsStrict = flags.Contains("s");
        if (tags.Has("k")) KeyType = tags.Text("k");
        if (!tags.TryGet("p", out var key)) return "the key record has no p=";
        if (key.IsEmpty) return "the key was revoked";
        if (DkimTagList.DecodeBase64(key) is not { } octets) return "p= is no base64";
        return KeyType switch
        {
            "rsa" => ReadRsa(octets),
            "ed25519" => ReadEd25519(octets),
            _ => "k= is not known",
        };
    }

    private string ReadRsa(byte[] octets)
    {
#pragma warning disable CA2000 // kept as _rsa, or disposed below
        var rsa = RSA.Create();
#pragma warning restore CA2000
        try
        {
            // RFC 6376 errata 3017: SubjectPublicKeyInfo in the wild, a bare RSAPublicKey by the letter.
            if (IsPublicKeyInfo(octets)) rsa.ImportSubjectPublicKeyInfo(octets, out _);
            else rsa.ImportRSAPublicKey(octets, out _);
            Bits = rsa.KeySize;
            if (Bits > DkimOptions.MaximumRsaBits) return $"an RSA key of {Bits} bits, more than {DkimOptions.MaximumRsaBits}";
            // A public exponent of thousands of bits is a way to make us compute.
            if (rsa.ExportParameters(false).Exponent!.Length > 8) return "an RSA key with a huge exponent";
            _rsa = rsa;
            return "";
        }
        catch (CryptographicException)
        {
            return "p= is no RSA key";
        }
        finally
        {
            if (_rsa is null) rsa.Dispose();
        }
    }

    private static bool IsPublicKeyInfo(byte[] octets)
    {
        try
        {
            return new AsnReader(octets, AsnEncodingRules.BER).ReadSequence().PeekTag() == Asn1Tag.Sequence;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private string ReadEd25519(byte[] octets)
    {
        Bits = 256;
        if (octets.Length != Ed25519Key.Length) return "p= is no Ed25519 key";
        if (!Ed25519.IsAvailable)
        {
            Unsupported = true;
            return Ed25519.Problem;
        }
        _ed25519 = Ed25519Key.FromPublic(octets);
        return _ed25519 is null ? "p= is no Ed25519 key" : "";
    }

    private static string[] List(string text) => [.. text.Split(':').Select(part => part.Trim().ToLowerInvariant())];
}
