namespace Aviso.Smtp;

/// <summary>
/// What one SMTP or LMTP listener says and bears. Every limit here is on something a stranger sends; 0 is not "unlimited".
/// </summary>
public sealed record SmtpServerOptions
{
    /// <summary>The name in the greeting and in the EHLO reply; a host name, ASCII.</summary>
    public required string HostName { get; init; }

    /// <summary>Largest message in octets, announced by SIZE (RFC 1870).</summary>
    public long MessageSize { get; init; } = 200L * 1024 * 1024;

    /// <summary>Accepted recipients a transaction; announced as RCPTMAX (RFC 9422). RFC 5321 §4.5.3.1.8 wants at least 100.</summary>
    public int Recipients { get; init; } = 1_000;

    /// <summary>Refused recipients a session before it is closed with 421.</summary>
    public int RefusedRecipients { get; init; } = 20;

    /// <summary>Transactions a session; announced as MAILMAX (RFC 9422).</summary>
    public int Transactions { get; init; } = 10_000;

    /// <summary>Commands a session that were not understood or out of place before it is closed with 421.</summary>
    public int BadCommands { get; init; } = 10;

    /// <summary>Commands without progress (NOOP, RSET, VRFY, HELP, EHLO...) since the last message before the session is closed.</summary>
    public int IdleCommands { get; init; } = 100;

    /// <summary>Failed logins a session before it is closed with 421.</summary>
    public int FailedLogins { get; init; } = 3;

    /// <summary>Command octets a session on a submission listener may send before it has logged in.</summary>
    public int OctetsBeforeLogin { get; init; } = 64 * 1024;

    /// <summary>Longest line inside a message in octets, line end not counted (RFC 5321 §4.5.3.1.6 says 998; real mail does not).</summary>
    public int DataLine { get; init; } = 64 * 1024;

    /// <summary>RFC 5321 §4.5.3.2.7: five minutes for the next command.</summary>
    public TimeSpan CommandPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>RFC 5321 §4.5.3.2.5: three minutes for the next octets of a message.</summary>
    public TimeSpan DataPatience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a peer may leave our replies unread.</summary>
    public TimeSpan ReplyPatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A session's whole life, whatever it does.</summary>
    public TimeSpan SessionTime { get; init; } = TimeSpan.FromHours(2);
}
