using Microsoft.Extensions.Logging;

namespace Aviso.Backup;

/// <summary>Log events of this folder, 4900-4949.</summary>
internal static partial class BackupLog
{
    [LoggerMessage(4900, LogLevel.Error, "a round of backups failed")]
    public static partial void RoundFailed(this ILogger log, Exception fault);

    [LoggerMessage(4901, LogLevel.Error, "backup target {Target} takes nothing: {Problem}; it is tried again")]
    public static partial void TargetFails(this ILogger log, string target, string problem);

    [LoggerMessage(4902, LogLevel.Information, "removed {Count} old points from backup target {Target}")]
    public static partial void PointsRemoved(this ILogger log, int count, string target);

    [LoggerMessage(4903, LogLevel.Information, "the backup on {Target} of {At:u} was restored and is whole: {Messages} messages")]
    public static partial void DrillPassed(this ILogger log, string target, DateTimeOffset? at, long messages);

    [LoggerMessage(4904, LogLevel.Error, "the drill of backup target {Target} failed: {Problems}")]
    public static partial void DrillFailed(this ILogger log, string target, string problems);

    [LoggerMessage(4905, LogLevel.Debug, "a message to {Mailbox} of {Address} was delivered and read in the restored store")]
    public static partial void DrillRead(this ILogger log, string mailbox, string address);

    [LoggerMessage(4906, LogLevel.Error, "the backup on {Target} lacks what cannot be read here: {Problem}; the rest is copied")]
    public static partial void FileNotRead(this ILogger log, string target, string problem);
}
