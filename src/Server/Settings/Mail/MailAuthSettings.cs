namespace Aviso.Settings;

public sealed class MailAuthSection : SettingsSection
{
    internal static readonly Table<MailAuthSection> Table = new("Who sent a message: SPF, DKIM, DMARC, ARC. Always looked at.");

    public IReadOnlyList<string> TrustedSealers => Get(TrustedSealersKey);

    private static readonly Key<IReadOnlyList<string>> TrustedSealersKey = new(Table, "trusted_sealers", Types.ListOf(Types.Domain), [],
        "Domains of mailing lists and forwarders that are believed when they say that a message was genuine as it came to them (ARC, RFC 8617).")
    { Example = "[lists.example.net]" };
}
