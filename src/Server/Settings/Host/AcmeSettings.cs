using System.Buffers.Text;
using Aviso.Net;

namespace Aviso.Settings;

public sealed class AcmeSection : SettingsSection
{
    internal static readonly Table<AcmeSection> Table = new("How to get certificates by ACME.");

    public const string LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

    internal static readonly WordType<AcmeMethod> Challenges = Types.Words("challenge", ("http-01", AcmeMethod.Http01),
        ("tls-alpn-01", AcmeMethod.TlsAlpn01), ("dns-01", AcmeMethod.Dns01));

    public string Contact => Get(ContactKey);

    private static readonly Key<string> ContactKey = new(Table, "contact", Types.Address, "",
        "Whom the certificate authority may write to.")
    { Example = "alice@example.org", DefaultText = "`postmaster`" };

    public string Directory => Get(DirectoryKey);

    private static readonly Key<string> DirectoryKey = new(Table, "directory", Types.Text, LetsEncrypt,
        "The authority's directory.")
    { Example = LetsEncrypt };

    public AcmeMethod Challenge => Get(ChallengeKey);

    private static readonly Key<AcmeMethod> ChallengeKey = new(Table, "challenge", Challenges, AcmeMethod.TlsAlpn01,
        "How the names are proved to be ours. http-01: on a listener of kind http that is reached as port 80. tls-alpn-01: on one of kind https that is "
        + "reached as port 443. Both must answer under every address the names have, IPv6 as well. dns-01: by a TXT record; the only one for wildcards.")
    { Example = "http-01" };

    public IReadOnlyList<string> Names => Get(NamesKey);

    private static readonly Key<IReadOnlyList<string>> NamesKey = new(Table, "names", Types.ListOf(Types.CertificateName), [],
        "The names in the certificate.")
    { Example = "[mail.example.org, \"*.example.org\"]", DefaultText = "`hostname`" };

    public IReadOnlyList<AcmeMoreSection> More => Get(MoreKey);

    private static readonly Key<IReadOnlyList<AcmeMoreSection>> MoreKey = new(Table, "more", Types.ListOf(new SectionType<AcmeMoreSection>(AcmeMoreSection.Table)), [],
        "More certificates, chosen by the name the client asks for (SNI).")
    { Example = "[ { names: [mail.example.com] } ]" };

    public IReadOnlyList<AuthoritySection> Authorities => Get(AuthoritiesKey);

    private static readonly Key<IReadOnlyList<AuthoritySection>> AuthoritiesKey = new(Table, "authorities", Types.ListOf(new SectionType<AuthoritySection>(AuthoritySection.Table)), [],
        "Several authorities instead of `directory`. When the first fails, the next is asked.")
    { Example = "[ { directory: \"https://acme.example/directory\" } ]" };

    public DnsProviderSection Dns => Get(DnsKey);

    private static readonly Key<DnsProviderSection> DnsKey = new(Table, "dns",
        new SectionType<DnsProviderSection>(DnsProviderSection.Table), new(),
        "Who changes the DNS for dns-01.")
    { Example = "{ provider: cloudflare, token: env:CLOUDFLARE_TOKEN }" };
}

public sealed class AcmeMoreSection : SettingsSection
{
    internal static readonly Table<AcmeMoreSection> Table = new("One more certificate by ACME.");

    public IReadOnlyList<string> Names => Get(NamesKey);

    private static readonly Key<IReadOnlyList<string>> NamesKey = new(Table, "names", Types.ListOf(Types.CertificateName), [],
        "The names in it.")
    { Required = true, Example = "[mail.example.com]" };

    public AcmeMethod Challenge => Get(ChallengeKey);

    private static readonly Key<AcmeMethod> ChallengeKey = new(Table, "challenge", AcmeSection.Challenges, AcmeMethod.TlsAlpn01,
        "How its names are proved.")
    { Example = "dns-01", DefaultText = "that of `acme`" };
}

public sealed class AuthoritySection : SettingsSection
{
    internal static readonly Table<AuthoritySection> Table = new("One certificate authority.");

    public string Directory => Get(DirectoryKey);

    private static readonly Key<string> DirectoryKey = new(Table, "directory", Types.Text, "",
        "Its directory.")
    { Required = true, Example = AcmeSection.LetsEncrypt };

    public string? EabKeyId => Find(EabKeyIdKey);

    private static readonly Key<string> EabKeyIdKey = new(Table, "eab_key_id", Types.Text,
        "External account binding: the key's name, where the authority wants it.")
    { Example = "kid-1", DefaultText = "none" };

    public Secret? EabKey => Find(EabKeyKey);

    private static readonly Key<Secret> EabKeyKey = new(Table, "eab_key", Types.Secret,
        "External account binding: the key, in base64url.")
    { Example = "env:EAB_KEY", DefaultText = "none" };

    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "The only roots that the authority's own server is trusted with, as PEM: for one inside one's own network.")
    { Example = "file:/etc/aviso/acme-ca.crt", DefaultText = "those of the system" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class AcmeMapping
{
    public static AcmeOptions Acme(ServerSettings settings, Dns.IResolver resolver, TimeProvider clock)
    {
        var acme = settings.Tls.Acme;
        return new()
        {
            Contact = acme.Contact.Length > 0 ? acme.Contact : settings.Postmaster,
            Authorities = acme.Authorities.Count == 0 ? [new(new Uri(acme.Directory))] : [.. acme.Authorities.Select(Authority)],
            Certificates = [.. AcmeChecks.Wanted(settings).Select(w => new WantedCertificate(w.Names, w.Method))],
            Dns = DnsProviderMapping.Publisher(acme.Dns, resolver, clock),
            DnsChecks = acme.Dns.Check,
            DnsPatience = acme.Dns.Patience,
        };
    }

    private static AcmeAuthority Authority(AuthoritySection authority) => new(new Uri(authority.Directory))
    {
        Binding = authority is { EabKeyId: { } id, EabKey: { } key } ? new(id, Base64Url.DecodeFromChars(key.Reveal())) : null,
        Trust = authority.Ca?.Reveal(),
    };
}
