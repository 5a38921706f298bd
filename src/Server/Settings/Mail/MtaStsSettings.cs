using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class MtaStsSection : SettingsSection
{
    internal static readonly Table<MtaStsSection> Table = new("MTA-STS (RFC 8461): TLS between mail servers that nobody on the way can switch off.");

    public bool Verify => Get(VerifyKey);

    private static readonly Key<bool> VerifyKey = new(Table, "verify", Types.Boolean, true,
        "Hold mail to other domains to the policies they publish. DANE, where a domain has it, comes first.")
        { AfterRestart = true, Example = "false" };

    public StsMode Publish => Get(PublishKey);

    private static readonly Key<StsMode> PublishKey = new(Table, "publish", Types.Words("mode", ("none", StsMode.None), ("testing", StsMode.Testing), ("enforce", StsMode.Enforce)), default,
        "Serve a policy for each of our domains at https://mta-sts.DOMAIN/.well-known/mta-sts.txt; the records to publish are shown by `aviso certificates "
        + "mta-sts`. Begin with testing and read the reports; enforce makes others defer mail to a server without a valid certificate. Go back by way of "
        + "`none` with the records still there, for as long as `max_age` was.") { Example = "testing" };

    public IReadOnlyList<string> Mx => Get(MxKey);

    private static readonly Key<IReadOnlyList<string>> MxKey = new(Table, "mx", Types.ListOf(Types.CertificateName), [],
        "All servers that take mail for our domains, as in their MX records, backups too; `*.example.org` for any one label.")
        { Example = "[mail.example.org, mx2.example.org]", DefaultText = "`hostname`" };

    public TimeSpan MaxAge => Get(MaxAgeKey);

    private static readonly Key<TimeSpan> MaxAgeKey = new(Table, "max_age", Types.Duration, TimeSpan.FromDays(7),
        "How long others keep the policy when they cannot reach it; at most a year.") { Example = "30d" };
}
