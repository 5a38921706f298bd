using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Net;

/// <summary>
/// A certificate authority of our own in one folder, for <c>serve --local</c> and <c>tls.self_signed</c>: ca.pem (for
/// people to trust) and ca.key, and per leaf NAME.pem (leaf, then CA) and NAME.key. Files are 0600 and reused on restart; a
/// leaf is made again when its names change, its CA changed, or less than 30 days are left.
/// </summary>
public sealed class LocalCertificateAuthority
{
    private static readonly TimeSpan CaLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(397); // the longest that no client and no judge finds too long
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    private readonly string _folder;
    private readonly TimeProvider _clock;

    /// <summary>Opens the authority, making it on first use.</summary>
    public LocalCertificateAuthority(string folder, TimeProvider clock, ILogger? log = null)
    {
        (_folder, _clock) = (folder, clock);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var old = TryLoad("ca");
        var isGood = old is not null && LivesFor(old, RenewBefore);
        if (!isGood) old?.Dispose();
        Root = isGood ? old! : MakeRoot();
        if (_clock.GetUtcNow() < From(Root)) (log ?? NullLogger.Instance).ClockBehindAuthority(_clock.GetUtcNow(), From(Root));
    }

    /// <summary>The CA's certificate with its key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>Where people find the CA's certificate.</summary>
    public string RootPath => PathOf("ca", "pem");

    /// <summary>A leaf for these names and addresses, kept under <paramref name="fileName"/>.</summary>
    public TlsSource Leaf(string fileName, IReadOnlyList<string> names, IReadOnlyList<IPAddress> addresses)
    {
        using var old = TryLoad(fileName);
        if (old is null || !LivesFor(old, RenewBefore) || !IsOurs(old) || !Covers(old, names, addresses))
            MakeLeaf(fileName, names, addresses);
        return TlsSource.Files(PathOf(fileName, "pem"), PathOf(fileName, "key"));
    }

    private X509Certificate2 MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Aviso local CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = _clock.GetUtcNow();
        var root = request.CreateSelfSigned(now.AddHours(-1), now + CaLife);
        Write("ca", root.ExportCertificatePem(), key);
        return root;
    }

    private void MakeLeaf(string fileName, IReadOnlyList<string> names, IReadOnlyList<IPAddress> addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={(names.Count > 0 ? names[0] : addresses[0].ToString())}", key, HashAlgorithmName.SHA256);
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (var name in names) alternative.AddDnsName(name);
        foreach (var address in addresses) alternative.AddIpAddress(address);
        request.CertificateExtensions.Add(alternative.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, true, false));
        var now = _clock.GetUtcNow();
        // A clock that is behind the authority makes a leaf that holds from when the authority does.
        var from = now.AddHours(-1) > From(Root) ? now.AddHours(-1) : From(Root);
        var (wanted, end) = (from + LeafLife, new DateTimeOffset(Root.NotAfter));
        var until = wanted < end ? wanted : end;
        using var leaf = request.Create(Root, from, until, RandomNumberGenerator.GetBytes(16));
        Write(fileName, leaf.ExportCertificatePem() + "\n" + Root.ExportCertificatePem(), key);
    }

    private X509Certificate2? TryLoad(string name)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(PathOf(name, "pem"), PathOf(name, "key"));
        }
        catch (Exception e) when (e is IOException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static DateTimeOffset From(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    private bool LivesFor(X509Certificate2 certificate, TimeSpan time) =>
        certificate.NotAfter.ToUniversalTime() > _clock.GetUtcNow().UtcDateTime + time;

    private bool IsOurs(X509Certificate2 leaf)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        // Whose it is does not depend on the clock: when it ends is looked at apart, and a clock that is behind must not cost a leaf.
        chain.ChainPolicy.VerificationTime = From(leaf).AddMinutes(1).UtcDateTime;
        return chain.Build(leaf);
    }

    private static bool Covers(X509Certificate2 leaf, IReadOnlyList<string> names, IReadOnlyList<IPAddress> addresses)
    {
        var alternative = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return alternative is not null
            && names.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(alternative.EnumerateDnsNames())
            && addresses.ToHashSet().SetEquals(alternative.EnumerateIPAddresses());
    }

    // Key first and each by rename: whoever finds a certificate finds the key that fits or none.
    private void Write(string name, string certificates, ECDsa key)
    {
        WriteFile(PathOf(name, "key"), key.ExportPkcs8PrivateKeyPem());
        WriteFile(PathOf(name, "pem"), certificates);
    }

    private static void WriteFile(string path, string text)
    {
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var file = new FileStream(fresh, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    private string PathOf(string name, string extension) => Path.Combine(_folder, $"{name}.{extension}");
}
