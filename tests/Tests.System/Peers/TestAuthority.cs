using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Tests.System.Peers;

/// <summary>A certificate authority made for one test, and the certificates it gave out, as PEM files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly PeerFolder _folder = new("ca");
    private readonly X509Certificate2 _ca;
    private int _serial;

    public TestAuthority(string name = "Test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(100));
        File.WriteAllText(CaFile, _ca.ExportCertificatePem());
    }

    public string CaFile => _folder.Path("ca.pem");

    /// <summary>Of certificates issued from now on.</summary>
    public TimeSpan Lasts { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Writes NAME.crt and NAME.key for these DNS names or addresses; the first is the common name.</summary>
    public (string Certificate, string Key) Issue(string file, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));
        // Nothing is there; the judges of TLS want to see that revocation is possible.
        request.CertificateExtensions.Add(
            CertificateRevocationListBuilder.BuildCrlDistributionPointExtension(["http://crl.example.test/ca.crl"]));
        using var certificate = request.Create(
            _ca, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow + Lasts, BitConverter.GetBytes(++_serial));
        var (crt, pem) = (_folder.Path(file + ".crt"), _folder.Path(file + ".key"));
        // The key first and then both by renaming, as a renewal does it.
        Write(pem, key.ExportPkcs8PrivateKeyPem());
        Write(crt, certificate.ExportCertificatePem());
        return (crt, pem);
    }

    public void Dispose()
    {
        _ca.Dispose();
        _folder.Dispose();
    }

    private static void Write(string path, string text)
    {
        File.WriteAllText(path + ".new", text + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }
}
