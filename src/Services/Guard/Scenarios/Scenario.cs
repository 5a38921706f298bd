using Aviso.Base;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// A leaky bucket: it holds <paramref name="Capacity"/> events, loses one each <paramref name="Leak"/>, and the event that does not fit makes
/// a decision; then it is silent for <paramref name="Silence"/>. Capacity 0 fires at the first.
/// </summary>
/// <param name="Name">As in CrowdSec's hub where the thresholds are its own.</param>
/// <param name="Reasons">That count, on every kind.</param>
/// <param name="Distinct">Events count only with a user that is not in the bucket yet.</param>
/// <param name="SparesSenders">A client that has delivered mail lately is not banned by it: its evidence is that we sent it away ourselves.</param>
/// <param name="Longest">Of its bans, however often it fires; null: as the settings say.</param>
/// <param name="Logins">Failed logins on these kinds count; null means on none.</param>
public sealed record Scenario(string Name, IReadOnlyList<Reason> Reasons, int Capacity, TimeSpan Leak, TimeSpan Silence,
    bool Distinct = false,
    Func<ListenerKind, bool>? Logins = null, bool SparesSenders = false, TimeSpan? Longest = null)
{
    /// <summary>Those of the hub with its thresholds, then our own.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("crowdsecurity/postfix-spam", [Reason.UnknownRecipient, Reason.RelayDenied, Reason.HeloRejected], 5,
            Seconds(10), Seconds(60), Logins: IsSmtp),
        new("crowdsecurity/postfix-relay-denied", [Reason.RelayDenied], 1, Seconds(600), Seconds(60)),
        new("crowdsecurity/postfix-helo-rejected", [Reason.HeloRejected], 1, Seconds(600), Seconds(60)),
        new("crowdsecurity/postfix-non-smtp-command", [Reason.NonSmtpCommand], 0, Seconds(60), Seconds(60)),
        new("crowdsecurity/postscreen-rbl", [Reason.EarlyTalker], 0, Seconds(60), Seconds(60)),
        new("crowdsecurity/dovecot-spam", [], 3, Seconds(360), Seconds(300), Logins: IsReader),
        new("melite/dovecot-slow-bf", [], 3, Seconds(3600), Seconds(300), Logins: IsReader),
        new("melite/dovecot-slow-bf_user-enum", [], 3, Seconds(3600), Seconds(300), Distinct: true, Logins: IsReader),
        new("aviso/login-enum", [], 5, Seconds(600), Seconds(60), Distinct: true, Logins: _ => true),
        new("aviso/login-bf", [], 9, Seconds(600), Seconds(60), Logins: _ => true),
        new("aviso/recipient-harvest", [Reason.UnknownRecipient], 19, Seconds(60), Seconds(60)),
        new("aviso/protocol-abuse", [Reason.BareLineFeed, Reason.BadCommands, Reason.OutOfStep, Reason.RefusedRecipients, Reason.IdleCommands,
            Reason.OctetsBeforeLogin, Reason.ClearAfterStartTls, Reason.ProxyUntrusted], 2, Seconds(600), Seconds(60)),
        new("aviso/spam-source", [Reason.Spam, Reason.SpamTrap], 4, Seconds(600), Seconds(60)),
        new("aviso/connection-flood", [Reason.Rate, Reason.ClientLimit], 60, Seconds(2), Seconds(60),
            SparesSenders: true, Longest: Seconds(4 * 3600)),
    ];

    internal bool Counts(Evidence evidence) =>
        evidence.What == Reason.LoginFailed ? Logins?.Invoke(evidence.Kind) == true : Reasons.Contains(evidence.What);

    private static bool IsSmtp(ListenerKind kind) => kind is ListenerKind.Smtp or ListenerKind.Submission or ListenerKind.Submissions;

    private static bool IsReader(ListenerKind kind) => kind is ListenerKind.Imap or ListenerKind.Imaps or ListenerKind.Pop3 or ListenerKind.Pop3s or ListenerKind.ManageSieve;

    private static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
}
