using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class MtaStsSection : SettingsSection
{
    public bool Verify { get; private set; } = true;

    public StsMode Publish { get; private set; }

    public IReadOnlyList<string> Mx { get; private set; } = [];

    public TimeSpan MaxAge { get; private set; } = TimeSpan.FromDays(7);

    internal static readonly Table<MtaStsSection> Table = new("MTA-STS (RFC 8461): TLS between mail servers that nobody on the way can switch off.",
    [
        new Key<MtaStsSection, bool>("verify", Types.Boolean, s => s.Verify, (s, v) => s.Verify = v,
            "Hold mail to other domains to the policies they publish. DANE, where a domain has it, comes first.") { AfterRestart = true, Example = "false" },
        new Key<MtaStsSection, StsMode>("publish", Types.Words("mode", ("none", StsMode.None), ("testing", StsMode.Testing), ("enforce", StsMode.Enforce)),
            s => s.Publish, (s, v) => s.Publish = v,
            "Serve a policy for each of our domains at https://mta-sts.DOMAIN/.well-known/mta-sts.txt; the records to publish are shown by `aviso certificates "
            + "mta-sts`. Begin with testing and read the reports; enforce makes others defer mail to a server without a valid certificate. Go back by way of "
            + "`none` with the records still there, for as long as `max_age` was.") { Example = "testing" },
        new Key<MtaStsSection, IReadOnlyList<string>>("mx", Types.ListOf(Types.CertificateName), s => s.Mx, (s, v) => s.Mx = v,
            "All servers that take mail for our domains, as in their MX records, backups too; `*.example.org` for any one label.")
            { Example = "[mail.example.org, mx2.example.org]", DefaultText = "`hostname`" },
        new Key<MtaStsSection, TimeSpan>("max_age", Types.Duration, s => s.MaxAge, (s, v) => s.MaxAge = v,
            "How long others keep the policy when they cannot reach it; at most a year.") { Example = "30d" },
    ]);
}
