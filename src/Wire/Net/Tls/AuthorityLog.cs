using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>Log events of the authority of our own, 2100-2109.</summary>
internal static partial class AuthorityLog
{
    [LoggerMessage(2100, LogLevel.Warning,
        "the clock says {Now:u}, our own certificate authority begins at {From:u}: the clock is behind, or the authority came from another machine; "
        + "its certificates stay in use, clients with the same clock will not take them")]
    public static partial void ClockBehindAuthority(this ILogger log, DateTimeOffset now, DateTimeOffset from);
}
