using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// A leaky bucket: it holds <paramref name="Capacity"/> events, loses one each <paramref name="Leak"/>, and the event that does not fit makes
/// a decision; then it is silent for <paramref name="Silence"/>. Capacity 0 fires at the first.
/// </summary>
/// <param name="Name">As in CrowdSec's hub where the thresholds are its own.</param>
/// <param name="Distinct">Events count only with a user that is not in the bucket yet.</param>
/// <param name="SparesSenders">A client that has delivered mail lately is not banned by it: its evidence is that we sent it away ourselves.</param>
/// <param name="Longest">Of its bans, however often it fires; null: as the settings say.</param>
/// <param name="Logins">Failed logins on these kinds count; null means on none.</param>
public sealed record Scenario(string Name, IReadOnlyList<string> Words, int Capacity, TimeSpan Leak, TimeSpan Silence, bool Distinct = false,
    Func<ListenerKind, bool>? Logins = null, bool SparesSenders = false, TimeSpan? Longest = null)
{
    /// <summary>Those of the hub with its thresholds, then our own.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("crowdsecurity/postfix-spam", [GuardWords.UnknownRecipient, GuardWords.RelayDenied, GuardWords.HeloRejected], 5, Seconds(10), Seconds(60), Logins: IsSmtp),
        new("crowdsecurity/postfix-relay-denied", [GuardWords.RelayDenied], 1, Seconds(600), Seconds(60)),
        new("crowdsecurity/postfix-helo-rejected", [GuardWords.HeloRejected], 1, Seconds(600), Seconds(60)),
        new("crowdsecurity/postfix-non-smtp-command", [GuardWords.NonSmtpCommand], 0, Seconds(60), Seconds(60)),
        new("crowdsecurity/postscreen-rbl", [GuardWords.EarlyTalker], 0, Seconds(60), Seconds(60)),
        new("crowdsecurity/dovecot-spam", [], 3, Seconds(360), Seconds(300), Logins: IsReader),
        new("melite/dovecot-slow-bf", [], 3, Seconds(3600), Seconds(300), Logins: IsReader),
        new("melite/dovecot-slow-bf_user-enum", [], 3, Seconds(3600), Seconds(300), Distinct: true, Logins: IsReader),
        new("aviso/login-enum", [], 5, Seconds(600), Seconds(60), Distinct: true, Logins: _ => true),
        new("aviso/login-bf", [], 9, Seconds(600), Seconds(60), Logins: _ => true),
        new("aviso/recipient-harvest", [GuardWords.UnknownRecipient], 19, Seconds(60), Seconds(60)),
        new("aviso/protocol-abuse", ["bare-lf", "bad-commands", "out-of-step", "refused-recipients", "idle-commands", "octets-before-login",
            "clear-after-starttls", "proxy-untrusted"], 2, Seconds(600), Seconds(60)),
        new("aviso/spam-source", [GuardWords.Spam, GuardWords.SpamTrap], 4, Seconds(600), Seconds(60)),
        new("aviso/connection-flood", [GuardWords.RateLimit, "client-limit"], 60, Seconds(2), Seconds(60), SparesSenders: true, Longest: Seconds(4 * 3600)),
    ];

    internal bool Counts(Evidence evidence) =>
        evidence.What == GuardWords.LoginFailed ? Logins?.Invoke(evidence.Kind) == true : Words.Contains(evidence.What);

    private static bool IsSmtp(ListenerKind kind) => kind is ListenerKind.Smtp or ListenerKind.Submission or ListenerKind.Submissions;

    private static bool IsReader(ListenerKind kind) => kind is ListenerKind.Imap or ListenerKind.Imaps or ListenerKind.Pop3 or ListenerKind.Pop3s or ListenerKind.ManageSieve;

    private static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
}

/// <summary>Words of evidence; others are the reasons for which sessions are ended.</summary>
public static class GuardWords
{
    public const string LoginFailed = "login-failed";
    public const string UnknownRecipient = "unknown-recipient";
    public const string RelayDenied = "relay-denied";
    public const string HeloRejected = "helo-rejected";
    public const string NonSmtpCommand = "non-smtp-command";
    public const string EarlyTalker = "early-talker";
    public const string RateLimit = "rate-limit";
    public const string Spam = "spam";
    public const string SpamTrap = "spam-trap";
}
