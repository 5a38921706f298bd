namespace Aviso.Imap;

[Flags]
internal enum NotifyEvents
{
    None = 0, MessageNew = 1, MessageExpunge = 2, FlagChange = 4, MailboxName = 8, SubscriptionChange = 16,
}

internal enum NotifyScope
{
    Selected, SelectedDelayed, Inboxes, Personal, Subscribed, Subtree, Mailboxes,
}

internal sealed record NotifyGroup(NotifyScope Scope, IReadOnlyList<string> Mailboxes, NotifyEvents Events, FetchRequest? NewMessage);

/// <param name="Groups">Null: NOTIFY NONE.</param>
/// <param name="BadEvent">An event nobody here can tell: NO [BADEVENT].</param>
internal sealed record NotifyRequest(IReadOnlyList<NotifyGroup>? Groups, bool Status, bool BadEvent);

internal ref partial struct Grammar
{
    // RFC 5465 §8: notify = "NOTIFY" SP (notify-add / notify-remove)
    public bool NotifyRequest(out NotifyRequest request)
    {
        request = new(null, false, false);
        if (!Sp()) return false;
        if (Word("NONE"u8)) return true;
        if (!Word("SET"u8)) return false;
        var status = false;
        if (Rest.StartsWith(" S"u8) || Rest.StartsWith(" s"u8)) status = Sp() && Word("STATUS"u8);
        var groups = new List<NotifyGroup>();
        var bad = false;
        while (Sp())
        {
            if (groups.Count == 50 || !NotifyGroup(out var group, ref bad)) return false;
            groups.Add(group!);
        }
        request = new(groups, status, bad);
        return groups.Count > 0;
    }

    // event-group = "(" filter-mailboxes SP events ")"
    private bool NotifyGroup(out NotifyGroup? group, ref bool bad)
    {
        group = null;
        if (!Char((byte)'(') || !NotifyScope(out var scope, out var names) || !Sp()) return false;
        var events = NotifyEvents.None;
        FetchRequest? fetch = null;
        if (!Word("NONE"u8) && !NotifyEventList(ref events, ref fetch, ref bad)) return false;
        group = new(scope, names, events, fetch);
        return Char((byte)')');
    }

    private bool NotifyScope(out NotifyScope scope, out List<string> names)
    {
        names = [];
        scope = Imap.NotifyScope.Selected;
        if (Word("SELECTED-DELAYED"u8)) scope = Imap.NotifyScope.SelectedDelayed;
        else if (Word("SELECTED"u8)) scope = Imap.NotifyScope.Selected;
        else if (Word("INBOXES"u8)) scope = Imap.NotifyScope.Inboxes;
        else if (Word("PERSONAL"u8)) scope = Imap.NotifyScope.Personal;
        else if (Word("SUBSCRIBED"u8)) scope = Imap.NotifyScope.Subscribed;
        else if (Word("SUBTREE"u8)) return NotifyNames(Imap.NotifyScope.Subtree, out scope, names);
        else if (Word("MAILBOXES"u8)) return NotifyNames(Imap.NotifyScope.Mailboxes, out scope, names);
        else return false;
        return true;
    }

    // one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")"
    private bool NotifyNames(NotifyScope which, out NotifyScope scope, List<string> names)
    {
        scope = which;
        if (!Sp()) return false;
        var list = Char((byte)'(');
        do
        {
            if (!Mailbox(out var name) || names.Count == 1000) return false;
            if (name is not null) names.Add(name);
        }
        while (list && Sp());
        return !list || Char((byte)')');
    }

    // events = "(" event *(SP event) ")"
    private bool NotifyEventList(ref NotifyEvents events, ref FetchRequest? fetch, ref bool bad)
    {
        if (!Char((byte)'(')) return false;
        do
        {
            if (!Atom(out var name)) return false;
            switch (AsAscii(name).ToUpperInvariant())
            {
                case "MESSAGENEW":
                    events |= NotifyEvents.MessageNew;
                    if (!NotifyFetch(ref fetch)) return false;
                    break;
                case "MESSAGEEXPUNGE": events |= NotifyEvents.MessageExpunge; break;
                case "FLAGCHANGE": events |= NotifyEvents.FlagChange; break;
                case "MAILBOXNAME": events |= NotifyEvents.MailboxName; break;
                case "SUBSCRIPTIONCHANGE": events |= NotifyEvents.SubscriptionChange; break;
                default: bad = true; break;
            }
        }
        while (Sp());
        return Char((byte)')');
    }

    // message-event = "MessageNew" [SP "(" fetch-att *(SP fetch-att) ")"]
    private bool NotifyFetch(ref FetchRequest? fetch)
    {
        if (!Rest.StartsWith(" ("u8)) return true;
        Sp();
        Char((byte)'(');
        var sections = new List<FetchSection>();
        var fields = FetchFields.None;
        do
        {
            if (!FetchAtt(ref fields, sections)) return false;
        }
        while (Sp());
        fetch = new(fields, sections);
        return Char((byte)')');
    }
}
