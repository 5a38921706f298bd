using System.Security.Cryptography;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class DkimKeyTests
{
    [Theory]
    [InlineData(DkimAlgorithm.RsaSha256)]
    [InlineData(DkimAlgorithm.Ed25519Sha256)]
    public void An_exported_key_is_the_same_key_again(DkimAlgorithm algorithm)
    {
        using var key = DkimKey.Generate("Example.ORG", "S1", algorithm);
        using var again = DkimKey.Import("example.org", "s1", key.ExportPem());
        Assert.Equal((key.DnsName, key.DnsRecord(), key.Algorithm), (again.DnsName, again.DnsRecord(), again.Algorithm));
        Assert.Equal("s1._domainkey.example.org", key.DnsName);
    }

    [Fact]
    public void Every_usual_spelling_of_an_rsa_key_is_read()
    {
        using var rsa = RSA.Create(2048);
        var expected = "v=DKIM1; k=rsa; p=" + Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo());
        string[] spellings =
        [
            rsa.ExportRSAPrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem()
                .Replace("\n", "\r\n", StringComparison.Ordinal),
            Convert.ToBase64String(rsa.ExportRSAPrivateKey()),
                Convert.ToBase64String(rsa.ExportPkcs8PrivateKey(), Base64FormattingOptions.InsertLineBreaks),
            "  " + Convert.ToBase64String(rsa.ExportRSAPrivateKey()) + "\n\n",
        ];
        foreach (var spelling in spellings)
        {
            using var key = DkimKey.Import("example.org", "mail", spelling);
            Assert.Equal(expected, key.DnsRecord());
        }
    }

    [Fact]
    public void An_ed25519_seed_is_a_key()
    {
        // RFC 8463 appendix A.2.
        using var key = DkimKey.Import("football.example.com", "brisbane", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
        Assert.Equal("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", key.DnsRecord());
    }

    [Fact]
    public void What_is_no_private_key_is_refused_with_a_reason()
    {
        using var rsa = RSA.Create(1024);
        using var small = RSA.Create(512);
        var encrypted =
            rsa.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000));
        (string Text, string Reason)[] cases =
        [
            (rsa.ExportSubjectPublicKeyInfoPem(), "this is a public key"), (encrypted, "encrypted with a password"),
            ("not a key!", "neither PEM nor base64"), ("AAAA", "not an RSA or Ed25519 private key"),
                ("", "not an RSA or Ed25519 private key"),
            (rsa.ExportPkcs8PrivateKeyPem()[..200], "PEM text is damaged"), (small.ExportRSAPrivateKeyPem(), "512 bits"),
        ];
        foreach (var (text, reason) in cases)
        {
            Assert.False(DkimKey.TryImport("example.org", "mail", text, out _, out var problem), reason);
            Assert.Contains(reason, problem, StringComparison.Ordinal);
        }
        Assert.False(DkimKey.TryImport("not a domain", "mail", rsa.ExportRSAPrivateKeyPem(), out _, out _));
    }

    [Fact]
    public void A_record_longer_than_a_string_is_split()
    {
        using var key = DkimKey.Generate("example.org", "mail", DkimAlgorithm.RsaSha256);
        Assert.Equal(2, key.DnsStrings().Count);
        Assert.All(key.DnsStrings(), part => Assert.InRange(part.Length, 1, 255));
        Assert.Equal(key.DnsRecord(), string.Concat(key.DnsStrings()));
        Assert.StartsWith("mail._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=", key.ZoneLine(), StringComparison.Ordinal);
    }

    [Fact]
    public void Rfc_8463_signs_to_the_octet()
    {
        // RFC 8032 §7.1 TEST 3: seed, message, signature.
        using var key = DkimKey.Import("example.org", "mail",
            Convert.ToBase64String(Convert.FromHexString("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")));
        Assert.Equal(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            Convert.ToHexStringLower(key.Sign([0xaf, 0x82])));
    }
}
