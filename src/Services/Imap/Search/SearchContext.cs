namespace Aviso.Imap;

/// <summary>
/// A search whose result the client keeps (RFC 5267 §4.3): what comes into it or leaves it is told as ADDTO and REMOVEFROM. Only messages that
/// changed since the last look are judged anew, so keys that go by the clock (OLDER, YOUNGER) hold as of the message's last change.
/// </summary>
/// <param name="criteria">The order; null is mailbox order.</param>
internal sealed class SearchContext(string tag, bool uid, SearchKey key, IReadOnlyList<SortCriterion>? criteria, List<uint> results)
{
    /// <summary>Of one session; more are refused with NOUPDATE (§4.3.1).</summary>
    public const int Most = 16;

    public string Tag => tag;

    private long _seen;

    /// <summary>Message numbers and "$" of the search mean what they meant when it came (§4.3).</summary>
    public static SearchContext Begin(SelectedMailbox box, Command command, SearchRequest request, IReadOnlyList<SortCriterion>? criteria, List<int> found)
    {
        var key = Fixed(box, request.Key);
        return new(command.Tag, command.Uid, key, criteria, found.ConvertAll(i => box.View[i].Uid)) { _seen = box.View.HighestModSeq };
    }

    /// <summary>§4.3.4: before the expunges themselves, while the numbers still hold.</summary>
    public void TellGone(ResponseWriter writer, SelectedMailbox box, List<int> gone)
    {
        var lost = gone.Select(i => box.View[i].Uid).Where(results.Contains).ToHashSet();
        if (lost.Count == 0) return;
        Head(writer);
        Remove(writer, box, lost);
        writer.Line();
    }

    /// <summary>After the counts: messages that came, and those that match now or no longer.</summary>
    public async ValueTask TellChangedAsync(ImapSession session, SelectedMailbox box)
    {
        var view = box.View;
        if (view.HighestModSeq <= _seen) return;
        var matching = (await new SearchRun(session, box, key).RunAsync(_seen)).Select(i => view[i].Uid).ToHashSet();
        var known = results.ToHashSet();
        var lost = new HashSet<uint>();
        for (var i = 0; i < view.Count; i++)
        {
            if (view[i].ModSeq > _seen && known.Contains(view[i].Uid) && !matching.Contains(view[i].Uid)) lost.Add(view[i].Uid);
        }
        _seen = view.HighestModSeq;
        matching.ExceptWith(known);
        if (lost.Count + matching.Count == 0) return;
        Head(session.Writer);
        if (lost.Count > 0) Remove(session.Writer, box, lost);
        if (matching.Count > 0) await AddAsync(session, box, matching);
        session.Writer.Line();
    }

    private void Head(ResponseWriter writer)
    {
        writer.Bytes("* ESEARCH (TAG "u8).String(tag).Byte(')');
        if (uid) writer.Bytes(" UID"u8);
    }

    // The last place first: the places before it stay what they are.
    private void Remove(ResponseWriter writer, SelectedMailbox box, HashSet<uint> lost)
    {
        writer.Bytes(" REMOVEFROM ("u8);
        if (criteria is null) writer.Bytes("0 "u8).Set(results.Where(lost.Contains).Select(u => Number(box, u)));
        for (var (at, first) = (results.Count - 1, true); at >= 0; at--)
        {
            if (!lost.Contains(results[at])) continue;
            if (criteria is not null)
            {
                if (!first) writer.Byte(' ');
                writer.Number(at + 1).Byte(' ').Number(Number(box, results[at]));
                first = false;
            }
            results.RemoveAt(at);
        }
        writer.Byte(')');
    }

    // The order of what was there does not change: no sort key of a message ever does. The first place first.
    private async ValueTask AddAsync(ImapSession session, SelectedMailbox box, HashSet<uint> added)
    {
        results.AddRange(added);
        results.Sort();
        if (criteria is not null)
        {
            var indexes = await SortRun.OrderAsync(session, box, results.ConvertAll(box.View.IndexOf), [.. criteria]);
            results.Clear();
            results.AddRange(indexes.Select(i => box.View[i].Uid));
        }
        var writer = session.Writer.Bytes(" ADDTO ("u8);
        if (criteria is null) writer.Bytes("0 "u8).Set(added.Order().Select(u => Number(box, u)));
        else
        {
            for (var (at, first) = (0, true); at < results.Count; at++)
            {
                if (!added.Contains(results[at])) continue;
                if (!first) writer.Byte(' ');
                writer.Number(at + 1).Byte(' ').Number(Number(box, results[at]));
                first = false;
            }
        }
        writer.Byte(')');
    }

    private uint Number(SelectedMailbox box, uint message) => uid ? message : (uint)box.View.IndexOf(message) + 1;

    private static SearchKey Fixed(SelectedMailbox box, SearchKey key) => key.Kind switch
    {
        SearchKind.Numbers => new(SearchKind.Uids) { Set = SequenceSet.OfSorted(box.Uids(box.Resolve(key.Set!, uid: false))) },
        _ => key with { Keys = [.. key.Keys.Select(k => Fixed(box, k))] },
    };
}
