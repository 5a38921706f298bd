using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;

namespace Aviso.Tests.Unit.Net;

/// <summary>Self-signed certificates for tests; a client must accept any.</summary>
internal static class TestCertificates
{
    private static readonly Lazy<TlsCertificates> Made = new(() => new TlsCertificates([Source("mail.example.test")]));

    /// <summary>One certificate for mail.example.test, shared by all tests.</summary>
    public static TlsCertificates Shared => Made.Value;

    public static TlsSource Source(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (var name in names) alternative.AddDnsName(name);
        request.CertificateExtensions.Add(alternative.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        return TlsSource.Pem(names[0], certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
