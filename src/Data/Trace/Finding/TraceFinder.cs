using System.Collections.Immutable;

namespace Aviso.Trace;

/// <summary>
/// Finds traces. First the entries that fit, the newest files first and only those whose tokens say that they may hold any; then all
/// entries that share an id with one of them, which is the rest of their lives.
/// </summary>
public sealed class TraceFinder(TraceRecorder recorder)
{
    // An id leads to others: a message to its queue ids and its copies. Letters about letters end it.
    private const int MostRounds = 4;

    /// <summary>
    /// Traces that fit, the newest first. What was told before the call is in them.
    /// </summary>
    /// <param name="shows">What of a trace whoever asks may see; null: nothing of it. Words must be found in that.</param>
    public IReadOnlyList<MessageTrace> Find(TraceQuery query, Func<MessageTrace, MessageTrace?> shows, CancellationToken cancel)
    {
        recorder.Flush();
        var segments = recorder.Folder.Segments;
        var tokens = query.Words.Append(query.Account).Where(w => w.Length > 0).Select(w => TraceToken.Of(w)).Distinct().ToArray();
        var found = new List<MessageTrace>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // The newest files first, and a few of them at a time: whoever asks for a common word gets the last traces at once.
        for (var i = segments.Count - 1; i >= 0 && found.Count < query.Limit; i--)
        {
            cancel.ThrowIfCancellationRequested();
            var hits = Hits(segments[i], query, tokens, query.Limit * 4);
            foreach (var trace in Lives(hits, segments, cancel))
            {
                if (!seen.Add(trace.Id)) continue;
                if (shows(trace) is { } shown && query.Words.All(shown.Matches) && shown.Events.Any(e => query.Covers(e.At)))
                    found.Add(shown);
            }
        }
        return [.. found.OrderByDescending(t => t.Began).Take(query.Limit)];
    }

    /// <summary>The trace with this id, of the 250 reply, of the queue or of a copy; null when there is none.</summary>
    public MessageTrace? One(string id, CancellationToken cancel)
    {
        // A copy of another message may have the same number.
        var found = Find(new() { Words = [id] }, trace => trace, cancel);
        return found.FirstOrDefault(t => t.Id == id) ?? (found is [var first, ..] ? first : null);
    }

    /// <summary>Entries of a segment that fit, the newest <paramref name="most"/>.</summary>
    private static List<Entry> Hits(TraceSegment segment, TraceQuery query, uint[] tokens, int most)
    {
        var since = query.Since?.ToUnixTimeMilliseconds() ?? long.MinValue;
        var until = query.Until?.ToUnixTimeMilliseconds() ?? long.MaxValue;
        var hits = new List<Entry>();
        if (segment.Last < since || segment.First > until) return hits;
        Each(segment, held => held.MayHoldAll(tokens), (in EntryHead entry) =>
        {
            if (entry.At < since || entry.At > until || !entry.Has(tokens)) return;
            hits.Add(new(entry.At, [.. TraceEvent.Read(entry)]));
        });
        return hits.Count <= most ? hits : hits[^most..];
    }

    /// <summary>All that is known of the messages that these entries are about.</summary>
    private static List<MessageTrace> Lives(List<Entry> hits, IReadOnlyList<TraceSegment> segments, CancellationToken cancel)
    {
        if (hits.Count == 0) return [];
        var entries = hits.ToHashSet();
        var asked = new HashSet<TraceEvidence>();
        for (var round = 0; round < MostRounds; round++)
        {
            var leads = round == 0 ? entries : entries.Where(e => !e.IsDeed);
            var fresh = Ids(leads).Where(asked.Add).Select(id => TraceToken.Of(id.Text)).ToHashSet();
            if (fresh.Count == 0) break;
            foreach (var segment in segments)
            {
                cancel.ThrowIfCancellationRequested();
                Each(segment, held => fresh.Any(held.MayHold), (in EntryHead entry) =>
                {
                    foreach (var token in entry.Tokens)
                    {
                        if (!fresh.Contains(token)) continue;
                        // The numbers of messages, copies and queue may be the same: what it is of counts too.
                        var read = new Entry(entry.At, [.. TraceEvent.Read(entry)]);
                        if (Ids([read]).Any(asked.Contains)) entries.Add(read);
                        return;
                    }
                });
            }
        }
        return Joined(entries);
    }

