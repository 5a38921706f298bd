using System.Formats.Asn1;
using System.Security.Cryptography;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>What a key signs with (RFC 8301 §3.1, RFC 8463 §3).</summary>
public enum DkimAlgorithm
{
    RsaSha256, Ed25519Sha256,
}

/// <summary>
/// A private signing key and the name its public half is published under. Immutable, may sign from many threads at a time.
/// </summary>
public sealed class DkimKey : IDisposable
{
    private const string Ed25519Oid = "1.3.101.112";

    private readonly RSA? _rsa;
    private readonly Ed25519Key? _ed25519;
    private readonly byte[] _seed = [];

    private DkimKey(string domain, string selector, RSA rsa)
    {
        (Domain, Selector) = Named(domain, selector);
        Algorithm = DkimAlgorithm.RsaSha256;
        _rsa = rsa;
    }

    private DkimKey(string domain, string selector, byte[] seed)
    {
        (Domain, Selector) = Named(domain, selector);
        Algorithm = DkimAlgorithm.Ed25519Sha256;
        _seed = seed;
        _ed25519 = Ed25519Key.FromSeed(seed) ?? throw new FormatException("not an Ed25519 private key");
    }

    /// <summary>d=, lower case, as A-labels.</summary>
    public string Domain { get; }

    /// <summary>s=, lower case.</summary>
    public string Selector { get; }

    public DkimAlgorithm Algorithm { get; }

    /// <summary>a=</summary>
    public string AlgorithmName => Algorithm == DkimAlgorithm.RsaSha256 ? "rsa-sha256" : "ed25519-sha256";

    /// <summary>The modulus of an RSA key; 256 for Ed25519.</summary>
    public int Bits => _rsa?.KeySize ?? 256;

    /// <summary>Where <see cref="DnsRecord"/> belongs.</summary>
    public string DnsName => $"{Selector}._domainkey.{Domain}";

    /// <summary>Ed25519 keys can be made and used on this machine.</summary>
    public static bool CanUseEd25519 => Ed25519.IsAvailable;

    /// <summary>A new key. RSA: 1024 to 4096 bits. Throws <see cref="CryptographicException"/> for Ed25519 without libcrypto.</summary>
    public static DkimKey Generate(string domain, string selector, DkimAlgorithm algorithm, int rsaBits = 2048)
    {
        if (algorithm == DkimAlgorithm.Ed25519Sha256) return new(domain, selector, RandomNumberGenerator.GetBytes(Ed25519Key.Length));
        ArgumentOutOfRangeException.ThrowIfLessThan(rsaBits, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rsaBits, 4096);
        var rsa = RSA.Create(rsaBits);
        // The key is made when it is first used; threads must not race for that.
        _ = rsa.ExportParameters(includePrivateParameters: false);
        return new(domain, selector, rsa);
    }

    /// <summary>
    /// Reads a private key: PEM (PKCS#8 for both algorithms, PKCS#1 for RSA), the base64 between the PEM lines alone, as
    /// OpenDKIM installations keep it, or the base64 of an Ed25519 seed (32 octets). Throws <see cref="FormatException"/>
    /// that says what is wrong, never with octets of the key.
    /// </summary>
    public static DkimKey Import(string domain, string selector, string text)
    {
        if (TryImport(domain, selector, text, out var key, out var problem)) return key;
        throw new FormatException(problem);
    }

    /// <summary>As <see cref="Import"/>; false with the reason.</summary>
    public static bool TryImport(
        string domain, string selector, string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DkimKey? key,
            out string problem)
    {
        key = null;
        problem = "";
        try
        {
            var octets = Decode(text, ref problem);
            if (problem.Length > 0) return false;
            key = octets.Length == Ed25519Key.Length ? new(domain, selector, octets) : FromDer(domain, selector, octets);
            if (key.Bits >= 1024 || key._rsa is null) return true;
            problem = $"an RSA key of {key.Bits} bits: nobody verifies fewer than 1024 (RFC 8301 section 3.2)";
            key.Dispose();
            key = null;
            return false;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or FormatException or ArgumentException)
        {
            problem = e is FormatException ? e.Message : "not an RSA or Ed25519 private key";
            return false;
        }
    }

