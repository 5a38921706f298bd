using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Trace;

/// <summary>Figures of the trace; names are those of Prometheus.</summary>
internal static class TraceMeters
{
    private static readonly Meter Meter = new("Aviso.Trace");
    private static volatile TraceFigures? _figures;

    static TraceMeters()
    {
        Meter.CreateObservableGauge("aviso_trace_octets", static () => _figures?.Octets ?? 0, null, "Octets of traces on disk.");
        Meter.CreateObservableGauge("aviso_trace_oldest_seconds", static () => _figures?.OldestSeconds ?? 0, "s",
            "Age of the oldest trace that is kept.");
    }

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>Entries handed over by mail; each holds the events of one moment of a message.</summary>
    public static readonly Counter<long> Entries = Meter.CreateCounter<long>("aviso_trace_entries_total");

    /// <summary>Entries that were not written, by reason: full (the writer did not keep up), disk.</summary>
    public static readonly Counter<long> Lost = Meter.CreateCounter<long>("aviso_trace_lost_total");

    /// <summary>Octets that were dropped, by reason: size, age.</summary>
    public static readonly Counter<long> Dropped = Meter.CreateCounter<long>("aviso_trace_dropped_octets_total");

    public static void Lose(string reason, int entries) => Lost.Add(entries, new KeyValuePair<string, object?>("reason", reason));

    public static void Drop(string reason, long octets) => Dropped.Add(octets, new KeyValuePair<string, object?>("reason", reason));

    public static void Show(TraceFigures figures) => _figures = figures;
}

/// <summary>What there is on disk.</summary>
internal sealed record TraceFigures(long Octets, double OldestSeconds);
