using Aviso.Store;

namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.5. Works through the set in batches: one question to the store for each, then straight into the pipe.</summary>
internal static class FetchCommand
{
    private const int Batch = 64;
    private const int BatchWithBodies = 16;

    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Sequence(out var set) || !g.Sp() || !g.FetchRequest(out var request) || !g.End()) return Completion.Syntax;
        var box = session.Box!;
        if (!command.Uid && set.ExceedsCount(box.View.Count)) return Completion.Bad("There is no such message");
        // RFC 7162 §3.2.6: VANISHED only in UID FETCH, with CHANGEDSINCE and QRESYNC enabled.
        if (request.Vanished && (!command.Uid || request.ChangedSince is null || !session.Modes.Qresync))
            return Completion.Bad("VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC");
        if (session.Scope is { SearchOnly: true } && request.ReadsBody) return Completion.NotAllowed;
        if (request.Partial is not null && !command.Uid) return Completion.Bad("PARTIAL needs UID FETCH");
        request = WithImplied(session, command, request);
        if (request.Vanished) await VanishedAsync(session, box, set, request.ChangedSince!.Value);
        return await FetchAllAsync(session, box, Selected(box, set, command.Uid, request), request) switch
        {
            FetchResult.Gone => Completion.No("EXPUNGEISSUED", "Some of the messages are gone"),
            // RFC 5530 §3: the log names the message and what is wrong with it; all others were sent.
            FetchResult.Damaged => Completion.No("SERVERBUG", "A message is damaged on the server's disk"),
            FetchResult.UnknownEncoding => Completion.No("UNKNOWN-CTE", "A part has an encoding that cannot be undone"),
            _ => Completion.Ok("Fetched"),
        };
    }

    /// <summary>NOTIFY's MessageNew with fetch-att: the messages from this UID on.</summary>
    public static async ValueTask FetchNewAsync(ImapSession session, SelectedMailbox box, uint fromUid, FetchRequest request)
    {
        var first = box.View.IndexOf(fromUid);
        if (first < 0) first = ~first;
        request = request with { Fields = request.Fields | (session.Modes.UidOnly ? 0 : FetchFields.Uid) };
        await FetchAllAsync(session, box, Enumerable.Range(first, box.View.Count - first), request);
    }

    private static FetchRequest WithImplied(ImapSession session, Command command, FetchRequest request)
    {
        if (request.ChangedSince is not null) request = request with { Fields = request.Fields | FetchFields.ModSeq };
        if ((request.Fields & FetchFields.ModSeq) != 0) EnableCommand.CondstoreOn(session);
        // RFC 9051 §6.4.9: UID FETCH answers with the UID. UIDONLY has it in front already.
        if (command.Uid) request = request with { Fields = request.Fields | FetchFields.Uid };
        if (session.Modes.UidOnly) request = request with { Fields = request.Fields & ~FetchFields.Uid };
        // RFC 7162 §3.2.10: with QRESYNC every FETCH of flags carries MODSEQ and UID only when unsolicited; here as asked.
        return request;
    }

    private static async ValueTask VanishedAsync(ImapSession session, SelectedMailbox box, SequenceSet set, long since)
    {
        var changes = await session.Store.ChangesAsync(session.Account, box.Id, since, session.Cancel);
        QresyncReport.WriteVanished(session.Writer, box, changes, set.IsSaved ? SequenceSet.OfSorted(box.Saved) : set);
    }

    private static IEnumerable<int> Selected(SelectedMailbox box, SequenceSet set, bool uid, FetchRequest request)
    {
        var indexes = Indexes(box.Resolve(set, uid));
        if (request.ChangedSince is { } since)
        {
            var view = box.View;
            indexes = indexes.Where(i => view[i].ModSeq > since);
        }
        if (request.Partial is not { } partial) return indexes;
        var all = indexes.ToList();
        var (start, count) = partial.Within(all.Count);
        return all.GetRange(start, count);
    }

    private static IEnumerable<int> Indexes(List<(int First, int Last)> ranges)
    {
        foreach (var (first, last) in ranges)
        {
            for (var i = first; i <= last; i++) yield return i;
        }
    }

    /// <summary>The worst that happened; what could be sent was sent.</summary>
    private static async ValueTask<FetchResult> FetchAllAsync(ImapSession session, SelectedMailbox box, IEnumerable<int> indexes, FetchRequest request)
    {
        var result = FetchResult.Written;
        var size = request.Sections.Count > 0 ? BatchWithBodies : Batch;
        var batch = new List<int>(size);
        foreach (var index in indexes)
        {
            batch.Add(index);
            if (batch.Count < size) continue;
            result = Worse(result, await FetchBatchAsync(session, box, batch, request));
            if (session.Writer.Broken) return result;
            batch.Clear();
        }
        return batch.Count == 0 ? result : Worse(result, await FetchBatchAsync(session, box, batch, request));
    }

    private static FetchResult Worse(FetchResult a, FetchResult b) => a > b ? a : b;

    private static async ValueTask<FetchResult> FetchBatchAsync(ImapSession session, SelectedMailbox box, List<int> batch, FetchRequest request)
    {
        var seen = request.SetsSeen && !box.ReadOnly ? await SetSeenAsync(session, box, batch) : null;
        if (!request.NeedsRendered)
        {
            foreach (var index in batch)
            {
                FetchWriter.WriteEntryOnly(session, box, index, request.Fields);
                await session.Writer.BreatheAsync();
            }
            return FetchResult.Written;
        }
        if (request.Sections.Count == 0)
        {
            var missed = await CopyBatchAsync(session, box, batch, request.Fields);
            if (missed.Count == 0) return FetchResult.Written;
            batch = missed;
        }
        return await WriteFullAsync(session, box, batch, request, seen);
    }

    private static async ValueTask<FetchResult> WriteFullAsync(
        ImapSession session, SelectedMailbox box, List<int> batch, FetchRequest request, Dictionary<uint, Entry>? seen)
    {
        var ids = batch.ConvertAll(i => box.View[i].Email);
        var emails = await session.Store.EmailsAsync(session.Account, ids, session.Cancel);
        var bodies = await session.Store.OpenBodiesAsync(session.Account, ids, session.Cancel);
        try
        {
            var result = FetchResult.Written;
            for (var k = 0; k < batch.Count && !session.Writer.Broken; k++)
            {
                if (emails[k] is { } email && bodies[k] is { } body)
                    result = Worse(result, await FetchWriter.WriteFullAsync(session, box, batch[k], request, email, body, seen));
                else result = Worse(result, FetchResult.Gone);
                await session.Writer.BreatheAsync();
            }
            return result;
        }
        finally
        {
            foreach (var body in bodies) body?.Dispose();
        }
    }

    /// <summary>Rendered columns from the rows into the pipe. Returns those that have to be made: old renderings, and
    /// UTF-8 for a client without it.</summary>
    private static async ValueTask<List<int>> CopyBatchAsync(ImapSession session, SelectedMailbox box, List<int> batch, FetchFields fields)
    {
        var view = box.View;
        var copied = new bool[batch.Count];
        await session.Store.ShowEmailsAsync(
            session.Account, batch.ConvertAll(i => view[i].Email), FetchWriter.ColumnsFor(fields), session.Server.Reader.Version,
            (int place, in ShownEmail email) => copied[place] = FetchWriter.TryCopy(session, box, batch[place], fields, email),
            session.Cancel);
        await session.Writer.BreatheAsync();
        var missed = new List<int>();
        for (var k = 0; k < batch.Count; k++)
        {
            if (!copied[k]) missed.Add(batch[k]);
        }
        return missed;
    }

    // RFC 9051 §6.4.5: BODY[...] sets \Seen and says so. Durable before the octets go out.
    private static async ValueTask<Dictionary<uint, Entry>?> SetSeenAsync(ImapSession session, SelectedMailbox box, List<int> batch)
    {
        var view = box.View;
        var uids = batch.ConvertAll(i => view[i]).Where(e => (box.BelievedOf(e).Flags.System & SystemFlags.Seen) == 0).Select(e => e.Uid).ToList();
        if (uids.Count == 0) return null;
        var change = new FlagChange(FlagOperation.Add, SystemFlags.Seen, []);
        var done = await session.Store.StoreFlagsAsync(session.Account, box.Id, uids, change, null, session.Cancel);
        // A store that cannot write does not stop reading.
        if (!done.Ok) return null;
        if (done.Value!.Changed.Any(e => e.Flags.Keywords != 0) &&
            await session.Store.ViewAsync(session.Account, box.Id, session.Cancel) is { } now) box.Keywords = now.Keywords;
        NewsReport.Keywords(session.Writer, box);
        foreach (var entry in done.Value!.Changed) box.Tell(entry.Uid, entry.Flags, entry.ModSeq);
        return done.Value.Changed.ToDictionary(e => e.Uid);
    }
}
