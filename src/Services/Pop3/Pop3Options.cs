namespace Aviso.Pop3;

/// <summary>What a POP3 server is told once; every limit a stranger can meet stands here.</summary>
public sealed record Pop3Options
{
    /// <summary>In the greeting.</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>In IMPLEMENTATION (RFC 2449 §6.9).</summary>
    public string Implementation { get; init; } = "Aviso";

    /// <summary>How unique-ids are made.</summary>
    public UidlFormat Uidl { get; init; } = UidlFormat.Default;

    /// <summary>What was fetched whole is \Seen afterwards.</summary>
    public bool MarksRead { get; init; } = true;

    /// <summary>Connections of one account from one address.</summary>
    public int SessionsPerUserAndAddress { get; init; } = 20;

    /// <summary>From the greeting to a login.</summary>
    public TimeSpan LoginTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>RFC 1939 §3: at least 10 minutes.</summary>
    public TimeSpan Autologout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A session that said nothing for so long gives its maildrop up to the next one: most likely its client is gone.</summary>
    public TimeSpan LockPatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a peer may refuse to read what it asked for.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Answer to a failed login waits this long.</summary>
    public TimeSpan FailedLoginDelay { get; init; } = TimeSpan.FromSeconds(2);

    public int FailedLogins { get; init; } = 5;

    public int BadCommandsBeforeLogin { get; init; } = 10;

    /// <summary>After login: a client that only ever errs is cut off too.</summary>
    public int BadCommandsInARow { get; init; } = 50;

    /// <summary>Octets of a line. RFC 2449 §4 asks for 255; a password may be longer.</summary>
    public int Line { get; init; } = 2 * 1024;

    /// <summary>Octets of what a client answers to a challenge: a token in base64 must fit.</summary>
    public int AuthLine { get; init; } = 16 * 1024;
}
