using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Aviso.Base;

/// <summary>Log events of the spool, 900-909.</summary>
internal static partial class SpoolLog
{
    [LoggerMessage(901, LogLevel.Warning,
        "{InFlight} octets of {Budget} are in flight: shares by network hold, "
        + "slow senders are sent away, and the server is not ready; said once a minute at most")]
    public static partial void SpoolTight(this ILogger log, long inFlight, long budget);

    [LoggerMessage(902, LogLevel.Warning,
        "a message of {Octets} octets so far is given up, it comes at {Pace:F0} octets a second while others wait")]
    public static partial void SlowGivenUp(this ILogger log, long octets, double pace);
}

/// <summary>What is counted of octets in flight.</summary>
internal static class SpoolMeters
{
    private static readonly Meter Meter = new("Aviso.Base");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    public static readonly UpDownCounter<long> InFlight = Meter.CreateUpDownCounter<long>(
        "aviso_spool_octets", description: "Octets of messages on their way between the wire and the store.");

    public static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "aviso_spool_refused_total", description: "Messages that found no room in the spool: the budget or a share of it was used up.");

    public static readonly Counter<long> Evicted = Meter.CreateCounter<long>(
        "aviso_spool_evicted_total", description: "Slow messages that were given up because others waited for room.");
}
