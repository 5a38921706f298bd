using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// Evaluates a search in three passes that each decide what the one before could not: entries of the view, rendered columns
/// in batches, octets one message at a time. Memory: the indexes found and one batch.
/// </summary>
internal sealed class SearchRun(ImapSession session, SelectedMailbox box, SearchKey key)
{
    private const int Batch = 256;

    private readonly MailboxView _view = box.View;
    private readonly long _now = session.Server.Clock.GetUtcNow().ToUnixTimeSeconds();

    private enum Truth : byte
    {
        No, Yes, Unknown,
    }

    /// <summary>Indexes of the messages that match, growing, among those changed after <paramref name="since"/>. At most <see cref="Batch"/> are waiting undecided.</summary>
    /// <param name="since">A mod-sequence; 0 is all.</param>
    public async ValueTask<List<int>> RunAsync(long since = 0)
    {
        await PrepareAsync();
        var found = new List<int>();
        var open = new List<int>(Batch);
        for (var i = 0; i < _view.Count; i++)
        {
            var entry = _view[i];
            if (entry.ModSeq <= since) continue;
            switch (Judge(key, i, entry, known: false, default, null))
            {
                case Truth.Yes:
                    found.Add(i);
                    break;
                case Truth.Unknown:
                    open.Add(i);
                    break;
            }
            if (open.Count == Batch) await DecideAsync(open, found);
        }
        await DecideAsync(open, found);
        found.Sort();
        return found;
    }

    private async ValueTask PrepareAsync()
    {
        foreach (var one in key.All())
        {
            if (one.Set is { } set) one.Ranges = box.Resolve(set, one.Kind == SearchKind.Uids);
            if (one.Kind == SearchKind.Keyword) one.KeywordMask = MaskOf(one.Value);
            if (one.Kind is SearchKind.Body or SearchKind.Text or SearchKind.Header && one.Value.Length > 0)
                one.Candidates = await session.Store.SearchIndex.CandidatesAsync(session.Account, one.Value, session.Cancel);
        }
    }

    private UInt128 MaskOf(string keyword)
    {
        for (var n = 0; n < _view.Keywords.Count; n++)
        {
            if (string.Equals(_view.Keywords[n], keyword, StringComparison.OrdinalIgnoreCase)) return UInt128.One << n;
        }
        return 0;
    }

    private async ValueTask DecideAsync(List<int> open, List<int> found)
    {
        if (open.Count == 0) return;
        var truths = new Truth?[open.Count];
        await session.Store.ShowEmailsAsync(
            session.Account, open.ConvertAll(i => _view[i].Email), ShownColumns.Keys, session.Server.Reader.Version,
            (int place, in ShownEmail email) => truths[place] = Judge(key, open[place], _view[open[place]], known: true, email, null),
            session.Cancel);
        var inside = new List<int>();
        for (var k = 0; k < open.Count; k++)
        {
            if (truths[k] is null or Truth.Unknown) inside.Add(open[k]);
            else if (truths[k] == Truth.Yes) found.Add(open[k]);
        }
        open.Clear();
        if (inside.Count == 0) return;
        var emails = await session.Store.EmailsAsync(session.Account, inside.ConvertAll(i => _view[i].Email), session.Cancel);
        for (var k = 0; k < inside.Count; k++)
        {
            if (emails[k] is { } email && await LookInsideAsync(inside[k], email) == Truth.Yes) found.Add(inside[k]);
        }
    }

    private async ValueTask<Truth> LookInsideAsync(int index, StoredEmail email)
    {
        session.Cancel.ThrowIfCancellationRequested();
        using var body = await session.Store.OpenBodyAsync(session.Account, email.Id, session.Cancel);
        // What is damaged cannot be looked into; the store has said so in the log.
        if (body is null or { Fault: not null }) return Truth.No;
        var fresh = FetchWriter.Fresh(session, email, body);
        var shown = new ShownEmail { Thread = email.Thread, Envelope = fresh.Envelope, SentDate = fresh.SentDate };
        return Judge(key, index, _view[index], known: true, shown, new SearchText(fresh, body));
    }

    /// <param name="known">The columns in <paramref name="email"/> are there.</param>
    private Truth Judge(SearchKey one, int index, in Entry entry, bool known, scoped in ShownEmail email, SearchText? text)
    {
        switch (one.Kind)
        {
            case SearchKind.And:
                var and = Truth.Yes;
                foreach (var inner in one.Keys)
                {
                    var truth = Judge(inner, index, entry, known, email, text);
                    if (truth == Truth.No) return Truth.No;
                    if (truth == Truth.Unknown) and = Truth.Unknown;
                }
                return and;
            case SearchKind.Or:
                var left = Judge(one.Keys[0], index, entry, known, email, text);
                if (left == Truth.Yes) return left;
                var right = Judge(one.Keys[1], index, entry, known, email, text);
                return right == Truth.Yes ? right : left == Truth.Unknown ? left : right;
            case SearchKind.Not:
                var inside = Judge(one.Keys[0], index, entry, known, email, text);
                return inside == Truth.Unknown ? inside : inside == Truth.Yes ? Truth.No : Truth.Yes;
            case >= SearchKind.From:
                return JudgeText(one, entry, known, email, text);
            case SearchKind.ThreadId or SearchKind.SentBefore or SearchKind.SentOn or SearchKind.SentSince:
                return !known ? Truth.Unknown : Of(JudgeRendered(one, entry, email));
            default:
                return Of(JudgeEntry(one, index, entry));
        }
    }

