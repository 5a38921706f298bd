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

    /// <summary>
    /// A relay's: for <paramref name="host"/>, in its time, from one of these authorities; without any, from one this system trusts.
    /// </summary>
    public static TlsJudge Relay(string host, X509Certificate2Collection? authorities) => (leaf, sent, chain, errors) =>
    {
        if (authorities is null)
            return errors == SslPolicyErrors.None ? null : OutOfTime(leaf, chain) ?? WebPki(host)(leaf, sent, chain, errors);
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var certificate in sent) own.ChainPolicy.ExtraStore.Add(certificate);
        var isTrusted = own.Build(leaf);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return NotFor(host, leaf);
        if (isTrusted) return null;
        var issuer = Short(leaf.Issuer);
        return OutOfTime(leaf, own) ?? new("certificate-not-trusted", $"the certificate is from {issuer}, which is not an authority in `ca` of the relay");
    };

    private static TlsFault NotFor(string host, X509Certificate2 leaf)
    {
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).Take(5).ToList();
        var named = Short(names.Count > 0 ? string.Join(", ", names) : leaf.Subject);
        return new("certificate-host-mismatch", $"the certificate is not for {host}, but for {named}");
    }

    private static TlsFault? OutOfTime(X509Certificate2 leaf, X509Chain? chain)
    {
        if (chain is null || !IsOut(chain.ChainStatus)) return null;
        var certificate = chain.ChainElements.FirstOrDefault(e => IsOut(e.ChainElementStatus))?.Certificate ?? leaf;
        var whose = certificate.Thumbprint == leaf.Thumbprint ? "the certificate" : $"{Short(certificate.Subject)}, which signed the certificate,";
        var until = certificate.NotAfter.ToUniversalTime();
        return chain.ChainPolicy.VerificationTime.ToUniversalTime() > until
            ? new("certificate-expired", $"{whose} expired on {until:yyyy-MM-dd}")
            : new("certificate-expired", $"{whose} holds only from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd}");
    }

    private static bool IsOut(X509ChainStatus[] states) => Array.Exists(states, s => s.Status == X509ChainStatusFlags.NotTimeValid);

    private static string Short(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? ' ' : c)]);
}
