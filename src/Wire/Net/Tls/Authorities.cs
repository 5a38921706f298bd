using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Net;

/// <summary>Certificate authorities that count instead of the system's, where the settings name some.</summary>
public static class Authorities
{
    /// <summary>Certificates of a PEM text.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is no PEM of certificates.</exception>
    public static X509Certificate2Collection Read(string pem)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities;
    }

    /// <summary>How a client of ours judges a chain: by the system's authorities, or by these alone. Nothing that a certificate names is
    /// fetched for it: a stranger must not choose where we dial.</summary>
    public static X509ChainPolicy Policy(X509Certificate2Collection? only)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (only is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(only);
        return policy;
    }

    /// <summary>The same as a callback: accepts a chain that ends in one of these authorities and names the host.</summary>
    public static RemoteCertificateValidationCallback TrustOnly(X509Certificate2Collection authorities) => (_, certificate, sent, errors) =>
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
        using var chain = new X509Chain { ChainPolicy = Policy(authorities) };
        if (sent is not null)
            foreach (var element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(new X509Certificate2(certificate));
    };
}
