using Microsoft.Extensions.Logging;

namespace Aviso.Secrets;

/// <summary>Log events of this folder, 6000-6049. None ever has a value.</summary>
internal static partial class SecretsLog
{
    [LoggerMessage(6001, LogLevel.Error, "secrets: {Problem}. The last values stay in use, the oldest read at {Oldest:u}")]
    public static partial void Stale(this ILogger log, string problem, DateTimeOffset oldest);

    [LoggerMessage(6002, LogLevel.Information, "secrets: everything is read from Vault again")]
    public static partial void Fresh(this ILogger log);

    [LoggerMessage(6003, LogLevel.Information, "secrets: {Path} has changed{Version}")]
    public static partial void Changed(this ILogger log, string path, string version);

    [LoggerMessage(6004, LogLevel.Error, "secrets: the last values cannot be kept for a restart: {Error}")]
    public static partial void NotKept(this ILogger log, string error);

    [LoggerMessage(6005, LogLevel.Warning, "secrets: {Note}")]
    public static partial void Note(this ILogger log, string note);

    [LoggerMessage(6006, LogLevel.Error, "secrets: a look at Vault failed; the next one comes")]
    public static partial void LookFailed(this ILogger log, Exception e);
}
