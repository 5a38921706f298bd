using System.Diagnostics.Metrics;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>What Web counts. No addresses in labels.</summary>
internal static class WebMeters
{
    private static readonly Meter Meter = new("Aviso.Web");

    // The name that mail connections have: the registry adds up instruments of one name.
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>(
        "aviso_sessions_dropped_total", description: "Connections ended by us before or against the protocol, by kind and reason.");

    public static void SessionDropped(ListenerKind kind, string reason) => Dropped.Add(1, new("kind", ListenerKinds.Name(kind)), new("reason", reason));
}
