using Aviso.Net;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// A session's NOTIFY (RFC 5465): while the client is silent, news of the selected mailbox as FETCH, EXISTS and EXPUNGE, of
/// others as STATUS, of names as LIST. State kept: what was last told of each mailbox.
/// </summary>
internal sealed class NotifyWatch(ImapSession session, IReadOnlyList<NotifyGroup> groups) : IDisposable
{
    private readonly AccountWatch _watch = new(session.Store, session.Account);
    private Dictionary<MailboxId, MailboxInfo> _known = [];
    private HashSet<string> _subscribed = new(StringComparer.Ordinal);

    public async ValueTask StartAsync(bool status)
    {
        await RememberAsync();
        if (!status) return;
        // RFC 5465 §3.1: the STATUS of every watched mailbox but the selected.
        foreach (var info in _known.Values)
        {
            if (info.Id != session.Box?.Id && GroupOf(info) is { } group && MessageEvents(group)) await WriteStatusAsync(info, group);
        }
    }

    /// <summary>Waits for the client's next line and tells news meanwhile.</summary>
    public async ValueTask<Task<LineRead>> WaitForLineAsync()
    {
        var line = session.Connection.ReadLineAsync(session.Options.Line, session.Options.Autologout, betweenCommands: true).AsTask();
        while (!line.IsCompleted && !session.Over && !session.Writer.Broken)
        {
            if (await Task.WhenAny(line, _watch.Changed) == line) break;
            await TellAsync();
            await session.Writer.FlushAsync();
        }
        return line;
    }

    private async ValueTask TellAsync()
    {
        var (changed, tree) = _watch.Take();
        var before = _known;
        var subscribedBefore = _subscribed;
        await RememberAsync();
        if (tree) TellNames(before, subscribedBefore);
        foreach (var id in changed)
        {
            if (session.Box?.Id == id) await TellSelectedAsync();
            else if (_known.TryGetValue(id, out var info) && GroupOf(info) is { } group && MessageEvents(group)) await WriteStatusAsync(info, group);
        }
    }

    private async ValueTask TellSelectedAsync()
    {
        var selected = groups.FirstOrDefault(g => g.Scope is NotifyScope.Selected or NotifyScope.SelectedDelayed);
        if (selected is not null && !MessageEvents(selected)) return;
        var box = session.Box!;
        var uidNext = box.View.UidNext;
        // RFC 5465 §6.2: SELECTED-DELAYED keeps expunges until a command allows them.
        await session.ReportNewsAsync(expunges: selected?.Scope == NotifyScope.Selected);
        if (selected?.NewMessage is { } fetch && session.Box is { } now && now.View.UidNext > uidNext)
            await FetchCommand.FetchNewAsync(session, now, uidNext, fetch);
    }

    private void TellNames(Dictionary<MailboxId, MailboxInfo> before, HashSet<string> subscribedBefore)
    {
        foreach (var (id, info) in _known)
        {
            if (!Wants(info, NotifyEvents.MailboxName)) continue;
            if (!before.TryGetValue(id, out var old)) WriteList(info.Name, "", null);
            else if (old.Name != info.Name) WriteList(info.Name, "", old.Name);
        }
        foreach (var (id, old) in before)
        {
            if (!_known.ContainsKey(id) && Wants(old, NotifyEvents.MailboxName)) WriteList(old.Name, "\\NonExistent", null);
        }
        if (!groups.Any(g => g.Events.HasFlag(NotifyEvents.SubscriptionChange))) return;
        foreach (var name in _subscribed.Except(subscribedBefore)) WriteList(name, "\\Subscribed", null);
        foreach (var name in subscribedBefore.Except(_subscribed)) WriteList(name, "", null);
    }

    private void WriteList(string name, string attribute, string? oldName)
    {
        session.Writer.Bytes("* LIST ("u8).Text(attribute).Bytes(") "u8).Separator().Byte(' ').Name(name);
        if (oldName is not null) session.Writer.Bytes(" (\"OLDNAME\" ("u8).Name(oldName).Bytes("))"u8);
        session.Writer.Line();
    }

    private async ValueTask WriteStatusAsync(MailboxInfo info, NotifyGroup group)
    {
        var items = StatusItems.Messages | StatusItems.UidNext | StatusItems.UidValidity;
        // RFC 5465 §3.1: whoever asks for changes of flags is told HIGHESTMODSEQ, enabled or not.
        if (group.Events.HasFlag(NotifyEvents.FlagChange)) items |= StatusItems.Unseen | StatusItems.HighestModSeq;
        if (session.Modes.Condstore) items |= StatusItems.HighestModSeq;
        await StatusCommand.WriteAsync(session, info, items);
    }

    private async ValueTask RememberAsync()
    {
        _known = (await session.Mailboxes.ListMailboxesAsync(session.Account, session.Cancel)).ToDictionary(m => m.Id);
        _subscribed = new(await session.Mailboxes.ListSubscriptionsAsync(session.Account, session.Cancel), StringComparer.Ordinal);
    }

    private static bool MessageEvents(NotifyGroup group) =>
        (group.Events & (NotifyEvents.MessageNew | NotifyEvents.MessageExpunge | NotifyEvents.FlagChange)) != 0;

    private bool Wants(MailboxInfo info, NotifyEvents what) => GroupOf(info) is { } group && group.Events.HasFlag(what);

    // RFC 5465 §5: the first group that names a mailbox decides.
    private NotifyGroup? GroupOf(MailboxInfo info)
    {
        foreach (var group in groups)
        {
            var named = group.Scope switch
            {
                NotifyScope.Inboxes => info.Name == "INBOX",
                NotifyScope.Personal => true,
                NotifyScope.Subscribed => info.Subscribed,
                NotifyScope.Mailboxes => group.Mailboxes.Contains(info.Name, StringComparer.Ordinal),
                NotifyScope.Subtree => group.Mailboxes.Any(m => info.Name == m || info.Name.StartsWith(m + "/", StringComparison.Ordinal)),
                _ => false,
            };
            if (named) return group;
        }
        return null;
    }

    public void Dispose() => _watch.Dispose();
}
