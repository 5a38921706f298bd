using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Secrets;

internal static class SecretsMeters
{
    private static readonly Meter Meter = new("Aviso.Secrets");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> ReadsTotal = Meter.CreateCounter<long>(
        "aviso_secret_reads_total", null, "Secrets asked of Vault by result: ok, away, sealed, denied, missing, wrong");

    private static Func<IReadOnlyCollection<HeldSecret>> _inUse = () => [];
    private static TimeProvider _clock = TimeProvider.System;

    static SecretsMeters()
    {
        Meter.CreateObservableGauge("aviso_secret_age_seconds", () => _inUse().Select(s => new Measurement<double>(Age(s), Path(s))), null,
            "How long ago Vault last confirmed the values in use");
        Meter.CreateObservableGauge("aviso_secret_version", () =>
            _inUse().Where(s => s.Version is not null).Select(s => new Measurement<long>(s.Version!.Value, Path(s))), null,
            "Version of the secret in use (KV version 2)");
    }

    public static void Read(string result) => ReadsTotal.Add(1, new KeyValuePair<string, object?>("result", result));

    public static void Show(Func<IReadOnlyCollection<HeldSecret>> inUse, TimeProvider clock) => (_inUse, _clock) = (inUse, clock);

    private static double Age(HeldSecret secret) => Math.Max(0, (_clock.GetUtcNow() - secret.ReadAt).TotalSeconds);

    private static KeyValuePair<string, object?> Path(HeldSecret secret) => new("path", secret.Path);
}
