using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Net;

public sealed class TlsTests
{
    [Theory]
    [InlineData("one.example.test", "one.example.test")]
    [InlineData("TWO.example.test", "two.example.test")]
    [InlineData("deep.wild.example.test", "*.wild.example.test")]
    [InlineData("unknown.example.test", "one.example.test")]
    [InlineData(null, "one.example.test")]
    public void The_name_asked_for_selects_the_certificate(string? asked, string expected)
    {
        using var certificates = new TlsCertificates([.. new[] { "one.example.test", "two.example.test", "*.wild.example.test" }
            .Select(n => TestCertificates.Source(n))]);
        var shown = certificates.OptionsFor(asked).ServerCertificateContext!.TargetCertificate;
        Assert.Equal("CN=" + expected, shown.Subject);
    }

    [Fact]
    public void Changed_files_are_loaded_and_broken_ones_leave_the_old_certificate()
    {
        var folder = Directory.CreateTempSubdirectory("aviso-tls").FullName;
        try
        {
            var clock = new ManualClock();
            var (certificate, key) = (Path.Combine(folder, "a.pem"), Path.Combine(folder, "a.key"));
            Write(TestCertificates.Source("first.example.test"), certificate, key);
            using var certificates = new TlsCertificates([TlsSource.Files(certificate, key)]);
            certificates.Watch(clock, TimeSpan.FromSeconds(10));
            Write(TestCertificates.Source("second.example.test", "more.example.test"), certificate, key);
            clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal("CN=second.example.test", certificates.Default.Subject);
            File.WriteAllText(certificate, "no certificate at all");
            Assert.False(certificates.ReloadIfChanged());
            File.Delete(certificate);
            Assert.False(certificates.ReloadIfChanged());
            Assert.Equal("CN=second.example.test", certificates.Default.Subject);
            Assert.False(certificates.Replace([TlsSource.Files(certificate, key)]));
            Assert.True(certificates.Replace([TestCertificates.Source("third.example.test")]));
            Assert.Equal("CN=third.example.test", certificates.Default.Subject);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_key_of_another_certificate_is_an_error_that_names_the_source()
    {
        var (certificate, _) = TestCertificates.Source("a.example.test").Read();
        var (_, key) = TestCertificates.Source("b.example.test").Read();
        var error = Assert.Throws<CryptographicException>(() => new TlsCertificates([TlsSource.Pem("tls.certificate", certificate, key)]));
        Assert.StartsWith("tls.certificate: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_local_authority_is_kept_and_renews_its_leaves()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"aviso-ca-{Guid.NewGuid():n}");
        try
        {
            var clock = new ManualClock();
            string[] names = ["example.test", "localhost"];
            IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
            var first = new LocalCertificateAuthority(folder, clock);
            var leaf = first.Leaf("server", names, addresses).Read().Certificates;
            var again = new LocalCertificateAuthority(folder, clock);
            Assert.Equal(first.Root.Thumbprint, again.Root.Thumbprint);
            Assert.Equal(leaf, again.Leaf("server", names, addresses).Read().Certificates);
            Assert.NotEqual(leaf, again.Leaf("server", ["other.test"], addresses).Read().Certificates);
            foreach (var file in Directory.GetFiles(folder))
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

            leaf = again.Leaf("server", names, addresses).Read().Certificates;
            clock.Advance(TimeSpan.FromDays(380));
            var renewed = X509Certificate2.CreateFromPem(
                new LocalCertificateAuthority(folder, clock).Leaf("server", names, addresses).Read().Certificates);
            Assert.True(new DateTimeOffset(renewed.NotAfter) > clock.GetUtcNow().AddDays(380));
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(first.Root);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
            Assert.True(chain.Build(renewed));
            Assert.True(renewed.MatchesHostname("localhost"));
            Assert.True(renewed.MatchesHostname("127.0.0.1"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Strict_ciphers_are_those_with_forward_secrecy_and_authenticated_encryption()
    {
        using var plain = new TlsCertificates([TestCertificates.Source("a.example.test")]);
        Assert.Null(plain.OptionsFor(null).CipherSuitesPolicy);
        using var strict = new TlsCertificates([TestCertificates.Source("a.example.test")], strictCiphers: true);
        Assert.All(strict.OptionsFor(null).CipherSuitesPolicy!.AllowedCipherSuites, suite =>
            Assert.Matches("^TLS_(ECDHE_(ECDSA|RSA)_WITH_)?(AES|CHACHA20).*(GCM|POLY1305)", suite.ToString()));
    }

    [Fact]
    public void The_end_point_binding_is_the_hash_of_the_signature_algorithm()
    {
        var certificate = TestCertificates.Shared.Default;
        Assert.Equal(SHA256.HashData(certificate.RawData), ChannelBinding.ServerEndPoint(certificate));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA384)
            .CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        Assert.Equal(SHA384.HashData(other.RawData), ChannelBinding.ServerEndPoint(other));
    }

    private static void Write(TlsSource source, string certificatePath, string keyPath)
    {
        var (certificate, key) = source.Read();
        File.WriteAllText(certificatePath, certificate);
        File.WriteAllText(keyPath, key);
    }
}
