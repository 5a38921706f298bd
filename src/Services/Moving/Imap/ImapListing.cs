using Aviso.Store;
using MailKit;
using MailKit.Search;

namespace Aviso.Moving;

/// <summary>Lists the messages of a mailbox of the source; where it can tell (RFC 7162 §3.1.4.1), only those that changed since the last
/// run are asked for.</summary>
internal sealed class ImapListing(ImapConnection connection, Action<string, string> lost)
{
    // Messages of one FETCH: of all, and of those that changed.
    private const int AtOnce = 2000, ChangedAtOnce = 50_000;

    private const MessageSummaryItems Items =
        MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size;

    /// <summary>All messages, in the order of their UIDs.</summary>
    /// <param name="seen">What the last run saw, or null.</param>
    /// <param name="now">The mailbox's HIGHESTMODSEQ before it was listed; 0: it has none.</param>
    public List<SourceMessage> List(ImapFolderAt at, SeenMailbox? seen, CancellationToken cancel, out ulong now)
    {
        var messages = new List<SourceMessage>();
        ulong highest = 0;
        var uids = connection.Fresh(at.Name, at.UidValidity, folder =>
        {
            highest = connection.TellsChanges && folder.Supports(FolderFeature.ModSequences) ? folder.HighestModSeq : 0;
            return All(folder, cancel);
        }, cancel);
        now = highest;
        if (seen is not null && seen.UidValidity == at.UidValidity && highest > 0)
        {
            var changed = new Dictionary<uint, SourceMessage>();
            foreach (var some in uids.Chunk(ChangedAtOnce))
                foreach (var summary in Fetch(at, some, new FetchRequest(Items) { ChangedSince = seen.ModSeq }, cancel))
                    if (Message(at, summary) is { } message) changed[message.Uid] = message;
            var others = uids.Where(uid => !changed.ContainsKey(uid.Id)).ToLookup(uid => seen.IsTaken(at.KeyOf(uid.Id)));
            messages.AddRange(changed.Values);
            messages.AddRange(others[true].Select(uid =>
                new SourceMessage(uid.Id, at.KeyOf(uid.Id), SystemFlags.None, [], 0, -1, at.Name, uid.Id) { IsAsTaken = true }));
            uids = [.. others[false]];
        }
        foreach (var some in uids.Chunk(AtOnce))
            messages.AddRange(
                Fetch(at, some, new FetchRequest(Items), cancel).Select(summary => Message(at, summary)).OfType<SourceMessage>());
        messages.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        return messages;
    }

    /// <summary>All messages with their labels of Gmail.</summary>
    public IEnumerable<(SourceMessage Message, IReadOnlyList<string> Labels)> Labelled(ImapFolderAt at, CancellationToken cancel)
    {
        var uids = connection.Fresh(at.Name, at.UidValidity, folder => All(folder, cancel), cancel);
        foreach (var some in uids.Chunk(AtOnce))
            foreach (var summary in Fetch(at, some, new FetchRequest(Items | MessageSummaryItems.GMailLabels), cancel))
                if (Message(at, summary) is { } message) yield return (message, [.. summary.GMailLabels ?? []]);
    }

    private static IList<UniqueId> All(StreamingFolder folder, CancellationToken cancel) =>
        folder.Count == 0 ? [] : folder.Search(SearchQuery.All, cancel);

    private IList<IMessageSummary> Fetch(ImapFolderAt at, UniqueId[] uids, FetchRequest request, CancellationToken cancel) =>
        connection.In(at.Name, at.UidValidity, folder => folder.Fetch(new UniqueIdSet(uids, SortOrder.Ascending), request, cancel), cancel);

    // A server may tell of messages that were not asked for, and then not all of them.
    private SourceMessage? Message(ImapFolderAt at, IMessageSummary summary)
    {
        if ((summary.Fields & Items) != Items || summary.UniqueId.Id == 0) return null;
        var keywords = new List<string>();
        foreach (var word in summary.Keywords)
        {
            if (Keyword.IsValid(word)) keywords.Add(word);
            else lost(at.Name, $"the keyword `{word}` is no keyword of IMAP");
        }
        var uid = summary.UniqueId.Id;
        return new(at.KeepsUids ? uid : 0, at.KeyOf(uid), Flags(summary.Flags ?? MessageFlags.None), keywords,
            summary.InternalDate?.ToUnixTimeSeconds() ?? 0, (long?)summary.Size ?? -1, at.Name, uid);
    }

    private static SystemFlags Flags(MessageFlags flags) =>
        (flags.HasFlag(MessageFlags.Seen) ? SystemFlags.Seen : 0) | (flags.HasFlag(MessageFlags.Answered) ? SystemFlags.Answered : 0)
        | (flags.HasFlag(MessageFlags.Flagged) ? SystemFlags.Flagged : 0) | (flags.HasFlag(MessageFlags.Deleted) ? SystemFlags.Deleted : 0)
        | (flags.HasFlag(MessageFlags.Draft) ? SystemFlags.Draft : 0);
}
