using Aviso.Delivery;
using Aviso.Net;

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
        "Serve a policy for each of our domains at https://mta-sts.DOMAIN/.well-known/mta-sts.txt; the records to publish are shown by `aviso dns "
        + "plan`. Begin with testing and read the reports; enforce makes others defer mail to a server without a valid certificate. Go back by way of "
        + "`none` with the records still there, for as long as `max_age` was.")
    { Example = "testing" };

    public IReadOnlyList<string> Mx => Get(MxKey);

    private static readonly Key<IReadOnlyList<string>> MxKey = new(Table, "mx", Types.ListOf(Types.CertificateName), [],
        "All servers that take mail for our domains, as in their MX records, backups too; `*.example.org` for any one label.")
    { Example = "[mail.example.org, mx2.example.org]", DefaultText = "`hostname`" };

    public TimeSpan MaxAge => Get(MaxAgeKey);

    private static readonly Key<TimeSpan> MaxAgeKey = new(Table, "max_age", Types.Duration, TimeSpan.FromDays(7),
        "How long others keep the policy when they cannot reach it; at most a year.")
    { Example = "30d" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class MtaStsChecks
{
    public static void PolicyIsServed(MtaStsSection sts, ServerSettings settings, Problems problems)
    {
        if (sts.Publish != Delivery.StsMode.None && settings.Listeners.All(l => l.Kind is not (ListenerKind.Https or ListenerKind.Http)))
            SettingsChecks.Say(problems, sts, "publish", "the policy needs a listener: add `{ kind: https, address: \"[::]:443\" }`");
        if (sts.MaxAge < TimeSpan.FromHours(1) || sts.MaxAge > TimeSpan.FromDays(365))
            SettingsChecks.Say(problems, sts, "max_age", "must be from an hour to a year; others want a week or more (RFC 8461 section 3.2)");
        if (sts.Publish == Delivery.StsMode.Enforce && sts.Mx.Count > 0 && !Covered(sts.Mx, settings.HostName))
            SettingsChecks.Say(problems, sts, "mx", $"does not name this server ({settings.HostName}): others would send it no mail");
    }

    private static bool Covered(IReadOnlyList<string> mx, string host) => new Delivery.StsPolicy(Delivery.StsMode.Enforce, [.. mx.Select(m => m.ToLowerInvariant())], default).Covers(host);
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class MtaStsMapping
{
    /// <summary>Null when nothing is published.</summary>
    public static StsPolicy? PublishedPolicy(ServerSettings settings) => !settings.MtaSts.Has("publish") ? null : new(
        settings.MtaSts.Publish,
        settings.MtaSts.Mx.Count > 0 ? [.. settings.MtaSts.Mx.Select(m => m.ToLowerInvariant())] : [settings.HostName.ToLowerInvariant()],
        settings.MtaSts.MaxAge);
}
