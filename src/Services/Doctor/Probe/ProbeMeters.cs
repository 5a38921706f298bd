using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Doctor;

/// <summary>What the probe counts. A way is named by "route"; the names without "aviso_" are those that alerts of older probes
/// know.</summary>
internal static class ProbeMeters
{
    private static readonly Meter Meter = new("Aviso.Doctor.Probe");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static volatile Func<IReadOnlyList<(string Route, ProbeMemory Memory)>> _standing = () => [];

    static ProbeMeters()
    {
        Meter.CreateObservableGauge(ProbePush.Success, () => Of(m => m.Last is { } last ? last.Came ? 1 : 0 : null),
            description: "1: the last round trip came through; 0: it did not.");
        Meter.CreateObservableGauge(ProbePush.Duration, () => Of(m => m.Last is { Came: true } last ? last.Took.TotalSeconds : null),
            "s", "How long the last round trip took; not there when it did not come through.");
        Meter.CreateObservableGauge(ProbePush.LastSuccess, () => Of(m => m.LastCame > 0 ? m.LastCame : null),
            "s", "When a round trip last came through, Unix seconds; not there before the first.");
        Meter.CreateObservableGauge("aviso_probe_last_run_timestamp_seconds", () => Of(m => m.LastSent),
            "s", "When a round trip was last begun, Unix seconds.");
    }

    private static readonly Counter<long> Runs = Meter.CreateCounter<long>(
        "aviso_probe_runs_total", description: "Round trips by way and the stage that failed; stage is none for those that came through.");

    private static readonly Histogram<double> Stages = Meter.CreateHistogram<double>(
        "aviso_probe_stage_seconds", "s", "How long each stage of round trips took.");

    private static readonly Counter<long> Late = Meter.CreateCounter<long>(
        "aviso_probe_late_total", description: "Probes that came when they were not waited for any more.");

    private static readonly Counter<long> NotPushed = Meter.CreateCounter<long>(
        "aviso_probe_push_failures_total", description: "Results that could not be pushed, by where to.");

    /// <param name="standing">The ways that are probed now: one that is not any more has no figures.</param>
    public static void Show(Func<IReadOnlyList<(string Route, ProbeMemory Memory)>> standing) => _standing = standing;

    public static void Ended(ProbeResult result)
    {
        Runs.Add(1, Route(result.Route), new("stage", result.FailedStage ?? "none"));
        foreach (var step in result.Steps) Stages.Record(step.Took.TotalSeconds, Route(result.Route), new("stage", step.Stage));
    }

    public static void CameLate(string route) => Late.Add(1, Route(route));

    public static void PushFailed(string to) => NotPushed.Add(1, new KeyValuePair<string, object?>("to", to));

    private static IEnumerable<Measurement<double>> Of(Func<ProbeMemory, double?> value)
    {
        foreach (var (route, memory) in _standing())
            if (value(memory) is { } figure) yield return new(figure, Route(route));
    }

    private static KeyValuePair<string, object?> Route(string name) => new("route", name);
}
