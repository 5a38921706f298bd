using Microsoft.Extensions.Logging;

namespace Aviso.Trace;

/// <summary>Log events of the trace, 3300-3319.</summary>
internal static partial class TraceLog
{
    [LoggerMessage(3301, LogLevel.Error, "traces cannot be written to {Folder}; {Entries} entries are lost, mail goes on")]
    public static partial void NotWritten(this ILogger log, Exception e, string folder, int entries);

    [LoggerMessage(3302, LogLevel.Warning, "traces are made faster than they are written; entries are lost, mail goes on")]
    public static partial void NotKept(this ILogger log);

    [LoggerMessage(3303, LogLevel.Warning, "the trace file {File} ends in {Octets} octets that are no whole entry; they are cut off")]
    public static partial void TailCut(this ILogger log, string file, long octets);

    [LoggerMessage(3304, LogLevel.Warning, "the trace file {File} cannot be read and is passed over")]
    public static partial void Unreadable(this ILogger log, Exception e, string file);
}
