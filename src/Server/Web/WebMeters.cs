using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>What Web counts. No addresses in labels.</summary>
internal static class WebMeters
{
    private static readonly Meter Meter = new("Aviso.Web");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    // The name that mail connections have: the registry adds up instruments of one name.
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "aviso_sessions_dropped_total", description: "Connections ended by us before or against the protocol, by kind and reason.");

    private static readonly Counter<long> WrongKeys = Meter.CreateCounter<long>(
        "aviso_guard_bouncer_refused_total",
            description: "Questions for our decisions without a key of guard.bouncers or with a wrong one.");

    private static readonly Gauge<double> LastPull = Meter.CreateGauge<double>(
        "aviso_guard_bouncer_last_pull_seconds", "s",
            "When each bouncer last asked for our decisions, Unix seconds, by its place in guard.bouncers (0 is the first).");

    public static void BouncerRefused() => WrongKeys.Add(1);

    public static void BouncerPulled(int at, DateTimeOffset now) =>
        LastPull.Record(now.ToUnixTimeMilliseconds() / 1000.0, new KeyValuePair<string, object?>("bouncer", at));

    public static void SessionDropped(ListenerKind kind, Reason reason) =>
        Dropped.Add(1, new("kind", ListenerKinds.Name(kind)), new("reason", reason.Word));
}
