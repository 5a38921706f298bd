using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Net;

/// <summary>Log events of Net, 1000-1099: one for each connection, when it ends, and what concerns all of them.</summary>
internal static partial class NetLog
{
    [LoggerMessage(EventId = 1001, EventName = "ConnectionEnded",
        Message = "connection {Id} {Kind} from {Remote} via {Proxy} tls {Tls} ended after {Milliseconds} ms, in {OctetsIn} out {OctetsOut}: {Reason}")]
    public static partial void ConnectionEnded(this ILogger log, LogLevel level, string id, string kind, IPAddress remote, IPAddress? proxy,
        string? tls, long milliseconds, long octetsIn, long octetsOut, string reason);

    [LoggerMessage(1002, LogLevel.Error, "connection {Id} failed")]
    public static partial void ConnectionFailed(this ILogger log, Exception e, string id);

    [LoggerMessage(1003, LogLevel.Error, "accept on {Address} failed: {Error}")]
    public static partial void AcceptFailed(this ILogger log, IPEndPoint address, string error);

    [LoggerMessage(1004, LogLevel.Warning, "{Count} connections were cut at the end")]
    public static partial void CutAtTheEnd(this ILogger log, int count);

    [LoggerMessage(1005, LogLevel.Warning,
        "this process may have {Limit} files and connections open: {Most} connections at once on all listeners, "
        + "where the settings allow one of them {Wanted}; see LimitNOFILE of systemd or ulimit -n")]
    public static partial void FewDescriptors(this ILogger log, int limit, int most, int wanted);

    [LoggerMessage(1006, LogLevel.Error,
        "no more connections: of {Limit} files and connections that this process may have open {Connections} are connections; "
        + "strangers are sent away (said once a minute)")]
    public static partial void NoDescriptors(this ILogger log, int limit, int connections);

    [LoggerMessage(1010, LogLevel.Information, "certificates loaded: {Names}, default valid until {Until:u}")]
    public static partial void CertificatesLoaded(this ILogger log, string names, DateTime until);

    [LoggerMessage(1011, LogLevel.Error, "certificates not changed, the old ones stay in use: {Error}")]
    public static partial void CertificatesKept(this ILogger log, string error);
}
