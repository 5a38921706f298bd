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
        "The certificate and the chain above it, as PEM.") { Example = "file:/etc/aviso/tls.crt", DefaultText = "none" };

    public Secret? Key => Find(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey,
        "Its private key, as PEM.") { Example = "file:/etc/aviso/tls.key", DefaultText = "none" };

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
        "The certificate and the chain above it, as PEM.") { Required = true, Example = "file:/etc/aviso/other.crt" };

    public Secret Key => Get(KeyKey);

    private static readonly Key<Secret> KeyKey = new(Table, "key", Types.PrivateKey, new("", null),
        "Its private key, as PEM.") { Required = true, Example = "file:/etc/aviso/other.key" };
}
