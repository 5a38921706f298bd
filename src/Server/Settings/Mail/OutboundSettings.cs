using System.Net;
using Aviso.Delivery;

namespace Aviso.Settings;

public sealed class OutboundSection : SettingsSection
{
    internal static readonly Table<OutboundSection> Table = new("How mail leaves.");

    public IReadOnlyList<IPNetwork> AllowPrivate => Get(AllowPrivateKey);

    private static readonly Key<IReadOnlyList<IPNetwork>> AllowPrivateKey = new(Table, "allow_private", Types.ListOf(Types.Network), [],
        "Private networks that names from the DNS may lead to. All others are refused: a stranger's MX "
        + "must not point into our network.")
    { Example = "[10.1.2.0/24]" };

    public string? Capture => Find(CaptureKey);

    private static readonly Key<string> CaptureKey = new(Table, "capture", Types.Address,
        "Nothing leaves: mail for other domains lands in this account instead. For tries and staging.")
    { AfterRestart = true, Example = "outside@example.org", DefaultText = "none: mail is sent" };

    public TimeSpan GiveUpAfter => Get(GiveUpAfterKey);

    private static readonly Key<TimeSpan> GiveUpAfterKey = new(Table, "give_up_after", Types.Duration, TimeSpan.FromDays(5),
        "When mail that cannot be sent goes back to its sender (RFC 5321 section 4.5.4.1).")
    { Example = "3d" };

    public TimeSpan NoticeAfter => Get(NoticeAfterKey);

    private static readonly Key<TimeSpan> NoticeAfterKey = new(Table, "notice_after", Types.Duration, TimeSpan.FromHours(4),
        "When the sender is told that mail still waits.")
    { Example = "2h" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class OutboundChecks
{
    public static void NoticeComesFirst(OutboundSection outbound, Problems problems)
    {
        if (outbound.NoticeAfter < outbound.GiveUpAfter) return;
        SettingsChecks.Say(problems, outbound, outbound.Has("notice_after") ? "notice_after" : "give_up_after",
            "`notice_after` must be shorter than `give_up_after`");
    }

    public static void CaptureIsLocal(ServerSettings settings, Problems problems)
    {
        if (settings.Outbound.Capture is not { } capture) return;
        if (!DomainsChecks.IsDeclared(settings, capture)) SettingsChecks.Say(problems, settings.Outbound, "capture", DomainsChecks.NotDeclared(settings, capture));
        if (settings.Routes.Count > 0) SettingsChecks.Say(problems, settings.Outbound, "capture", "contradicts `routes`: nothing would be sent through them");
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class OutboundMapping
{
    public static QueueRunnerOptions Queue(ServerSettings settings) => new()
    {
        HostName = settings.HostName,
        Relays = [.. settings.Relays.Select(RelaysMapping.Relay)],
        Schedule = new() { GiveUpAfter = settings.Outbound.GiveUpAfter, DelayNoticeAfter = settings.Outbound.NoticeAfter },
    };
}
