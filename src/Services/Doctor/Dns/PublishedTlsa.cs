using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>
/// TLSA records for our mail host: 3 1 1 of the key in use, and of the key the next certificate will have, so that both stand in the DNS
/// before one follows the other (RFC 7671 §8.1, §5.1: the public key, not the certificate, so that renewal with a kept key changes
/// nothing).
/// </summary>
public static class PublishedTlsa
{
    /// <param name="current">The certificate shown to those who ask for <paramref name="hostname"/>.</param>
    /// <param name="next">SubjectPublicKeyInfo of the next certificate; null when nobody knows it (certificates from files).</param>
    public static async Task<IReadOnlyList<WantedRecord>> RecordsAsync(
        string hostname, X509Certificate2 current, byte[]? next, IResolver resolver, CancellationToken cancel)
    {
        var name = $"_25._tcp.{hostname}";
        var answer = await resolver.QueryAsync(name, DnsType.Tlsa, cancel);
        var found = answer.Of<TlsaRecord>().ToList();
        var inUse = current.PublicKey.ExportSubjectPublicKeyInfo();
        var rows = new List<WantedRecord> { Row(name, "TLSA (key in use)", inUse, answer, found, inUse: true) };
        if (next is not null && !next.AsSpan().SequenceEqual(inUse)) rows.Add(
            Row(name, "TLSA (next key)", next, answer, found, inUse: false));
        rows.AddRange(found.Where(r => !IsOf(r, inUse, current) && (next is null || !IsOf(r, next, null)))
            .Select(r => new WantedRecord(name, "TLSA", Text(r), "differs", Stray(r, found.Exists(o => IsOf(o, inUse, current))))));
        if (found.Count > 0 && !answer.Authenticated)
            rows.Add(new(name, "DNSSEC", "", "missing",
                "the answer is not signed, or this server's resolver does not say so (AD): without DNSSEC nobody looks at TLSA records"));
        if (next is null)
            rows.Add(new(
                name, "TLSA (next key)", "", "unknown",
                "the certificate is from a file: renew it with the same key (certbot: --reuse-key), or publish the next key's record two TTLs before its certificate is put in place"));
        return rows;
    }

    /// <summary>RFC 6698 §2.1: does the record name this key.</summary>
    public static bool IsOf(TlsaRecord record, ReadOnlySpan<byte> publicKey, X509Certificate2? certificate)
    {
        if (record.Usage != 3 || (record.Selector == 0 && certificate is null)) return false;
        var data = record.Selector == 0 ? certificate!.RawData : publicKey;
        return record.Data.AsSpan().SequenceEqual(record.MatchingType switch { 1 => SHA256.HashData(data), 2 => SHA512.HashData(data), _ => data });
    }

    private static WantedRecord Row(string name, string type, byte[] key, DnsAnswer answer, List<TlsaRecord> found, bool inUse)
    {
        var wanted = $"3 1 1 {Convert.ToHexStringLower(SHA256.HashData(key))}";
        if (answer.IsTemporary) return new(name, type, wanted, "unknown", "the DNS does not answer now");
        if (found.Exists(r => IsOf(r, key, null))) return new(name, type, wanted, "published", "");
        // RFC 7671 §8.1: nothing is in use before it has been in the DNS for longer than caches keep the set without it.
        return new(name, type, wanted, "missing", (found.Count, inUse) switch
        {
            (0, _) => "publish it, in a zone signed with DNSSEC, to use DANE",
            (_, true) => "the DNS names other keys only: those who check DANE send us no mail now; publish it at once",
            _ => "publish it beside the other; until it is there, renewals keep the present key",
        }, Urgent: inUse && found.Count > 0);
    }

    private static string Stray(TlsaRecord record, bool hasCurrent) => record switch
    {
        { Usage: 2 } => "names an authority: it must be in the chain we send, today and after every renewal; 3 1 1 lasts longer",
        { Usage: 0 or 1 } => "this usage cannot be used for SMTP (RFC 7672 section 3.1.3)",
        _ => hasCurrent ? "names no key of ours: remove it" : "names no key of ours",
    };

    private static string Text(TlsaRecord r) => $"{r.Usage} {r.Selector} {r.MatchingType} {Convert.ToHexStringLower(r.Data)}";
}
