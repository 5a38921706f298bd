namespace Aviso.Settings;

public sealed class MailAuthSection : SettingsSection
{
    public IReadOnlyList<string> TrustedSealers { get; private set; } = [];

    internal static readonly Table<MailAuthSection> Table = new("Who sent a message: SPF, DKIM, DMARC, ARC. Always looked at.",
    [
        new Key<MailAuthSection, IReadOnlyList<string>>("trusted_sealers", Types.ListOf(Types.Domain), s => s.TrustedSealers, (s, v) => s.TrustedSealers = v,
            "Domains of mailing lists and forwarders that are believed when they say that a message was genuine as it came to them (ARC, RFC 8617).")
            { Example = "[lists.example.net]" },
    ]);
}

public sealed class ReportsSection : SettingsSection
{
    public string? Address { get; private set; }

    public bool Send { get; private set; } = true;

    public TimeSpan Keep { get; private set; } = TimeSpan.FromDays(400);

    internal static readonly Table<ReportsSection> Table = new("Reports of other servers about our domains (DMARC, TLS), and ours about theirs.",
    [
        new Key<ReportsSection, string>("address", Types.Address, s => s.Address, (s, v) => s.Address = v,
            "Mail to this address is looked through for reports, which `aviso reports` sums up; reports of ours come from it. Mail to any postmaster is "
            + "looked through, too.") { Example = "dmarc@example.org", DefaultText = "postmaster of the first domain" },
        new Key<ReportsSection, bool>("send", Types.Boolean, s => s.Send, (s, v) => s.Send = v,
            "Send aggregate DMARC and TLS reports to the domains that ask for them, once a day, as bulk mail.") { Example = "false" },
        new Key<ReportsSection, TimeSpan>("keep", Types.Duration, s => s.Keep, (s, v) => s.Keep = v, "How long reports are kept.") { Example = "90d" },
    ]);
}
