using Aviso.Base;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>How much of what a client does wrong is borne in one session.</summary>
public sealed record LineLimits
{
    /// <summary>From the greeting to a login, all waits together.</summary>
    public TimeSpan LoginTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The session ends at so many failed logins.</summary>
    public int FailedLogins { get; init; } = 5;

    /// <summary>The session ends at so many commands that were not understood or out of place.</summary>
    public int BadCommands { get; init; } = 10;

    /// <summary>The same after a login, in a row.</summary>
    public int BadCommandsInARow { get; init; } = 50;
}

/// <summary>
/// What conversations by lines have in common, whatever they say: patience before the login, the count of what the client does wrong, why
/// the session ends, faults of our own, and what our own machines are refused. The protocol says it in its words.
/// </summary>
public sealed class LineSession(WireConnection connection, TimeProvider clock, ILogger log, LineLimits limits)
{
    // A deadline that is over must still be a wait.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly long _began = clock.GetTimestamp();
    private int _badCommands, _failedLogins;

    /// <summary>Since the connection was handed to the protocol.</summary>
    public TimeSpan Age => clock.GetElapsedTime(_began);

    /// <summary>How long the next wait for the client may take: before the login what is left of its time.</summary>
    public TimeSpan Patience(TimeSpan loggedIn)
    {
        if (connection.Login is not null) return loggedIn;
        var left = limits.LoginTime - Age;
        return left > Shortest ? left : Shortest;
    }

    /// <summary>The time for a login is over, though the client never was silent.</summary>
    public bool IsLoginLate => connection.Login is null && Age >= limits.LoginTime;

    /// <summary>One more command that was not understood or out of place; true: it is one too many, and why the session ends.</summary>
    public bool IsOneBadTooMany()
    {
        if (++_badCommands < (connection.Login is null ? limits.BadCommands : limits.BadCommandsInARow)) return false;
        connection.End(Reason.BadCommands);
        return true;
    }

    /// <summary>The client knows what it does after all.</summary>
    public void ForgetBad() => _badCommands = 0;

    /// <summary>One more failed login; true: it is one too many, and why the session ends.</summary>
    public bool IsOneFailureTooMany()
    {
        if (++_failedLogins < limits.FailedLogins) return false;
        connection.End(Reason.FailedLogins);
        return true;
    }

    /// <summary>The session ends with <paramref name="reply"/>. Of one of our own machines it is an event when we end it.</summary>
    public void End(Reason reason, string reply, LineNames names = default)
    {
        connection.End(reason);
        if (reason.IsDrop) Refused(reply, reason.Word, names, reason);
    }

    /// <summary>The client was told no: an event of its own when it is one of our own machines, with all that names it.</summary>
    /// <param name="cause">For the log.</param>
    public void Refused(string reply, string cause, LineNames names = default, Reason? why = null)
    {
        if (!connection.Origin.IsInternal) return;
        OwnRefusals.Note(log, connection.Id, connection.Origin.Remote, names, reply, cause, why, connection.Login?.Address);
    }

    /// <summary>The id of a fault of our own, for the client and the log.</summary>
    public static string NewFaultId() => Guid.NewGuid().ToString("N")[..12];

    /// <summary>Why a connection is turned away at the door, for people; the protocol makes a line of it.</summary>
    public static string DoorText(Reason reason) =>
        reason == Reason.ClientLimit ? "Too many connections from your address, try again later" : "Busy, try again later";
}
