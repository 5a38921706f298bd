using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;

namespace Aviso.Doctor;

/// <summary>What stands, as metrics: each code that there is has a value, 0 when nothing of it stands.</summary>
internal static class DoctorMeters
{
    private static readonly Meter Meter = new("Aviso.Doctor");

    [ModuleInitializer]
    internal static void Publish() => Instruments.StartAtZero(() =>
    {
        foreach (var kind in (string[])["mail", "webhook", "ntfy", "gotify", "alertmanager"]) Lost(kind, 0);
    });

    private static readonly Counter<long> Delivered = Meter.CreateCounter<long>(
        "aviso_events_delivered_total", description: "Events delivered, by kind of target.");

    private static readonly Counter<long> GivenUp = Meter.CreateCounter<long>(
        "aviso_events_given_up_total", description: "Events that could not be delivered, by kind of target.");

    private static FindingBook? _book;
    private static DoctorRounds? _rounds;
    private static TimeProvider _clock = TimeProvider.System;

    static DoctorMeters()
    {
        Meter.CreateObservableGauge("aviso_doctor_finding", Findings, null, "Findings that stand, by code; acknowledged ones count.");
        Meter.CreateObservableGauge("aviso_doctor_check_age_seconds", Ages, "s", "Time since each check was last made.");
    }

    public static void Show(FindingBook book, DoctorRounds rounds, TimeProvider clock) => (_book, _rounds, _clock) = (book, rounds, clock);

    public static void Sent(string kind, int events) => Delivered.Add(events, new KeyValuePair<string, object?>("kind", kind));

    public static void Lost(string kind, int events) => GivenUp.Add(events, new KeyValuePair<string, object?>("kind", kind));

    private static IEnumerable<Measurement<long>> Findings()
    {
        if (_book is not { } book) return [];
        var counts = book.Standing.GroupBy(s => s.Finding.Code).ToDictionary(g => g.Key, g => g.LongCount());
        return FindingCode.All.Select(code => new Measurement<long>(counts.GetValueOrDefault(code),
            new("code", code.Word), new("severity", code.Severity.ToString().ToLowerInvariant())));
    }

    private static IEnumerable<Measurement<double>> Ages() => _rounds is not { } rounds ? []
        : rounds.States.Where(s => s.LastAt is not null).Select(s => new Measurement<double>(
            Math.Max(0, (_clock.GetUtcNow() - s.LastAt!.Value).TotalSeconds), new KeyValuePair<string, object?>("check", s.Check.Name)));
}