    // Words of relays have only Message-ID, deeds of clients the ids of up to hundreds of copies: these lead nowhere further.
    private static IEnumerable<TraceEvidence> Ids(IEnumerable<Entry> entries) => entries.SelectMany(e => e.Events)
        .SelectMany(e => e.Evidence.Where(one => TraceFieldRules.Joins(one.Field) || (one.Field == TraceField.MessageId
            && e.Kind is TraceKind.Header or TraceKind.Made or TraceKind.RelaySaid)));

    private static List<MessageTrace> Joined(HashSet<Entry> entries)
    {
        // What begins a life has an id of its own; everything else belongs to those whose ids it names.
        var lives = new Dictionary<string, List<TraceEvent>>(StringComparer.Ordinal);
        var owners = new Dictionary<TraceEvidence, HashSet<string>>();
        foreach (var entry in entries.Where(e => e.Id.Length > 0))
        {
            lives.TryAdd(entry.Id, []);
            lives[entry.Id].AddRange(entry.Events);
            foreach (var one in entry.Events.SelectMany(e => e.Evidence))
            {
                if (!TraceFieldRules.Joins(one.Field) && one.Field != TraceField.MessageId) continue;
                if (!owners.TryGetValue(one, out var ids)) owners.Add(one, ids = new(StringComparer.Ordinal));
                ids.Add(entry.Id);
            }
        }
        foreach (var one in entries.Where(e => e.Id.Length == 0).SelectMany(e => e.Events)) Give(one, lives, owners);
        return [.. lives.Select(l => new MessageTrace(l.Key, [.. l.Value.OrderBy(e => e.At)]))];
    }

    private static void Give(
        TraceEvent one, Dictionary<string, List<TraceEvent>> lives, Dictionary<TraceEvidence, HashSet<string>> owners)
    {
        var keys = one.Evidence.Where(x => TraceFieldRules.Joins(x.Field)).ToList();
        if (keys.Count == 0) keys = [.. one.Evidence.Where(x => x.Field == TraceField.MessageId)];
        foreach (var key in keys)
        {
            var part = key.Field == TraceField.Email ? OfEmail(one, key.Text) : one;
            if (owners.TryGetValue(key, out var ids))
            {
                foreach (var id in ids) lives[id].Add(part);
            }
            else
            {
                // Its beginning is not kept any more.
                lives.TryAdd(key.Text, []);
                lives[key.Text].Add(part);
            }
        }
    }

    // One deed on many messages: what of it is about this one.
    private static TraceEvent OfEmail(TraceEvent one, string email)
    {
        var (kept, mine) = (new List<TraceEvidence>(), false);
        foreach (var piece in one.Evidence)
        {
            if (piece.Field == TraceField.Email) mine = piece.Text == email;
            if (piece.Field == TraceField.Email ? mine : piece.Field != TraceField.Uid || mine) kept.Add(piece);
        }
        return one with { Evidence = kept };
    }

    private delegate void Take(in EntryHead entry);

    private static void Each(TraceSegment segment, Func<TokenSet, bool> mayHold, Take take)
    {
        try
        {
            if (!mayHold(segment.ReadTokens())) return;
            ReadOnlySpan<byte> octets = segment.ReadEntries();
            while (EntryHead.TryRead(octets, out var entry))
            {
                take(entry);
                octets = octets[entry.Length..];
            }
        }
        catch (IOException)
        {
            // Dropped meanwhile: it was the oldest.
        }
    }

    /// <summary>One entry, read. Two that say the same at the same millisecond are one.</summary>
    private sealed class Entry(long at, ImmutableArray<TraceEvent> events) : IEquatable<Entry>
    {
        public ImmutableArray<TraceEvent> Events => events;

        /// <summary>Id of the life that it begins; empty for what came later.</summary>
        public string Id { get; } = events.Select(e => e.Get(TraceField.Id)).FirstOrDefault(id => id.Length > 0) ?? "";

        /// <summary>What a client did in its mailboxes.</summary>
        public bool IsDeed { get; } =
            events.All(e => e.Kind is TraceKind.Flagged or TraceKind.Moved or TraceKind.Copied or TraceKind.Expunged);

        private string Text { get; } = $"{at} {string.Join('\n', events.Select(e => $"{e.Kind} {string.Join('\0', e.Evidence)}"))}";

        public bool Equals(Entry? other) => other is not null && other.Text == Text;

        public override bool Equals(object? obj) => Equals(obj as Entry);

        public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
    }
}