    /// <summary>PKCS#8 in PEM, which <see cref="Import"/> and OpenSSL read.</summary>
    public string ExportPem()
    {
        if (_rsa is not null) return _rsa.ExportPkcs8PrivateKeyPem() + "\n";
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence()) writer.WriteObjectIdentifier(Ed25519Oid);
            // RFC 8410 §7: CurvePrivateKey ::= OCTET STRING, within the OCTET STRING of PKCS#8.
            using (writer.PushOctetString()) writer.WriteOctetString(_seed);
        }
        return PemEncoding.WriteString("PRIVATE KEY", writer.Encode()) + "\n";
    }

    /// <summary>RFC 6376 §3.6.1: the text of the TXT record, in one piece.</summary>
    public string DnsRecord() => _rsa is not null
        ? "v=DKIM1; k=rsa; p=" + Convert.ToBase64String(_rsa.ExportSubjectPublicKeyInfo())
        : "v=DKIM1; k=ed25519; p=" + Convert.ToBase64String(_ed25519!.PublicKey());

    /// <summary>The record as character-strings of at most 255 octets (RFC 1035 §3.3.14).</summary>
    public IReadOnlyList<string> DnsStrings() => [.. DnsRecord().Chunk(255).Select(part => new string(part))];

    /// <summary>The record as a line of a zone file.</summary>
    public string ZoneLine() => $"{DnsName}. IN TXT ( {string.Join(' ', DnsStrings().Select(part => $"\"{part}\""))} )";

    public void Dispose()
    {
        _rsa?.Dispose();
        _ed25519?.Dispose();
    }

    /// <summary>The signature over a SHA-256 hash.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> hash) => _rsa is not null
        ? _rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : _ed25519!.Sign(hash);

    private static (string Domain, string Selector) Named(string domain, string selector) =>
        (DkimSignature.AsciiDomain(domain) ?? throw new FormatException($"{domain} is no domain"),
         DkimSignature.AsciiDomain(selector) ?? throw new FormatException($"{selector} is no selector"));

    private static byte[] Decode(string text, ref string problem)
    {
        if (PemEncoding.TryFind(text, out var pem))
        {
            var label = text[pem.Label];
            if (label.Contains("PUBLIC", StringComparison.Ordinal)) problem = "this is a public key; the private one is needed";
            else if (label.Contains("ENCRYPTED", StringComparison.Ordinal)
                || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
                problem = "this key is encrypted with a password; store it decrypted";
            else if (!label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)) problem = $"this is a {label}, not a private key";
            return Convert.FromBase64String(text[pem.Base64Data]);
        }
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            problem = "the PEM text is damaged (its lines may have been joined or cut)";
            return [];
        }
        var compact = new string([.. text.Where(c => !char.IsWhiteSpace(c))]);
        try
        {
            return Convert.FromBase64String(compact);
        }
        catch (FormatException)
        {
            problem = "neither PEM nor base64";
            return [];
        }
    }

    // PKCS#8: version, AlgorithmIdentifier, OCTET STRING. PKCS#1: version, modulus, ...
    private static DkimKey FromDer(string domain, string selector, byte[] octets)
    {
        var sequence = new AsnReader(octets, AsnEncodingRules.BER).ReadSequence();
        sequence.ReadInteger();
        if (sequence.PeekTag() == Asn1Tag.Sequence && sequence.ReadSequence().ReadObjectIdentifier() == Ed25519Oid)
            return new(domain, selector, new AsnReader(sequence.ReadOctetString(), AsnEncodingRules.BER).ReadOctetString());
        var rsa = RSA.Create();
        try
        {
            if (new AsnReader(octets, AsnEncodingRules.BER).ReadSequence() is var again && IsPkcs1(again)) rsa.ImportRSAPrivateKey(
                octets, out _);
            else rsa.ImportPkcs8PrivateKey(octets, out _);
            return new(domain, selector, rsa);
        }
        catch
        {
            rsa.Dispose();
            throw;
        }
    }

    private static bool IsPkcs1(AsnReader sequence)
    {
        sequence.ReadInteger();
        return sequence.PeekTag() == Asn1Tag.Integer;
    }
}
