using System.Security.Cryptography;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>
/// The keys of certificates to come. Each is made and kept one certificate ahead, so that its TLSA record can stand in the DNS before it is
/// used (RFC 7671 §8.1). Where a name has TLSA records for the key in use and none yet for the next, renewal keeps the key: mail of those
/// who check DANE goes on arriving. Not thread-safe but for reading; the renewer does one thing at a time.
/// </summary>
internal sealed partial class NextKeys(ICertificateShelf shelf, IResolver resolver, ILogger log)
{
    private const string Kind = "certificate-next-key";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _next = new(StringComparer.Ordinal);

    public async Task LoadAsync(CancellationToken cancel)
    {
        var kept = await shelf.ListAsync(Kind, cancel);
        lock (_gate)
        {
            foreach (var (name, value) in kept)
                if (PublicKey(System.Text.Encoding.ASCII.GetString(value)) is not null) _next[name] =
                    System.Text.Encoding.ASCII.GetString(value);
        }
    }

    /// <summary>SubjectPublicKeyInfo of the next certificate's key; null while there is none.</summary>
    public byte[]? PublicKeyOf(string name)
    {
        lock (_gate) return _next.TryGetValue(name, out var pem) ? PublicKey(pem) : null;
    }

    /// <summary>Makes the next key where there is none. Returns it as PEM.</summary>
    public async Task<string> NextAsync(string name, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_next.TryGetValue(name, out var there)) return there;
        }
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = key.ExportPkcs8PrivateKeyPem();
        await shelf.WriteAsync(Kind, name, System.Text.Encoding.ASCII.GetBytes(pem), cancel);
        lock (_gate) _next[name] = pem;
        return pem;
    }

    /// <summary>The key for the certificate to order now, as PEM.</summary>
    /// <param name="old">The certificate it follows.</param>
    public async Task<string> ChooseAsync(WantedCertificate wanted, StoredCertificate? old, CancellationToken cancel)
    {
        var next = await NextAsync(wanted.Name, cancel);
        if (old is null || PublicKey(old.KeyPem) is not { } inUse) return next;
        var comes = PublicKey(next)!;
        foreach (var name in wanted.Names.Where(n => !n.StartsWith('*')))
        {
            var answer = await resolver.QueryAsync($"_25._tcp.{name}", DnsType.Tlsa, cancel);
            var records = answer.Of<TlsaRecord>().ToList();
            if (!answer.IsTemporary && (records.Exists(r => Names(r, comes)) || !records.Exists(r => Names(r, inUse)))) continue;
            log.KeptKey(wanted.Name, answer.IsTemporary
                ? $"the DNS does not say now which TLSA records {name} has" : $"the TLSA records of {name} do not name the next key");
            return old.KeyPem;
        }
        return next;
    }

    /// <summary>A certificate with this key has come: when it was the next, there is another next.</summary>
    public async Task UsedAsync(string name, string pem, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (!_next.TryGetValue(name, out var next) || next != pem) return;
            _next.Remove(name);
        }
        await NextAsync(name, cancel);
    }

    private static bool Names(TlsaRecord record, byte[] publicKey) => record is { Usage: 1 or 3, Selector: 1 } && record.Data.AsSpan().SequenceEqual(
        record.MatchingType switch { 1 => SHA256.HashData(publicKey), 2 => SHA512.HashData(publicKey), _ => publicKey });

    private static byte[]? PublicKey(string pem)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(pem);
            return key.ExportSubjectPublicKeyInfo();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
