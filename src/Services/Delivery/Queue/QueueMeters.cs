using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>What the queue counts and shows.</summary>
internal static class QueueMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => Instruments.StartAtZero(() =>
    {
        foreach (var outcome in Enum.GetNames<Fate>()) Tried(outcome.ToLowerInvariant(), 0);
        Tried("dropped", 0);
    });

    /// <summary>Recipients tried, by outcome: delivered, deferred, failed, held; and dropped by hand.</summary>
    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>("aviso_queue_attempts_total");

    /// <summary>Notices made, by kind: failed, delayed, relayed.</summary>
    public static readonly Counter<long> Notices = Meter.CreateCounter<long>("aviso_notices_total");

    /// <summary>
    /// Failures nobody is told of, by reason: bounce (null sender), never (NOTIFY=NEVER), nobody (nobody has the sender's address here).
    /// </summary>
    public static readonly Counter<long> Unreported = Meter.CreateCounter<long>("aviso_failures_unreported_total");

    /// <summary>Dials that the guard refused.</summary>
    public static readonly Counter<long> DialsRefused = Meter.CreateCounter<long>("aviso_dials_refused_total");

    /// <summary>Logins that relays refused, by relay name.</summary>
    public static readonly Counter<long> RelayLoginsRefused = Meter.CreateCounter<long>("aviso_relay_logins_refused_total");

    /// <summary>Recipients that went to the next relay because the quota of the first was used up, by relay names.</summary>
    public static readonly Counter<long> Spills = Meter.CreateCounter<long>("aviso_relay_spilled_total");

    /// <summary>What is left of each relay's quota, by relay name.</summary>
    public static readonly ConcurrentDictionary<string, long> QuotaRemaining = new();

    private static QueueTotals _totals = new(0, 0, 0, null);
    private static TimeProvider _clock = TimeProvider.System;

    static QueueMeters()
    {
        Meter.CreateObservableGauge("aviso_queue_messages", () => _totals.Messages);
        Meter.CreateObservableGauge("aviso_queue_recipients", () => _totals.Recipients);
        Meter.CreateObservableGauge("aviso_queue_held", () => _totals.Held);
        Meter.CreateObservableGauge("aviso_queue_oldest_seconds", OldestSeconds);
        Meter.CreateObservableGauge("aviso_relay_quota_remaining",
            () => QuotaRemaining.Select(q => new Measurement<long>(q.Value, new KeyValuePair<string, object?>("relay", q.Key))));
    }

    public static void Show(QueueTotals totals, TimeProvider clock) => (_totals, _clock) = (totals, clock);

    /// <summary>Their failures are counted from 0.</summary>
    public static void Expect(IEnumerable<RelaySettings> relays)
    {
        foreach (var relay in relays)
        {
            RelayLoginsRefused.Add(0, new KeyValuePair<string, object?>("relay", relay.Name));
            if (relay.Spill is { } next) Spilled(relay.Destination, Router.RelayPrefix + next, 0);
        }
    }

    public static void Spilled(string from, string to, int recipients) => Spills.Add(recipients,
        new KeyValuePair<string, object?>("from", from[Router.RelayPrefix.Length..]),
        new KeyValuePair<string, object?>("to", to[Router.RelayPrefix.Length..]));

    public static void Tried(string outcome, int recipients) =>
        Attempts.Add(recipients, new KeyValuePair<string, object?>("outcome", outcome));

    private static double OldestSeconds() => _totals.OldestArrival is { } oldest
        ? Math.Max(0, (_clock.GetUtcNow().ToUnixTimeMilliseconds() - oldest) / 1000.0) : 0;
}
