using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>What is counted of mail on its way in.</summary>
internal static class ReceiveMeters
{
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    /// <summary>From the last octet of a message to its being durable everywhere it belongs, in seconds.</summary>
    public static readonly Histogram<double> AcceptToStored = Meter.CreateHistogram("aviso_accept_to_stored_seconds", "s", null, null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    /// <summary>Senders, recipients and messages refused, by reason.</summary>
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("aviso_refused_total");

    /// <summary>Recipients of accepted messages: local, queued, bounced.</summary>
    public static readonly Counter<long> Recipients = Meter.CreateCounter<long>("aviso_received_recipients_total");

    /// <summary>Messages by what the filter and the checks of the sender made of them: accept, greylist, tag, reject.</summary>
    public static readonly Counter<long> Judged = Meter.CreateCounter<long>("aviso_judged_total");

    /// <summary>Forwards that were not sent on, by reason: spam.</summary>
    public static readonly Counter<long> ForwardsKept = Meter.CreateCounter<long>("aviso_forwards_kept_total");

    /// <summary>How long each step takes, in seconds.</summary>
    public static readonly Histogram<double> StepSeconds = Meter.CreateHistogram("aviso_receive_step_seconds", "s", null, null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.001, 0.01, 0.1, 1, 10] });

    /// <summary>Steps that threw or ran out of time, and what came of it: skipped, deferred.</summary>
    public static readonly Counter<long> StepFailures = Meter.CreateCounter<long>("aviso_receive_step_failures_total");

    private static readonly Counter<long> Rescued = Meter.CreateCounter<long>("aviso_fate_rescued_total",
        description: "Copies that would have ended nowhere and were kept in a mailbox, by reason: redirect, quota, rejected, loop.");

    public static void Rescue(string reason) => Rescued.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public static void Count(Reason reason)
    {
        Refused.Add(1, new KeyValuePair<string, object?>("reason", reason.Word));
    }

    public static void Count(string fate, int recipients)
    {
        if (recipients > 0) Recipients.Add(recipients, new KeyValuePair<string, object?>("fate", fate));
    }
}
