namespace Aviso.ManageSieve;

/// <summary>What a ManageSieve server is told once; every limit a stranger can meet stands here.</summary>
public sealed record ManageSieveOptions
{
    /// <summary>In IMPLEMENTATION.</summary>
    public string Implementation { get; init; } = "Aviso";

    /// <summary>MAXREDIRECTS (RFC 5804 §1.7).</summary>
    public int MaxRedirects { get; init; } = 4;

    /// <summary>Connections of one account from one address.</summary>
    public int SessionsPerUserAndAddress { get; init; } = 20;

    /// <summary>From the greeting to a login.</summary>
    public TimeSpan LoginTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>RFC 5804 §1.2: at least 30 minutes after login.</summary>
    public TimeSpan Autologout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Octets of a literal have to keep coming at least this often.</summary>
    public TimeSpan LiteralPatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a peer may refuse to read what it asked for.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Answer to a failed login waits this long.</summary>
    public TimeSpan FailedLoginDelay { get; init; } = TimeSpan.FromSeconds(2);

    public int FailedLogins { get; init; } = 5;

    public int BadCommandsBeforeLogin { get; init; } = 10;

    /// <summary>After login: a client that only ever errs is cut off too.</summary>
    public int BadCommandsInARow { get; init; } = 50;

    /// <summary>Octets of one line, literals not counted.</summary>
    public int Line { get; init; } = 4 * 1024;

    /// <summary>Octets of a command with its literals before login: SASL messages.</summary>
    public int CommandBeforeLogin { get; init; } = 16 * 1024;

    /// <summary>Octets of literals above which a command is not even thrown away: the connection ends.</summary>
    public long Hopeless { get; init; } = 64L * 1024 * 1024;
}
