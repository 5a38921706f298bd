using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Delivery;

/// <summary>Why a certificate or a session is not as a policy wants it.</summary>
/// <param name="Result">RFC 8460 §4.3: certificate-expired, starttls-not-supported...</param>
/// <param name="Problem">In words, for queue and log.</param>
internal sealed record TlsFault(string Result, string Problem);

/// <summary>A judgement about a certificate; null when it is good.</summary>
internal delegate TlsFault? TlsJudge(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> sent, X509Chain? chain, SslPolicyErrors errors);

/// <summary>One handshake: what the judge said to the certificate that was shown.</summary>
internal sealed class TlsSight(TlsJudge judge)
{
    /// <summary>Null when all is good, or when no certificate was seen.</summary>
    public TlsFault? Fault { get; private set; }

    /// <summary>A <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null) Fault = new("validation-failure", "no certificate was shown");
        else
        {
            using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            List<X509Certificate2> sent = chain is null ? [] : [.. chain.ChainPolicy.ExtraStore, .. chain.ChainElements.Select(e => e.Certificate)];
            Fault = judge(leaf, sent, chain, errors);
        }
        return Fault is null;
    }

    /// <summary>Every certificate is good.</summary>
    public static TlsFault? Any(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> sent, X509Chain? chain, SslPolicyErrors errors) => null;

    /// <summary>RFC 8461 §4.2: valid, from an authority this system trusts, and for <paramref name="host"/> by a DNS name in it.</summary>
    public static TlsJudge WebPki(string host) => (leaf, _, chain, errors) =>
    {
        var states = chain?.ChainStatus.Select(s => s.Status).ToList() ?? [];
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && states.Contains(X509ChainStatusFlags.NotTimeValid))
            return new("certificate-expired", $"the certificate, or one it hangs on, holds only from {leaf.NotBefore.ToUniversalTime():u} to {leaf.NotAfter.ToUniversalTime():u}");
        // RFC 6125 §6.4.4: the common name is not looked at.
        if (!leaf.MatchesHostname(host, allowWildcards: true, allowCommonName: false))
            return new("certificate-host-mismatch", $"the certificate is not for {host}");
        if (!errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)) return null;
        return new("certificate-not-trusted", $"the certificate is from {Short(leaf.Issuer)}, which this system does not trust ({string.Join(", ", states.Distinct())})");
    };

    private static string Short(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? ' ' : c)]);
}
