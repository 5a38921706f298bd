namespace Aviso.Settings;

/// <summary>
/// What several keys must agree on. One method for each rule; each says what to do. What the lists of accounts and aliases hold is
/// compared by Accounts, which keeps an old list when a new one cannot be believed.
/// </summary>
internal static class SettingsChecks
{
    public static void Run(ServerSettings settings, Problems problems)
    {
        ListenersChecks.ListenersAreApart(settings, problems);
        ListenersChecks.ListenersHaveTls(settings, problems);
        TlsChecks.TlsIsOneThing(settings.Tls, problems);
        if (settings.Tls.HasAcme) AcmeChecks.Run(settings, problems);
        if (settings.HasVault) VaultChecks.Run(settings.Vault, problems);
        DnsChecks.ZonesAreWhole(settings.Dns, problems);
        MtaStsChecks.PolicyIsServed(settings.MtaSts, settings, problems);
        NetworksChecks.NetworksAreNotEverybody(settings, problems);
        GuardChecks.Run(settings, problems);
        Pop3Checks.IdsAreUnique(settings.Pop3, problems);
        DomainsChecks.DomainsAreApart(settings, problems);
        AccountsChecks.AccountsAreWhole(settings, problems);
        AliasesChecks.AliasesAreClear(settings, problems);
        RelaysChecks.RelaysAreWhole(settings, problems);
        ProbeChecks.ProbeIsWhole(settings, problems);
        RoutesChecks.RoutesLeadSomewhere(settings, problems);
        OutboundChecks.CaptureIsLocal(settings, problems);
        AccountsChecks.PostmasterIsSomebody(settings, problems);
        SpamListsChecks.SpamListsAreWhole(settings.Spam, problems);
        SpamChecks.TrapsAreNobodys(settings, problems);
        SpamChecks.LimitsRise(settings.Spam, problems);
        if (settings.HasOAuth) OAuthChecks.ProviderIsReached(settings.OAuth, problems);
        TraceChecks.BoundsAreOfUse(settings.Trace, problems);
        OutboundChecks.NoticeComesFirst(settings.Outbound, problems);
        DoctorChecks.CodesAreKnown(settings.Doctor, problems);
        EventsChecks.Run(settings, problems);
        BackupChecks.BackupIsWhole(settings, problems);
    }

    internal static void Say(Problems problems, SettingsSection section, string key, string text) =>
        problems.Add(section.PlaceOf(key), section.PathOf(key), text);
}
