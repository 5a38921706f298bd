using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;

namespace Aviso.Moving;

/// <summary>Whether the source is who it says it is.</summary>
internal static class ImapTrust
{
    /// <summary>Null: it is.</summary>
    public static string? WhyNot(ImapPlace place, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null) return "it shows none";
        using var own = new X509Certificate2(certificate);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return $"it is for {Names(own)}, not for {place.Host}";
        using var chain = new X509Chain { ChainPolicy = Authorities.Policy(place.Authorities) };
        if (sent is not null)
            foreach (var element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        if (chain.Build(own)) return null;
        return string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct(StringComparer.Ordinal))
            + $" (issued by {own.Issuer})";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension =>
            extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString()))).Take(5).ToList();
        return names.Count > 0 ? string.Join(", ", names) : certificate.Subject;
    }
}
