namespace Aviso.Settings;

/// <summary>How a relay is spoken to.</summary>
public enum RelayTls
{
    /// <summary>STARTTLS with a verified certificate, or the mail waits.</summary>
    Required,

    /// <summary>TLS from the first octet (port 465), verified.</summary>
    Implicit,

    /// <summary>STARTTLS if offered, not verified.</summary>
    Opportunistic,

    /// <summary>In the clear.</summary>
    None,
}

public sealed class RelaySection : SettingsSection
{
    internal static readonly Table<RelaySection> Table = new("One relay (smarthost).");

    public string Name => Get(NameKey);

    private static readonly Key<string> NameKey = new(Table, "name", Types.Word, "",
        "How `routes` call it.") { Required = true, Example = "brevo" };

    public string Host => Get(HostKey);

    private static readonly Key<string> HostKey = new(Table, "host", Types.Peer, "",
        "Its name or address.") { Required = true, Example = "smtp-relay.example" };

    public int Port => Get(PortKey);

    private static readonly Key<int> PortKey = new(Table, "port", Types.Number(1, 65535), 587,
        "Its port.") { Example = "465" };

    public RelayTls Tls => Get(TlsKey);

    private static readonly Key<RelayTls> TlsKey = new(Table, "tls", Types.Words("TLS", ("required", RelayTls.Required), ("implicit", RelayTls.Implicit),
            ("opportunistic", RelayTls.Opportunistic), ("none", RelayTls.None)), default,
        "required: STARTTLS with a verified certificate, or the mail waits. implicit: the same from the first octet. "
        + "opportunistic: if offered, not verified. none: in the clear, without login.") { Example = "implicit" };

    /// <summary>PEM of the authorities to trust instead of the system's, or null.</summary>
    public Secret? Ca => Find(CaKey);

    private static readonly Key<Secret> CaKey = new(Table, "ca", Types.Certificate,
        "Certificate authorities to trust for this relay instead of the system's, as PEM.")
        { Example = "file:/etc/aviso/relay-ca.crt", DefaultText = "the system's" };

    public Secret? Username => Find(UsernameKey);

    private static readonly Key<Secret> UsernameKey = new(Table, "username", Types.Secret,
        "Login name.") { Example = "env:RELAY_USER", DefaultText = "no login" };

    public Secret? Password => Find(PasswordKey);

    private static readonly Key<Secret> PasswordKey = new(Table, "password", Types.Secret,
        "Login password.") { Example = "env:RELAY_PASSWORD", DefaultText = "no login" };

    /// <summary>Recipients in a rolling span; null is no limit.</summary>
    public Rate? Quota => Given(QuotaKey);

    private static readonly Key<Rate> QuotaKey = new(Table, "quota", Types.Rate,
        "How many recipients it takes in a rolling span. Mail beyond it waits and is never dropped; mail from programs waits first.")
        { Example = "300/day", DefaultText = "no limit" };

    /// <summary>Recipients of the quota kept for mail from people; null is a tenth of it.</summary>
    public int? Reserve => Given(ReserveKey);

    private static readonly Key<int> ReserveKey = new(Table, "reserve", Types.Number(0, 1_000_000),
        "How much of the quota is kept for mail from people.") { Example = "50", DefaultText = "a tenth of the quota" };

    public string? Spf => Find(SpfKey);

    private static readonly Key<string> SpfKey = new(Table, "spf", Types.Text,
        "What our SPF record must say for this relay.")
        { Example = "include:spf.example", DefaultText = "none", Later = "DNS planning" };

    public IReadOnlyList<string> DkimSelectors => Get(DkimSelectorsKey);

    private static readonly Key<IReadOnlyList<string>> DkimSelectorsKey = new(Table, "dkim_selectors", Types.ListOf(Types.Word), [],
        "Selectors the relay signs with.") { Example = "[brevo1, brevo2]", Later = "DNS planning" };
}
