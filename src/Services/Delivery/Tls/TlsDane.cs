using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Dns;

namespace Aviso.Delivery;

/// <summary>What the DNS says about a mail host's certificate.</summary>
internal enum DaneState
{
    /// <summary>Nothing that could be believed: other policies decide.</summary>
    None,

    /// <summary>The DNS cannot say; the host must not be used now (RFC 7672 §2.1.2).</summary>
    Unknown,

    /// <summary>Records that nobody can use: TLS is mandatory, the certificate does not matter (RFC 7672 §2.2).</summary>
    Encrypt,

    /// <summary>The certificate must match one of the records.</summary>
    Match,
}

internal sealed record DaneAnswer(DaneState State, IReadOnlyList<TlsaRecord> Records)
{
    /// <summary>Records that nobody looked at, because there are too many.</summary>
    public int Beyond { get; init; }

    public static readonly DaneAnswer None = new(DaneState.None, []);
    public static readonly DaneAnswer Unknown = new(DaneState.Unknown, []);
}

/// <summary>
/// DANE for SMTP (RFC 7672): TLSA records of a mail host, believed only when every step on the way to them carried the AD bit.
/// </summary>
internal sealed class TlsDane(IResolver resolver, TimeProvider clock)
{
    private const int MostRecords = 20;

    /// <summary>For a host that came from an authenticated MX answer.</summary>
    public async Task<DaneAnswer> FindAsync(string host, CancellationToken cancel)
    {
        if (host is ['[', .., ']']) return DaneAnswer.None;
        var six = await resolver.QueryAsync(host, DnsType.Aaaa, cancel);
        var four = await resolver.QueryAsync(host, DnsType.A, cancel);
        DnsAnswer[] found = [.. new[] { six, four }.Where(a => a.Status == DnsStatus.Ok)];
        // RFC 7672 §2.1.2: an attacker could cause this, so it never means "not signed".
        if (found.Length == 0 && (six.IsTemporary || four.IsTemporary)) return DaneAnswer.Unknown;
        // RFC 7672 §2.2.2: no TLSA question for a host whose zone is not signed; its servers often answer such with nonsense.
        if (found.Length == 0) return DaneAnswer.None;
        if (found.Any(a => !a.Authenticated))
        {
            return await IsSignedAliasAsync(host, found[0], cancel) switch
            {
                true => await AskAsync(host, cancel),
                false => DaneAnswer.None,
                null => DaneAnswer.Unknown,
            };
        }
        var canonical = found[0].CanonicalName;
        var answer = canonical.Length > 0 && canonical != host ? await AskAsync(canonical, cancel) : DaneAnswer.None;
        // RFC 7672 §2.2.2: at the end of the alias first, then at its beginning.
        return answer.State == DaneState.None ? await AskAsync(host, cancel) : answer;
    }

    // RFC 7672 §2.2.2: an alias of a signed zone may lead into one that is not; what its own zone says of its name holds. Null: the DNS
    // cannot say.
    private async Task<bool?> IsSignedAliasAsync(string host, DnsAnswer address, CancellationToken cancel)
    {
        if (address.CanonicalName.Length == 0 || address.CanonicalName == host) return false;
        var alias = await resolver.QueryAsync(host, DnsType.Cname, cancel);
        return alias.IsTemporary ? null : alias is { Status: DnsStatus.Ok, Authenticated: true };
    }

    /// <summary>The certificate check for <paramref name="names"/>: the MX host and the domain it takes mail for.</summary>
    public TlsJudge Judge(DaneAnswer answer, params IReadOnlyList<string> names) => (leaf, sent, _, _) =>
        Matches(answer.Records, leaf, sent, names, clock.GetUtcNow()) ? null
            : new("tlsa-invalid", $"the certificate matches none of the {answer.Records.Count} TLSA records of {names[0]}"
                + (answer.Beyond > 0 ? $"; {answer.Beyond} more were not looked at" : ""));

    /// <summary>Does one of the records vouch for <paramref name="leaf"/>.</summary>
    public static bool Matches(
        IReadOnlyList<TlsaRecord> records, X509Certificate2 leaf, IReadOnlyList<X509Certificate2> sent, IReadOnlyList<string> names,
            DateTimeOffset now) =>
        records.Any(record => record.Usage switch
        {
            // RFC 7672 §3.1.1: for DANE-EE neither names nor dates count.
            3 => Covers(record, leaf),
            2 => names.Any(n => leaf.MatchesHostname(n, false, false)) && Anchors(record, leaf, sent, now),
            _ => false,
        });

    /// <summary>RFC 7672 §3.1: usages 2 and 3 only; §3.1.3: 0 and 1 can't be used for SMTP.</summary>
    public static bool IsUsable(TlsaRecord record) => record is { Usage: 2 or 3, Selector: 0 or 1 } && record.MatchingType switch
    {
        0 => record.Data.Length > 0,
        1 => record.Data.Length == SHA256.HashSizeInBytes,
        2 => record.Data.Length == SHA512.HashSizeInBytes,
        _ => false,
    };

    private async Task<DaneAnswer> AskAsync(string host, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync($"_25._tcp.{host}", DnsType.Tlsa, cancel);
        // RFC 7672 §2.1.2: an attacker could cause this, so it never means "no TLSA".
        if (answer.IsTemporary) return DaneAnswer.Unknown;
        if (answer.Status != DnsStatus.Ok || !answer.Authenticated) return DaneAnswer.None;
        var usable = answer.Of<TlsaRecord>().Where(IsUsable).ToList();
        return new(usable.Count == 0 ? DaneState.Encrypt : DaneState.Match, [.. usable.Take(MostRecords)])
        {
            Beyond = Math.Max(0, usable.Count - MostRecords),
        };
    }

    // RFC 6698 §2.1.2, §2.1.3.
    private static bool Covers(TlsaRecord record, X509Certificate2 certificate)
    {
        var data = record.Selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return record.Data.AsSpan().SequenceEqual(record.MatchingType switch
        {
            1 => SHA256.HashData(data),
            2 => SHA512.HashData(data),
            _ => data,
        });
    }

    // RFC 7672 §3.1.2: an authority the record names, sent by the peer, from which a valid chain leads to the certificate.
    private static bool Anchors(TlsaRecord record, X509Certificate2 leaf, IReadOnlyList<X509Certificate2> sent, DateTimeOffset now)
    {
        foreach (var anchor in sent.Where(c => Covers(record, c)))
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(anchor);
            chain.ChainPolicy.ExtraStore.AddRange(sent.ToArray());
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.DisableCertificateDownloads = true;
            chain.ChainPolicy.VerificationTime = now.UtcDateTime;
            // The anchor may be an intermediate; that it stands in the chain is looked at here.
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
            if (chain.Build(leaf)
                && chain.ChainElements.Any(e => e.Certificate.RawDataMemory.Span.SequenceEqual(anchor.RawDataMemory.Span))) return true;
        }
        return false;
    }
}
