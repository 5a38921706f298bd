using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of TLS policies, 4150-4169.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(4150, LogLevel.Information, "MTA-STS policy of {Domain}: {Mode}, mx {Mx}, holds until {Until:u}")]
    public static partial void StsFound(this ILogger log, string domain, StsMode mode, string mx, DateTimeOffset until);

    [LoggerMessage(4151, LogLevel.Warning, "the MTA-STS policy of {Domain} could not be fetched ({Result}): {Problem}; {Until}")]
    public static partial void StsNotFetched(this ILogger log, string domain, string result, string problem, string until);

    [LoggerMessage(4152, LogLevel.Error, "MTA-STS policies could not be fetched anew; it is tried again")]
    public static partial void StsNotRefreshed(this ILogger log, Exception e);

    [LoggerMessage(
        4153, LogLevel.Information, "{Domain} asks only for tests of its TLS: {Host} fails ({Result}): {Problem}; the mail is sent")]
    public static partial void StsWouldFail(this ILogger log, string domain, string host, string result, string problem);
}

internal static class TlsMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>Sessions with mail hosts of other domains, by policy (tlsa, sts, no-policy-found) and result (RFC 8460 §4.3, or
    /// success).</summary>
    private static readonly Counter<long> Sessions = Meter.CreateCounter<long>("aviso_outbound_tls_sessions_total");

    /// <summary>MTA-STS policies fetched, by result: ok or a word of RFC 8460 §4.3.2.2.</summary>
    private static readonly Counter<long> Fetches = Meter.CreateCounter<long>("aviso_sts_fetches_total");

    public static void Session(string policy, string result) => Sessions.Add(
        1, new KeyValuePair<string, object?>("policy", policy), new KeyValuePair<string, object?>("result", result));

    public static void Fetched(string result) =>
        Fetches.Add(1, new KeyValuePair<string, object?>("result", result.Length == 0 ? "ok" : result));
}
