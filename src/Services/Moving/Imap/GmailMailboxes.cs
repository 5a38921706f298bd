using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// Gmail has labels and shows each as a mailbox, so a message with three labels is there three times, and a fourth time in All Mail. Here
/// each comes once: All Mail is read with its labels, which say its place as those of Google Takeout do; Trash and Spam are not in it.
/// </summary>
internal sealed class GmailMailboxes(ImapListing listing, ImapFolderAt all, IReadOnlyList<(ImapFolderAt At, string Name)> others)
{
    private readonly Dictionary<string, List<SourceMessage>> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private List<string>? _names;

    /// <summary>Mailboxes that labels make.</summary>
    public IReadOnlyList<string> Names(CancellationToken cancel)
    {
        if (_names is not null) return _names;
        Look(cancel);
        return _names = [.. _byName.Keys.Union(["INBOX"]).Order(StringComparer.Ordinal)];
    }

    /// <summary>Whoever asks for a mailbox again wants to know how it is now: all are looked at again.</summary>
    public IReadOnlyList<SourceMessage> Read(string name, CancellationToken cancel)
    {
        if (!_read.Add(name))
        {
            Look(cancel);
            _read.Add(name);
        }
        return _byName.GetValueOrDefault(name) ?? [];
    }

    public bool IsOutdated(UInt128 key) => all.IsOutdated(key) || others.Any(other => other.At.IsOutdated(key));

    private void Look(CancellationToken cancel)
    {
        _byName.Clear();
        _read.Clear();
        foreach (var (message, labels) in listing.Labelled(all, cancel))
        {
            var (name, flags, keywords) = GmailLabels.Place([.. labels.Select(Plain)]);
            Messages(name).Add(message with
            {
                Flags = message.Flags | (flags & (SystemFlags.Flagged | SystemFlags.Draft)),
                Keywords = [.. message.Keywords.Union(keywords, StringComparer.OrdinalIgnoreCase)],
            });
        }
        foreach (var (at, name) in others) Messages(name).AddRange(listing.List(at, null, cancel, out _));
    }

    // "\Inbox" is Gmail's own, "Inbox" could not be anybody's.
    private static string Plain(string label) => label.Length > 1 && label[0] == '\\' ? label[1..] : label;

    private List<SourceMessage> Messages(string name)
    {
        if (!_byName.TryGetValue(name, out var messages)) _byName[name] = messages = [];
        return messages;
    }
}