    private static Truth Of(bool yes) => yes ? Truth.Yes : Truth.No;

    private bool JudgeEntry(SearchKey one, int index, in Entry entry)
    {
        // The client may know flags that are newer than the view: it is answered by what it knows.
        var flags = box.HasBeliefs ? box.BelievedOf(entry).Flags : entry.Flags;
        return one.Kind switch
        {
            SearchKind.All or SearchKind.SaveDateSupported => true,
            SearchKind.Numbers or SearchKind.Uids => InRanges(one.Ranges, index),
            SearchKind.System => (flags.System & one.Flag) != 0,
            SearchKind.Keyword => (flags.Keywords & one.KeywordMask) != 0,
            SearchKind.Recent => box.IsRecent(entry.Uid),
            SearchKind.Old => !box.IsRecent(entry.Uid),
            SearchKind.New => box.IsRecent(entry.Uid) && (flags.System & SystemFlags.Seen) == 0,
            SearchKind.Before => DayOf(entry.InternalDate) < one.Number,
            SearchKind.On => DayOf(entry.InternalDate) == one.Number,
            SearchKind.Since => DayOf(entry.InternalDate) >= one.Number,
            SearchKind.SavedBefore => DayOf(entry.SaveDate) < one.Number,
            SearchKind.SavedOn => DayOf(entry.SaveDate) == one.Number,
            SearchKind.SavedSince => DayOf(entry.SaveDate) >= one.Number,
            SearchKind.Larger => entry.Size > one.Number,
            SearchKind.Smaller => entry.Size < one.Number,
            // RFC 5032 §2: by INTERNALDATE against the server's clock.
            SearchKind.Older => _now - entry.InternalDate >= one.Number,
            SearchKind.Younger => _now - entry.InternalDate <= one.Number,
            SearchKind.ModSeq => (box.HasBeliefs ? box.BelievedOf(entry).ModSeq : entry.ModSeq) >= one.Number,
            SearchKind.EmailId => entry.Email.Value == one.Number,
            _ => false,
        };
    }

    private static bool JudgeRendered(SearchKey one, in Entry entry, scoped in ShownEmail email)
    {
        if (one.Kind == SearchKind.ThreadId) return email.Thread.Value == one.Number;
        // RFC 9051 §6.4.4: the day as the sender wrote it, whatever his zone. RFC 5256 §2.2: without a readable Date, INTERNALDATE.
        var day = EnvelopeReader.SentDay(email.Envelope) ?? DayOf(entry.InternalDate);
        return one.Kind switch
        {
            SearchKind.SentBefore => day < one.Number,
            SearchKind.SentOn => day == one.Number,
            _ => day >= one.Number,
        };
    }

    private static Truth JudgeText(SearchKey one, in Entry entry, bool known, scoped in ShownEmail email, SearchText? text)
    {
        if (one.Candidates is { } candidates && !candidates.Hits.Contains(entry.Email) && !candidates.Unindexed.Contains(entry.Email))
            return Truth.No;
        if (!known) return Truth.Unknown;
        switch (one.Kind)
        {
            case SearchKind.From: return Of(EnvelopeReader.AddressContains(email.Envelope, EnvelopeReader.From, one.Value));
            case SearchKind.To: return Of(EnvelopeReader.AddressContains(email.Envelope, EnvelopeReader.To, one.Value));
            case SearchKind.Cc: return Of(EnvelopeReader.AddressContains(email.Envelope, EnvelopeReader.Cc, one.Value));
            case SearchKind.Bcc: return Of(EnvelopeReader.AddressContains(email.Envelope, EnvelopeReader.Bcc, one.Value));
            case SearchKind.Subject: return Of(UnicodeCasemap.Contains(EnvelopeReader.Subject(email.Envelope), one.Value));
        }
        if (text is null) return Truth.Unknown;
        return Of(one.Kind switch
        {
            SearchKind.Header => text.HeaderContains(one.Field, one.Value),
            SearchKind.Body => text.BodyContains(one.Value),
            _ => text.AnywhereContains(one.Value),
        });
    }

    private static long DayOf(long unixSeconds) => Math.DivRem(unixSeconds, 86400, out var rest) - (rest < 0 ? 1 : 0);

    private static bool InRanges(List<(int First, int Last)> ranges, int index)
    {
        int low = 0, high = ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (index < ranges[middle].First) high = middle - 1;
            else if (index > ranges[middle].Last) low = middle + 1;
            else return true;
        }
        return false;
    }
}
