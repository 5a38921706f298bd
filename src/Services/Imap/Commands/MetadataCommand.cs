using Aviso.Store;

namespace Aviso.Imap;

/// <summary>RFC 5464 GETMETADATA and SETMETADATA: /private and /shared entries of mailboxes and of the server ("").</summary>
internal static class MetadataCommand
{
    private const int MaxValue = 64 * 1024;

    // RFC 6154 §4: tied to the mark that LIST shows; never stored as a note.
    private const string SpecialUseEntry = "/private/specialuse";

    public static async ValueTask<Completion> GetAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.GetMetadata(out var request) || !g.End()) return Completion.Syntax;
        var (problem, mailbox) = await MailboxAsync(session, request.Mailbox);
        if (problem is { } no) return no;
        var all = new Dictionary<string,
            byte[]>(await session.Mailboxes.GetMetadataAsync(session.Account, mailbox?.Id, session.Cancel), StringComparer.Ordinal);
        all.Remove(SpecialUseEntry);
        if (mailbox is not null && SpecialUses.Attribute(mailbox.SpecialUse) is { IsEmpty: false } use) all[SpecialUseEntry] = use.ToArray();
        var found = all.Where(e => request.Entries.Any(wanted => Matches(e.Key, wanted, request.Depth)))
            .OrderBy(e => e.Key, StringComparer.Ordinal).ToList();
        var tooLong = found.Where(e => e.Value.Length > request.MaxSize).Select(e => (long)e.Value.Length).DefaultIfEmpty().Max();
        found.RemoveAll(e => e.Value.Length > request.MaxSize);
        Write(session, request, found);
        return tooLong > 0 ? Completion.Ok("Some entries are longer", $"METADATA LONGENTRIES {tooLong}") : Completion.Ok("Done");
    }

    private static void Write(ImapSession session, GetMetadataRequest request, List<KeyValuePair<string, byte[]>> found)
    {
        // RFC 5464 §4.2: an entry that was asked for and is not there is NIL.
        var missing = request.Depth == 0 ? request.Entries.Where(e => found.TrueForAll(f => f.Key != e)).ToList() : [];
        if (found.Count + missing.Count == 0) return;
        var writer = session.Writer.Bytes("* METADATA "u8).Name(request.Mailbox!).Bytes(" ("u8);
        var first = true;
        foreach (var (entry, value) in found) Item(entry).String(value);
        foreach (var entry in missing) Item(entry).Bytes("NIL"u8);
        writer.Bytes(")\r\n"u8);

        ResponseWriter Item(string entry)
        {
            if (!first) writer.Byte(' ');
            first = false;
            return writer.String(entry).Byte(' ');
        }
    }

    private static bool Matches(string entry, string wanted, int depth)
    {
        if (entry == wanted) return true;
        if (depth == 0 || !entry.StartsWith(wanted + "/", StringComparison.Ordinal)) return false;
        return depth > 1 || entry.IndexOf('/', wanted.Length + 1) < 0;
    }

    public static async ValueTask<Completion> SetAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.SetMetadata(out var name, out var values) || !g.End()) return Completion.Syntax;
        foreach (var (entry, value) in values)
        {
            if (!entry.StartsWith("/private/", StringComparison.Ordinal) && !entry.StartsWith("/shared/", StringComparison.Ordinal))
                return Completion.Bad("Entries begin with /private/ or /shared/");
            if (value?.Length > MaxValue) return Completion.No($"METADATA MAXSIZE {MaxValue}", "The value is too long");
        }
        var (problem, mailbox) = await MailboxAsync(session, name);
        if (problem is { } no) return no;
        foreach (var (entry, value) in values)
        {
            if (entry == SpecialUseEntry && mailbox is not null)
            {
                if (await SetSpecialUseAsync(session, mailbox, value) is { } refused) return refused;
                continue;
            }
            var error = await session.Mailboxes.SetMetadataAsync(session.Account, mailbox?.Id, entry, value, session.Cancel);
            if (error == StoreError.LimitReached) return Completion.No("METADATA TOOMANY", "Too many entries");
            if (error != StoreError.None) return Completion.OfStore(error);
        }
        return Completion.Ok("Done");
    }

    // RFC 6154 §4: checked as for CREATE; a mailbox has one use here, and a use one mailbox.
    private static async ValueTask<Completion?> SetSpecialUseAsync(ImapSession session, MailboxInfo mailbox, byte[]? value)
    {
        SpecialUse? use = value is null or [] ? SpecialUse.None : value is [(byte)'\\', ..] ? SpecialUses.Find(value.AsSpan(1)) : null;
        if (use is null) return Completion.No("USEATTR", "That special use cannot be given");
        return await session.Mailboxes.SetSpecialUseAsync(session.Account, mailbox.Id, use.Value, session.Cancel) switch
        {
            StoreError.None => null,
            StoreError.Conflict => Completion.No("USEATTR", "Another mailbox has that special use"),
            StoreError.NotPermitted => Completion.No("USEATTR", "INBOX keeps its use"),
            var error => Completion.OfStore(error),
        };
    }

    private static async ValueTask<(Completion? Problem, MailboxInfo? Mailbox)> MailboxAsync(ImapSession session, string? name)
    {
        if (name is null) return (Completion.BadName, null);
        // RFC 5464 §3: "" is the account itself; a password for some mailboxes is not for it.
        if (name.Length == 0) return (session.Scope is { Mailboxes.Count: > 0 } ? Completion.NotAllowed : null, null);
        var info = await session.Mailboxes.FindMailboxAsync(session.Account, name, session.Cancel);
        return info is null ? (Completion.NoSuchMailbox, null) : (null, info);
    }
}
