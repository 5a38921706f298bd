using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>Log events of start, reload and stop, 6050-6079.</summary>
internal static partial class StartLog
{
    [LoggerMessage(6050, LogLevel.Information, "aviso {Version} starts, data in {Data}")]
    public static partial void Starts(this ILogger log, string version, string data);

    [LoggerMessage(6051, LogLevel.Warning, "settings: {Key} is set and has no effect yet: {Part} comes later")]
    public static partial void NoEffectYet(this ILogger log, string key, string part);

    [LoggerMessage(6053, LogLevel.Information, "{Kind} listens on {Address}")]
    public static partial void Listens(this ILogger log, string kind, System.Net.IPEndPoint address);

    [LoggerMessage(6054, LogLevel.Information, "ready after {Milliseconds} ms")]
    public static partial void Ready(this ILogger log, long milliseconds);

    [LoggerMessage(6055, LogLevel.Debug, "the start failed")]
    public static partial void StartFailed(this ILogger log, Exception e);

    [LoggerMessage(6060, LogLevel.Information, "settings: SIGHUP came")]
    public static partial void HangUpCame(this ILogger log);

    [LoggerMessage(6073, LogLevel.Warning,
        "settings: SIGHUP reaches nobody here, since whoever started this wanted it ignored (nohup does): use `aviso reload`")]
    public static partial void HangUpIsIgnored(this ILogger log);

    [LoggerMessage(6061, LogLevel.Error, "settings: reading them again ({Reason}) is not done after {Seconds} s; until then the old ones hold")]
    public static partial void ReadingIsLate(this ILogger log, string reason, double seconds);

    [LoggerMessage(6062, LogLevel.Error, "settings: reading them again failed; the old ones stay")]
    public static partial void ReadingFailed(this ILogger log, Exception e);

    [LoggerMessage(6063, LogLevel.Error, "settings: {Problem}")]
    public static partial void SettingsProblem(this ILogger log, string problem);

    [LoggerMessage(6064, LogLevel.Error, "settings: {Problems}; the old settings stay")]
    public static partial void OldSettingsStay(this ILogger log, string problems);

    [LoggerMessage(6065, LogLevel.Warning, "settings: {Part}: {Note}")]
    public static partial void HoldsNotYet(this ILogger log, string part, string note);

    [LoggerMessage(6066, LogLevel.Information, "settings: read again ({Reason})")]
    public static partial void ReadAgain(this ILogger log, string reason);
}
