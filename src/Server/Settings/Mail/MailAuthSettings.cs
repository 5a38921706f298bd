namespace Aviso.Settings;

public sealed class MailAuthSection : SettingsSection
{
    internal static readonly Table<MailAuthSection> Table = new("Who sent a message: SPF, DKIM, DMARC, ARC. Always looked at.");

    public IReadOnlyList<string> TrustedSealers => Get(TrustedSealersKey);

    private static readonly Key<IReadOnlyList<string>> TrustedSealersKey = new(Table, "trusted_sealers", Types.ListOf(Types.Domain), [],
        "Domains of mailing lists and forwarders that are believed when they say that a message was genuine as it came to them (ARC, RFC 8617).")
    { Example = "[lists.example.net]" };

    public TimeSpan DkimRotation => Get(DkimRotationKey);

    private static readonly Key<TimeSpan> DkimRotationKey = new(Table, "dkim_rotation", Types.Duration, TimeSpan.FromDays(180),
        "How old a signing key becomes where `dns.zones` lets this server publish the next one: then it is published, waited for, signed "
            + "with, "
        + "and the former record is taken away 14 days later. 0d: only by `aviso dkim rotate`.")
    { Example = "90d" };
}
