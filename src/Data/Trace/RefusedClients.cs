using System.Net;
using Aviso.Base;

namespace Aviso.Trace;

/// <summary>
/// Clients that were turned away before they could name a message: one entry for a client and reason in ten minutes, with how often, so
/// that an attack fills neither the disk nor the list of what mail did.
/// </summary>
public sealed class RefusedClients(TraceRecorder recorder, IdSource ids, TimeProvider clock)
{
    private const int Most = 10_000;
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(IPAddress Client, string Reason), (DateTimeOffset Until, int Count)> _seen = [];
    private readonly Lock _gate = new();

    /// <param name="listener">Its kind, such as smtp.</param>
    /// <param name="reason">A word of the catalogue of reasons.</param>
    public void Hear(string listener, IPAddress client, string reason)
    {
        var now = clock.GetUtcNow();
        int before;
        lock (_gate)
        {
            if (_seen.TryGetValue((client, reason), out var known) && known.Until > now)
            {
                _seen[(client, reason)] = known with { Count = known.Count + 1 };
                return;
            }
            if (_seen.Count >= Most) _seen.Clear();
            before = known.Count;
            _seen[(client, reason)] = (now + Quiet, 0);
        }
        if (recorder.Begin(now) is not { } entry) return;
        entry.Event(TraceKind.ConnectionRefused).With(TraceField.Id, IdText.Format(ids.Next())).With(TraceField.Client, client)
            .With(TraceField.Protocol, listener).With(TraceField.Reason, reason);
        if (before > 0) entry.With(TraceField.Count, before);
        recorder.Add(entry);
    }
}
