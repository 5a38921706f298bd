// Tally owns what is counted of mail for people: sums since the start, rates of the last minute, and a tally of each day that survives a
// restart. Rules in here: it listens to the instruments that metrics are made of, so that no two numbers contradict; it is never asked
// on the way of a message for more than an addition; addresses stand in tallies and never in metrics.
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>What is counted; the words are on disk and do not change.</summary>
public static class FlowWord
{
    /// <summary>Messages taken.</summary>
    public const string Accepted = "accepted";

    /// <summary>Copies put into mailboxes here.</summary>
    public const string Delivered = "delivered";

    /// <summary>Recipients elsewhere whose server took the message.</summary>
    public const string Sent = "sent";

    /// <summary>Recipients elsewhere that were given up.</summary>
    public const string Failed = "failed";

    /// <summary>Messages put aside as junk.</summary>
    public const string Junk = "junk";

    /// <summary>Senders, recipients and messages that were told no, for whatever reason.</summary>
    public const string Refused = "refused";

    /// <summary>Connections that were not let in.</summary>
    public const string TurnedAway = "turned-away";

    /// <summary>Before the word of a reason: what was refused for it.</summary>
    public const string RefusedFor = "refused:";

    /// <summary>Before what the filter made of messages.</summary>
    public const string Verdict = "verdict:";
}

/// <summary>Mail as it passes: sums since the start and rates of the last minute. Thread-safe.</summary>
public sealed class MailFlow : IDisposable
{
    /// <summary>Those of which there are rates.</summary>
    public static readonly IReadOnlyList<string> Rated =
        [FlowWord.Accepted, FlowWord.Refused, FlowWord.Junk, FlowWord.Delivered, FlowWord.Sent, FlowWord.Failed, FlowWord.TurnedAway];

    private readonly ConcurrentDictionary<string, long> _sums = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RateRing> _rates;
    private readonly Action<string, long>? _heard;
    private readonly MeterListener _listener = new();
    private readonly ILogger _log;
    private int _failures;

    /// <param name="heard">Told of everything that is counted, on the thread that counts it.</param>
    public MailFlow(TimeProvider clock, ILogger log, Action<string, long>? heard = null)
    {
        _log = log;
        (_rates, _heard) = (Rated.ToDictionary(word => word, _ => new RateRing(clock), StringComparer.Ordinal), heard);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Meaning.Of(instrument.Name) is { } meaning && instrument.Meter.Name.StartsWith("Aviso.", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument, meaning);
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, meaning) => Heard((Meaning)meaning!, count, tags));
        // The one that is measured in seconds says how many by how often it is.
        _listener.SetMeasurementEventCallback<double>((_, _, tags, meaning) => Heard((Meaning)meaning!, 1, tags));
        _listener.Start();
    }

    // Whoever counts is in the middle of delivering mail: nothing that goes wrong here may reach him.
    private void Heard(Meaning meaning, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        try
        {
            meaning.Tell(this, count, tags);
        }
        catch (Exception e)
        {
            if (Interlocked.Increment(ref _failures) == 1) _log.FlowNotCounted(e);
        }
    }

    /// <summary>Since the start.</summary>
    public long Sum(string word) => _sums.GetValueOrDefault(word);

    /// <summary>Sums since the start of all words that begin so, without the beginning.</summary>
    public IReadOnlyList<(string Word, long Count)> Sums(string prefix) => [.. _sums
        .Where(s => s.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(s => (Word: s.Key[prefix.Length..], Count: s.Value))
        .OrderByDescending(s => s.Count).ThenBy(s => s.Word, StringComparer.Ordinal)];

    /// <summary>In the last whole second and in the last minute.</summary>
    /// <param name="word">Of <see cref="Rated"/>.</param>
    public (long Second, long Minute) Rate(string word) => _rates[word].Read();

    public void Dispose() => _listener.Dispose();

    internal void Add(string word, long count)
    {
        if (count <= 0) return;
        _sums.AddOrUpdate(word, count, (_, before) => before + count);
        if (_rates.TryGetValue(word, out var ring)) ring.Add(count);
        _heard?.Invoke(word, count);
    }

    /// <summary>What an instrument of metrics means here.</summary>
    private sealed class Meaning(Action<MailFlow, long, string> tell, string label)
    {
        private static readonly Dictionary<string, Meaning> All = new(StringComparer.Ordinal)
        {
            ["aviso_accept_to_stored_seconds"] = new((flow, count, _) => flow.Add(FlowWord.Accepted, count), ""),
            ["aviso_received_recipients_total"] = new((flow, count, fate) =>
            {
                if (fate == "local") flow.Add(FlowWord.Delivered, count);
            }, "fate"),
            ["aviso_queue_attempts_total"] = new((flow, count, outcome) =>
            {
                if (outcome is "delivered" or "failed") flow.Add(outcome == "delivered" ? FlowWord.Sent : FlowWord.Failed, count);
            }, "outcome"),
            ["aviso_judged_total"] = new((flow, count, action) =>
            {
                flow.Add(FlowWord.Verdict + action, count);
                if (action == "tag") flow.Add(FlowWord.Junk, count);
            }, "action"),
            ["aviso_refused_total"] = new((flow, count, reason) =>
            {
                flow.Add(FlowWord.Refused, count);
                flow.Add(FlowWord.RefusedFor + reason, count);
            }, "reason"),
            ["aviso_guard_refused_total"] = new((flow, count, _) => flow.Add(FlowWord.TurnedAway, count), ""),
        };

        public static Meaning? Of(string instrument) => All.GetValueOrDefault(instrument);

        public void Tell(MailFlow flow, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
            {
                if (tag.Key != label) continue;
                tell(flow, count, tag.Value as string ?? "");
                return;
            }
            tell(flow, count, "");
        }
    }
}
