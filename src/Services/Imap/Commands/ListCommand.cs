using Aviso.Store;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.3.9 with LIST-EXTENDED (RFC 5258), LIST-STATUS (RFC 5819) and SPECIAL-USE (RFC 6154).</summary>
internal static class ListCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.ListRequest(out var request) || !g.End()) return Completion.Syntax;
        // RFC 9051 §6.3.9: an empty pattern asks for the separator and the root.
        if (!request.Extended && request.Patterns is [""])
        {
            session.Writer.Bytes("* LIST (\\Noselect) "u8).Separator().Bytes(" \"\"\r\n"u8);
            return Completion.Ok("Done");
        }
        if (request.Status.HasFlag(StatusItems.HighestModSeq)) EnableCommand.CondstoreOn(session);
        var tree = await MailboxTree.ReadAsync(session, request.SelectSubscribed || request.ReturnSubscribed || session.Modes.Rev2);
        if (request.SelectSubscribed)
        {
            foreach (var name in tree.Subscribed) tree.AddMissing(name);
        }
        var patterns = request.Patterns.Select(p => new ListPattern(MailboxName.Canonical(request.Reference + p))).ToList();
        var form = session.Utf8Names;
        bool Shown(string name) => patterns.Exists(p => p.Match(form.Whole(name)) == ListMatch.Yes);
        HashSet<string> above = [], aboveHidden = [];
        if (request.RecursiveMatch)
        {
            above = ParentsOfSelected(request, tree, _ => true);
            aboveHidden = ParentsOfSelected(request, tree, name => !Shown(name));
        }
        foreach (var (name, info) in tree.Names)
        {
            if (!Shown(name)) continue;
            var row = RowOf(request, tree, above, aboveHidden, name, info);
            if (row is null) continue;
            Write(session, request, tree, row);
            if (request.Status != StatusItems.None && info is not null) await StatusCommand.WriteAsync(session, info, request.Status);
            await session.Writer.BreatheAsync();
        }
        return Completion.Ok("Done");
    }

    private sealed record Row(string Name, MailboxInfo? Info, string[] ChildInfo);

    // What the selection options say about a name that matches a pattern; null when it is not selected. RFC 5258 §3.5: a name that is
    // not selected itself is shown only where a selected one below it is not.
    private static Row? RowOf(
        ListRequest request, MailboxTree tree, HashSet<string> above, HashSet<string> aboveHidden, string name, MailboxInfo? info)
    {
        var selected = Selected(request, tree, name, info);
        if (!request.RecursiveMatch) return selected ? new(name, info, []) : null;
        if (!selected && !aboveHidden.Contains(name)) return null;
        return new(name, info, !above.Contains(name) ? [] : request.SelectSubscribed ? ["SUBSCRIBED"] : ["SPECIAL-USE"]);
    }

    // RFC 5258 §3.5: the levels above every name that is selected, whatever the patterns say of it.
    private static HashSet<string> ParentsOfSelected(ListRequest request, MailboxTree tree, Func<string, bool> counts)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, info) in tree.Names)
        {
            if (!Selected(request, tree, name, info) || !counts(name)) continue;
            var at = name.LastIndexOf('/');
            while (at > 0 && parents.Add(name[..at])) at = name.LastIndexOf('/', at - 1);
        }
        return parents;
    }

    private static bool Selected(ListRequest request, MailboxTree tree, string name, MailboxInfo? info)
    {
        if (request.SelectSubscribed && !tree.Subscribed.Contains(name)) return false;
        if (request.SelectSpecialUse && (info is null || SpecialUses.Attribute(info.SpecialUse).IsEmpty)) return false;
        // Names without a mailbox are shown only where a mailbox is below them, or as a subscription.
        return info is not null || request.SelectSubscribed || tree.HasChildren(name);
    }

    private static void Write(ImapSession session, ListRequest request, MailboxTree tree, Row row)
    {
        var writer = session.Writer.Bytes("* LIST ("u8);
        var first = true;
        if (row.Info is null) Attribute(session.Modes.Rev2 || request.Extended ? "\\NonExistent"u8 : "\\Noselect"u8);
        if ((request.ReturnSubscribed || session.Modes.Rev2) && tree.Subscribed.Contains(row.Name)) Attribute("\\Subscribed"u8);
        // RFC 3348, RFC 9051 §7.3.1: said always, it costs nothing here.
        Attribute(tree.HasChildren(row.Name) ? "\\HasChildren"u8 : "\\HasNoChildren"u8);
        if (row.Info is not null && SpecialUses.Attribute(row.Info.SpecialUse) is { IsEmpty: false } use) Attribute(use);
        writer.Bytes(") "u8).Separator().Byte(' ').Name(row.Name);
        if (row.ChildInfo.Length > 0) writer.Bytes(" (\"CHILDINFO\" (\""u8).Text(row.ChildInfo[0]).Bytes("\"))"u8);
        writer.Line();

        void Attribute(ReadOnlySpan<byte> name)
        {
            if (!first) writer.Byte(' ');
            first = false;
            writer.Bytes(name);
        }
    }
}
