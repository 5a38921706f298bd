using Microsoft.Extensions.Logging;

namespace Aviso.Admin;

/// <summary>Log events of the admin socket, 6130-6149.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(6130, LogLevel.Warning, "admin socket: accept failed: {Error}")]
    public static partial void AcceptFailed(this ILogger log, string error);

    [LoggerMessage(6131, LogLevel.Warning, "admin socket: user {User} refused; only the server's own user and root may use it")]
    public static partial void UserRefused(this ILogger log, uint? user);

    [LoggerMessage(6132, LogLevel.Debug, "admin socket: connection ended: {Error}")]
    public static partial void ConnectionEnded(this ILogger log, string error);

    [LoggerMessage(6133, LogLevel.Information, "audit: user {User} called {Verb} {Args}: {Outcome}")]
    public static partial void Audit(this ILogger log, uint user, string verb, string args, string outcome);

    [LoggerMessage(6134, LogLevel.Error, "admin socket: {Verb} failed")]
    public static partial void VerbFailed(this ILogger log, Exception e, string verb);
}
