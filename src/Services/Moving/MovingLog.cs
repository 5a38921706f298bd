using Microsoft.Extensions.Logging;

namespace Aviso.Moving;

/// <summary>Log events of moving in, 7300-7319.</summary>
internal static partial class MovingLog
{
    [LoggerMessage(7300, LogLevel.Information, "move: {What} begins")]
    public static partial void MoveBegun(this ILogger log, string what);

    [LoggerMessage(7301, LogLevel.Information, "move: {What} {State}: {Messages} messages, {Octets} octets")]
    public static partial void MoveEnded(this ILogger log, string what, string state, long messages, long octets);

    [LoggerMessage(7302, LogLevel.Error, "move: {What} failed")]
    public static partial void MoveFailed(this ILogger log, Exception e, string what);
}
