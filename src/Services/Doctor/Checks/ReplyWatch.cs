using Aviso.Base;
using Aviso.Delivery;

namespace Aviso.Doctor;

/// <summary>A receiver that named authentication as its reason.</summary>
/// <param name="What">Which record or name it means, in words.</param>
public sealed record ReceiverComplaint(string Receiver, string What, string Reply, DateTimeOffset At);

/// <summary>
/// Hears what other servers answer to our mail, and keeps for a day those answers whose code speaks of authentication. Thread-safe,
/// bounded.
/// </summary>
public sealed class ReplyWatch(TimeProvider clock)
{
    private const int Most = 50;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ReceiverComplaint> _kept = new(StringComparer.Ordinal);

    /// <summary>Of the last day.</summary>
    public IReadOnlyList<ReceiverComplaint> Complaints
    {
        get
        {
            var from = clock.GetUtcNow() - Kept;
            lock (_gate)
            {
                foreach (var old in _kept.Values.Where(c => c.At < from).ToList()) _kept.Remove(old.Receiver);
                return [.. _kept.Values];
            }
        }
    }

    /// <summary>Called by the queue after each attempt at any message.</summary>
    public void Hear(IReadOnlyList<QueueTry> tries)
    {
        foreach (var (one, what) in tries.Where(t => !t.IsDelivered).Select(t => (t, t.Said is { } code ? Meaning(code) : null)))
        {
            if (what is null) continue;
            lock (_gate)
            {
                if (_kept.Count < Most || _kept.ContainsKey(one.Destination))
                    _kept[one.Destination] = new(one.Destination, what, one.Reply, clock.GetUtcNow());
            }
        }
    }

    /// <summary>What of authentication a code means; null: it means something else. RFC 7372 §3 has 20 to 26; Gmail counts on with 27 to
    /// 32,
    /// Outlook has 509 and 515.</summary>
    internal static string? Meaning(EnhancedCode code) => (code.Subject, code.Detail) switch
    {
        (7, 20) => "DKIM: no signature passed",
        (7, 21) => "DKIM: no acceptable signature",
        (7, 22) => "DKIM: no signature of the author's domain",
        (7, 23) => "SPF",
        (7, 24) => "SPF: the record cannot be evaluated",
        (7, 25) => "the name (PTR) of our address",
        (7, 26) => "SPF and DKIM: neither passed",
        (7, 27) => "SPF",
        (7, 29) => "TLS",
        (7, 30) => "DKIM",
        (7, 32) => "DMARC: the author's domain is not aligned",
        (7, 509) => "DMARC",
        (7, 515) => "SPF, DKIM and DMARC, which Outlook wants of bulk senders",
        _ => null,
    };
}
