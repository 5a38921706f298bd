using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Backup;

/// <summary>What backups count. A target is named by "target".</summary>
internal static class BackupMeters
{
    private static readonly Meter Meter = new("Aviso.Backup");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static volatile Func<IReadOnlyList<CopyState>> _standing = () => [];

    private static volatile bool _drills;

    static BackupMeters()
    {
        Meter.CreateObservableGauge("aviso_backup_copied_timestamp_seconds", () => Of(s => s.WholeAt),
            "s", "When all that there was had arrived at the target, Unix seconds; not there before the first time.");
        Meter.CreateObservableGauge("aviso_backup_proven_timestamp_seconds", () =>
            Of(s => s.ProvenAt ?? (_drills ? DateTimeOffset.UnixEpoch : null)),
            "s", "Of which moment the last backup is that a drill has restored and found whole, Unix seconds; 0 before the first.");
        Meter.CreateObservableGauge("aviso_backup_drill_failed", () => _standing().Where(s => s.DrilledAt is not null)
            .Select(s => new Measurement<double>(s.DrillProblem is null ? 0 : 1, Named(s.Name))),
            description: "1: the last drill found something wrong; 0: it did not.");
        Meter.CreateObservableGauge("aviso_backup_target_fails_since_timestamp_seconds", () => Of(s => s.FailsSince),
            "s", "Since when the target takes nothing, Unix seconds; not there while it does.");
    }

    private static readonly Counter<long> Octets = Meter.CreateCounter<long>(
        "aviso_backup_sent_bytes_total", "By", "Octets written to targets.");

    private static readonly Counter<long> Rounds = Meter.CreateCounter<long>(
        "aviso_backup_rounds_total", description: "Rounds by target and result (copied, nothing, failed).");

    /// <param name="drills">They are wanted: before the first, nothing is proven.</param>
    public static void Show(Func<IReadOnlyList<CopyState>> standing, bool drills) => (_standing, _drills) = (standing, drills);

    public static void Sent(string target, long octets) => Octets.Add(octets, Named(target));

    public static void Round(string target, string result) => Rounds.Add(1, Named(target), new("result", result));

    private static IEnumerable<Measurement<double>> Of(Func<CopyState, DateTimeOffset?> value)
    {
        foreach (var state in _standing())
            if (value(state) is { } at) yield return new(at.ToUnixTimeMilliseconds() / 1000.0, Named(state.Name));
    }

    private static KeyValuePair<string, object?> Named(string target) => new("target", target);
}
