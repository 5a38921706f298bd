using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>Log events of how decisions bite and whose they are, 4700-4719.</summary>
internal static partial class EnforcementLog
{
    [LoggerMessage(4700, LogLevel.Warning, "{Count} bans of the former owner of policy are lifted: guard.mode is {Mode} now")]
    public static partial void FormerOwnerLifted(this ILogger log, int count, string mode);

    [LoggerMessage(4701, LogLevel.Error, "guard.compatibility_log cannot be written, the engine that reads it hears nothing: {Error}")]
    public static partial void CompatibilityLogFails(this ILogger log, string error);
}
