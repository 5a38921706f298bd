using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.4.6 with UNCHANGEDSINCE (RFC 7162 §3.1.3).</summary>
internal static class StoreCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Sequence(out var set) || !g.Sp() || !g.StoreRequest(out var request) || !g.End()) return Completion.Syntax;
        var box = session.Box!;
        if (!command.Uid && set.ExceedsCount(box.View.Count)) return Completion.Bad("There is no such message");
        if (box.ReadOnly) return Completion.ReadOnly;
        if (request.Flags.TooLong) return Completion.No("LIMIT", "A keyword is too long");
        if (request.Flags.HasUnsettable) return Completion.No("CANNOT", "That flag cannot be changed by clients");
        if (request.UnchangedSince is not null) EnableCommand.CondstoreOn(session);
        var indexes = box.Resolve(set, command.Uid);
        if (indexes.Count == 0) return Completion.Ok("No such messages");
        var change = new FlagChange(request.Operation, request.Flags.System, request.Flags.Keywords);
        var done = await session.Store.StoreFlagsAsync(
            session.Account, box.Id, box.Uids(indexes), change, request.UnchangedSince, session.Cancel);
        if (!done.Ok) return Completion.OfStore(done.Error);
        var gone = await ReportAsync(session, command, request, indexes, done.Value!);
        if (done.Value!.Modified.Count > 0) return Modified(box, command.Uid, done.Value.Modified);
        // RFC 5530 §3, RFC 2180 §4.2: by number the message was asked for that another session has expunged; a UID that is gone is no
        // error.
        return gone && !command.Uid ? Completion.No("EXPUNGEISSUED", "Some of the messages are gone") : Completion.Ok("Done");
    }

    /// <returns>Some of the messages are gone.</returns>
    private static async ValueTask<bool> ReportAsync(
        ImapSession session, Command command, StoreRequest request, List<(int First, int Last)> indexes, FlagsStored stored)
    {
        var box = session.Box!;
        if (await session.Store.ViewAsync(session.Account, box.Id, session.Cancel) is not { } now) return true;
        var gone = false;
        box.Keywords = now.Keywords;
        NewsReport.Keywords(session.Writer, box);
        var changed = stored.Changed.ToDictionary(e => e.Uid);
        var modified = stored.Modified.ToHashSet();
        foreach (var (first, last) in indexes)
        {
            for (var i = first; i <= last; i++)
            {
                var before = box.View[i];
                if (modified.Contains(before.Uid)) continue;
                // What was left as it was may still have been changed by another session since our view.
                if (changed.TryGetValue(before.Uid, out var entry)) ReportOne(session, command, request, i, before, entry, changed: true);
                else if (now.IndexOf(before.Uid) is >= 0 and var at) ReportOne(
                    session, command, request, i, before, now[at], changed: false);
                else gone = true;
                await session.Writer.BreatheAsync();
            }
        }
        return gone;
    }

    private static void ReportOne(
        ImapSession session, Command command, StoreRequest request, int index, in Entry before, in Entry entry, bool changed)
    {
        var box = session.Box!;
        if (!request.Silent)
        {
            NewsReport.FlagsOf(session.Writer, box, index, entry, session.Modes, withUid: command.Uid || session.Modes.Condstore);
            box.Tell(entry.Uid, entry.Flags, entry.ModSeq);
            return;
        }
        if (!changed) return;
        // .SILENT: the client knows what it asked for. What others changed meanwhile it does not, so that is reported after all.
        var expected = Expected(box.BelievedOf(before).Flags, request, box.Keywords);
        if (expected != entry.Flags) return;
        if (session.Modes.Condstore)
        {
            // RFC 7162 §3.1.3: the new MODSEQ is told even then; §3.2.4: with the UID.
            NewsReport.FetchHead(session.Writer, index, entry.Uid, session.Modes, withUid: true);
            session.Writer.Bytes("MODSEQ ("u8).Number(entry.ModSeq).Bytes("))\r\n"u8);
        }
        box.Tell(entry.Uid, entry.Flags, entry.ModSeq);
    }

    private static EntryFlags Expected(EntryFlags before, StoreRequest request, IReadOnlyList<string> keywords)
    {
        UInt128 mask = 0;
        foreach (var keyword in request.Flags.Keywords)
        {
            for (var n = 0; n < keywords.Count; n++)
            {
                if (string.Equals(keywords[n], keyword, StringComparison.OrdinalIgnoreCase)) mask |= UInt128.One << n;
            }
        }
        return request.Operation switch
        {
            FlagOperation.Add => new(before.System | request.Flags.System, before.Keywords | mask),
            FlagOperation.Remove => new(before.System & ~request.Flags.System, before.Keywords & ~mask),
            _ => new(request.Flags.System, mask),
        };
    }

    // RFC 7162 §3.1.3: MODIFIED names what failed, in the kind of number the command used.
    private static Completion Modified(SelectedMailbox box, bool uid, IReadOnlyList<uint> modified)
    {
        var numbers = modified.Select(u => uid ? u : (uint)(box.View.IndexOf(u) + 1)).Where(n => n > 0).Order();
        return Completion.Ok("Some messages had changed", "MODIFIED " + SetText.Of(numbers));
    }
}
