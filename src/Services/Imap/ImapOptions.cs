namespace Aviso.Imap;

/// <summary>What an IMAP server is told once; every limit a stranger can meet stands here.</summary>
public sealed record ImapOptions
{
    /// <summary>Shown in the greeting.</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>RFC 9698: the URL of JMAP's session for the same accounts; null where JMAP is not served over https.</summary>
    public string? JmapSession { get; init; }

    /// <summary>APPENDLIMIT, octets.</summary>
    public long MessageSize { get; init; } = 200L * 1024 * 1024;

    /// <summary>limits.imap_per_user_and_address.</summary>
    public int SessionsPerUserAndAddress { get; init; } = 50;

    /// <summary>From the greeting to a login.</summary>
    public TimeSpan LoginTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>RFC 9051 §5.4: at least 30 minutes.</summary>
    public TimeSpan Autologout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often IDLE says that the connection lives (keeps address translation tables warm).</summary>
    public TimeSpan IdleBeat { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a peer may refuse to read what it asked for.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Octets of a literal have to keep coming at least this often.</summary>
    public TimeSpan LiteralPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Answer to a failed login waits this long.</summary>
    public TimeSpan FailedLoginDelay { get; init; } = TimeSpan.FromSeconds(2);

    public int FailedLogins { get; init; } = 5;

    public int BadCommandsBeforeLogin { get; init; } = 10;

    /// <summary>After login: a client that only ever errs is cut off too.</summary>
    public int BadCommandsInARow { get; init; } = 50;

    public int LineBeforeLogin { get; init; } = 8 * 1024;

    /// <summary>AUTHENTICATE and its answers: a token in base64 must fit.</summary>
    public int AuthenticateLine { get; init; } = 16 * 1024;

    public int LiteralBeforeLogin { get; init; } = 4 * 1024;

    public int Line { get; init; } = 64 * 1024;

    /// <summary>One literal that is not a message.</summary>
    public int Literal { get; init; } = 64 * 1024;

    /// <summary>A whole command with its literals, messages not counted.</summary>
    public int CommandSize { get; init; } = 256 * 1024;

    /// <summary>Messages in one APPEND (MULTIAPPEND).</summary>
    public int MessagesPerAppend { get; init; } = 1000;
}
