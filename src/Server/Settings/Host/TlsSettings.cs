using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Settings;

public enum CipherList
{
    System, Strict,
}

public sealed class TlsSection : SettingsSection
{
    internal static readonly Table<TlsSection> Table = new("The certificate: certificate and key, or acme, or self_signed.");

    public Secret? Certificate => Find(CertificateKey);

    private static readonly Key<Secret> CertificateKey = new(Table, "certificate", Types.Certificate,
        "The certificate and the chain above it, as PEM.")
    { Example = "file:/etc/aviso/tls.crt", DefaultText = "none" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey,
        "Its private key, as PEM.")
    { Example = "file:/etc/aviso/tls.key", DefaultText = "none" };

    public bool SelfSigned => Get(SelfSignedKey);

    private static readonly Key<bool> SelfSignedKey = new(Table, "self_signed", Types.Boolean, default,
        "Make a certificate authority in the data folder and a certificate from it. For tries and internal use: clients must be given `ca.crt`.")
    { Example = "true" };

    public IReadOnlyList<CertificateSection> Additional => Get(AdditionalKey);

    private static readonly Key<IReadOnlyList<CertificateSection>> AdditionalKey = new(Table, "additional", Types.ListOf(new SectionType<CertificateSection>(CertificateSection.Table)), [],
        "More certificates, chosen by the name the client asks for (SNI).")
    { Example = "[ { certificate: file:/etc/aviso/other.crt, key: file:/etc/aviso/other.key } ]" };

    public AcmeSection Acme => Get(AcmeKey);

    private static readonly Key<AcmeSection> AcmeKey = new(Table, "acme", new SectionType<AcmeSection>(AcmeSection.Table), new(),
        "Get and renew certificates by ACME (RFC 8555). Until the first has come, clients see one from an authority of our own.")
    { Example = "{ contact: alice@example.org, challenge: tls-alpn-01 }" };

    public IReadOnlyList<string> InternalNames => Get(InternalNamesKey);

    private static readonly Key<IReadOnlyList<string>> InternalNamesKey = new(Table, "internal_names", Types.ListOf(Types.Peer), [],
        "Names under which programs of one's own reach this server, such as those of a cluster. They get a certificate of an authority of our own, "
        + "beside the public one; give those programs `tls/ca.pem` of the data folder to trust.")
    { Example = "[aviso.mail.svc.cluster.local]" };

    public CipherList Ciphers => Get(CiphersKey);

    private static readonly Key<CipherList> CiphersKey = new(Table, "ciphers", Types.Words("list", ("system", CipherList.System), ("strict", CipherList.Strict)), default,
        "system: what this machine's OpenSSL settings allow, TLS 1.2 and later. strict: of TLS 1.2 only suites with forward secrecy and authenticated encryption; "
        + "clients then cannot resume sessions, and each connection takes about 15 kB more.")
    { AfterRestart = true, Example = "strict" };

    /// <summary>There will be something to show a client.</summary>
    public bool IsConfigured => Certificate is not null || SelfSigned || HasAcme;

    public bool HasAcme => Has("acme");
}

public sealed class CertificateSection : SettingsSection
{
    internal static readonly Table<CertificateSection> Table = new("One more certificate.");

    public Secret Certificate => Get(CertificateKey);

    private static readonly Key<Secret> CertificateKey = new(Table, "certificate", Types.Certificate, new("", null),
        "The certificate and the chain above it, as PEM.")
    { Required = true, Example = "file:/etc/aviso/other.crt" };

    public Secret Key => Get(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey, new("", null),
        "Its private key, as PEM.")
    { Required = true, Example = "file:/etc/aviso/other.key" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class TlsChecks
{
    public static void TlsIsOneThing(TlsSection tls, Problems problems)
    {
        if (tls.SelfSigned && (tls.Has("certificate") || tls.Has("key") || tls.Has("acme")))
            SettingsChecks.Say(problems, tls, "self_signed", "contradicts the certificate that is also given; leave one out");
        if (tls.Has("acme") && (tls.Has("certificate") || tls.Has("key")))
            SettingsChecks.Say(problems, tls, "acme", "contradicts the certificate that is also given; leave one out");
        if (tls.Has("certificate") && !tls.Has("key")) SettingsChecks.Say(problems, tls, "certificate", "needs its `key`");
        if (tls.Has("key") && !tls.Has("certificate")) SettingsChecks.Say(problems, tls, "key", "needs its `certificate`");
        if (tls is { Certificate: { } certificate, Key: { } key }) PairMatches(tls, certificate, key, problems);
        foreach (var more in tls.Additional.Where(m => m.Has("certificate") && m.Has("key"))) PairMatches(more, more.Certificate, more.Key, problems);
    }

    private static void PairMatches(SettingsSection section, Secret certificate, Secret key, Problems problems)
    {
        if (certificate.Reveal().Length == 0 || key.Reveal().Length == 0) return;
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate.Reveal(), key.Reveal());
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            SettingsChecks.Say(problems, section, "key", "is not the key of `certificate`, or one of them cannot be read");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class TlsMapping
{
    /// <summary>Sources of all certificates, the default first; none when no listener speaks TLS.</summary>
    /// <param name="acme">What has come by ACME so far.</param>
    public static IReadOnlyList<TlsSource> Certificates(ServerSettings settings, TimeProvider clock, ILogger log, IReadOnlyList<TlsSource> acme)
    {
        var sources = new List<TlsSource>(acme);
        var authority = new Lazy<LocalCertificateAuthority>(() => new(Path.Combine(settings.Data, "tls"), clock, log));
        if (settings.Tls.Certificate is { } certificate)
            sources.Add(TlsSource.Pem(certificate.ToString(), certificate.Reveal(), settings.Tls.Key!.Reveal()));
        // With ACME: something to listen with until the first certificate has come.
        if (settings.Tls.SelfSigned || (settings.Tls.HasAcme && acme.Count == 0))
            sources.Add(authority.Value.Leaf("server", [settings.HostName, "localhost"], [System.Net.IPAddress.Loopback, System.Net.IPAddress.IPv6Loopback]));
        foreach (var more in settings.Tls.Additional)
            sources.Add(TlsSource.Pem(more.Certificate.ToString(), more.Certificate.Reveal(), more.Key.Reveal()));
        if (settings.Tls.InternalNames is { Count: > 0 } names)
        {
            var addresses = names.Select(n => System.Net.IPAddress.TryParse(n, out var ip) ? ip : null).OfType<System.Net.IPAddress>().ToList();
            sources.Add(authority.Value.Leaf("internal", [.. names.Where(n => !System.Net.IPAddress.TryParse(n, out _))], addresses));
        }
        return sources;
    }
}
