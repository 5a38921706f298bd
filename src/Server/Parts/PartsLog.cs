using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>Log events of the parts, 6080-6129.</summary>
internal static partial class PartsLog
{
    [LoggerMessage(6091, LogLevel.Warning, "nftables: table {Table} could not be removed: {Problem}")]
    public static partial void TableStays(this ILogger log, string table, string problem);
}
