using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class ReportsSection : SettingsSection
{
    internal static readonly Table<ReportsSection> Table = new("Reports of other servers about our domains (DMARC, TLS), and ours about theirs.");

    public string? Address => Find(AddressKey);

    private static readonly Key<string> AddressKey = new(Table, "address", Types.Address,
        "Mail to this address is looked through for reports, which `aviso reports` sums up; reports of ours come from it. Mail to any postmaster is "
        + "looked through, too.")
    { Example = "dmarc@example.org", DefaultText = "postmaster of the first domain" };

    public bool Send => Get(SendKey);

    private static readonly Key<bool> SendKey = new(Table, "send", Types.Boolean, true,
        "Send aggregate DMARC and TLS reports to the domains that ask for them, once a day, as bulk mail.")
    { Example = "false" };

    public TimeSpan Keep => Get(KeepKey);

    private static readonly Key<TimeSpan> KeepKey = new(Table, "keep", Types.Duration, TimeSpan.FromDays(400),
        "How long reports are kept.")
    { Example = "90d" };
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class ReportsMapping
{
    public static ReportOptions Reports(ServerSettings settings) => new(
        settings.HostName, settings.Reports.Address ?? $"postmaster@{settings.Domains.Select(d => d.Name).FirstOrDefault() ?? settings.HostName}",
        settings.Reports.Send && settings.Outbound.Capture is null);
}
