using Aviso.Base;
using Aviso.Store;
using MailKit;
using MailKit.Net.Imap;

namespace Aviso.Moving;

/// <summary>Which mailboxes the source has, what they are for and what they are called here.</summary>
internal sealed class ImapFolders
{
    private const int MostFolders = 10_000;
    private const StatusItems Asked = StatusItems.UidValidity | StatusItems.UidNext;

    private static readonly (FolderAttributes Mark, SpecialUse Use)[] Marks =
    [
        (FolderAttributes.Drafts, SpecialUse.Drafts), (FolderAttributes.Sent, SpecialUse.Sent), (FolderAttributes.Junk, SpecialUse.Junk),
        (FolderAttributes.Trash, SpecialUse.Trash), (FolderAttributes.Archive, SpecialUse.Archive),
    ];

    private readonly ImapPlace _place;
    private readonly List<MoveNote> _notes;
    private readonly Dictionary<string, string> _nameOf = new(StringComparer.Ordinal);

    /// <exception cref="SourceException">They cannot be listed.</exception>
    public ImapFolders(ImapConnection connection, ImapPlace place, List<MoveNote> notes)
    {
        (_place, _notes) = (place, notes);
        var (folders, subscribed, isGmail) = connection.Ask(List, CancellationToken.None);
        All = folders;
        // A server of Gmail without All Mail in IMAP is like any other.
        Gmail = isGmail ? folders.FirstOrDefault(folder => folder.Attributes.HasFlag(FolderAttributes.All)) : null;
        foreach (var folder in folders) Add(connection, folder);
        Subscriptions = [.. subscribed.Select(name => _nameOf.GetValueOrDefault(name) ?? NameOf(name, out _))
            .Distinct(StringComparer.Ordinal)];
    }

    public char Separator { get; private set; } = '/';

    public string Prefix { get; private set; } = "";

    /// <summary>All there are, as the server lists them.</summary>
    public IReadOnlyList<IMailFolder> All { get; }

    /// <summary>Gmail's All Mail; null: the server is none of Gmail's.</summary>
    public IMailFolder? Gmail { get; }

    public List<SourceMailbox> Mailboxes { get; } = [];

    public Dictionary<SpecialUse, string> Uses { get; } = [];

    public IReadOnlyList<string> Subscriptions { get; }

    private (List<IMailFolder> Folders, List<string> Subscribed, bool IsGmail) List(ImapClient client)
    {
        var own = client.PersonalNamespaces.OrderBy(space => space.Path.Length == 0 ? 0 : Is(space.Path, "INBOX") ? 1 : 2).ToList();
        var folders = new Dictionary<string, IMailFolder>(StringComparer.Ordinal) { ["INBOX"] = client.Inbox };
        var (subscribed, items) = (new List<string>(), client.Capabilities.HasFlag(ImapCapabilities.ListStatus) ? Asked : StatusItems.None);
        foreach (var space in own)
        {
            foreach (var folder in client.GetFolders(space, items, false))
                folders.TryAdd(Is(folder.FullName, "INBOX") ? "INBOX" : folder.FullName, folder);
            subscribed.AddRange(client.GetFolders(space, StatusItems.None, subscribedOnly: true).Select(folder => folder.FullName));
        }
        if (folders.Count > MostFolders) throw new SourceException($"{_place} has more than {MostFolders} mailboxes");
        if (own is [var first, ..])
        {
            Separator = first.DirectorySeparator is '\0' ? '/' : first.DirectorySeparator;
            Prefix = first.Path.Length > 0 ? first.Path.TrimEnd(Separator) + Separator : "";
        }
        var foreign = client.OtherNamespaces.Concat(client.SharedNamespaces).Select(space => space.Path);
        foreach (var other in foreign.Distinct(StringComparer.Ordinal))
            _notes.Add(new(NoteKind.Lost, _place.ToString(),
                $"mailboxes of others below `{other}` are not read: nobody shares folders here"));
        return ([.. folders.Values.OrderBy(folder => folder.FullName, StringComparer.Ordinal)], subscribed,
            client.Capabilities.HasFlag(ImapCapabilities.GMailExt1));
    }

    private void Add(ImapConnection connection, IMailFolder folder)
    {
        if (folder.Attributes.HasFlag(FolderAttributes.NonExistent)) return;
        var (full, marks) = (folder.FullName, folder.Attributes);
        if (Gmail is null && (marks & (FolderAttributes.All | FolderAttributes.Flagged)) != 0)
        {
            // RFC 6154 §2: they present messages of other mailboxes.
            _notes.Add(new(NoteKind.Lost, full, "is a view of messages that are in other mailboxes "
                + $"({(marks.HasFlag(FolderAttributes.All) ? "\\All" : "\\Flagged")}) and is not read"));
            return;
        }
        var name = NameOf(full, out var problem);
        if (problem is not null) _notes.Add(new(NoteKind.Changed, full, problem));
        if (_nameOf.ContainsValue(name))
        {
            _notes.Add(new(NoteKind.Lost, full,
                $"its name here would be {name}, which {_nameOf.First(one => one.Value == name).Key} has already; rename one of them"));
            return;
        }
        _nameOf[full] = name;
        foreach (var (mark, use) in Marks)
            if (marks.HasFlag(mark)) Uses.TryAdd(use, name);
        if (marks.HasFlag(FolderAttributes.NoSelect))
        {
            _notes.Add(new(NoteKind.Changed, full, "holds no messages there, only other mailboxes; here it may hold some"));
            Mailboxes.Add(new(name, full, 0, 0, full));
        }
        else if (Numbers(connection, folder) is { } numbers) Mailboxes.Add(new(name, full, numbers.UidValidity, numbers.UidNext, full));
    }

    private (uint UidValidity, uint UidNext)? Numbers(ImapConnection connection, IMailFolder folder)
    {
        if (folder.UidValidity != 0) return (folder.UidValidity, folder.UidNext?.Id ?? 0);
        try
        {
            return connection.Ask(client =>
            {
                var here = client.GetFolder(folder.FullName);
                here.Status(Asked);
                return (here.UidValidity, here.UidNext?.Id ?? 0);
            }, CancellationToken.None);
        }
        catch (SourceException e) when (e is not SourceLostException)
        {
            _notes.Add(new(NoteKind.Damaged, folder.FullName, $"cannot be read: {e.Message}"));
            return null;
        }
    }

    private string NameOf(string full, out string? problem)
    {
        problem = null;
        if (Is(full, "INBOX")) return "INBOX";
        var rest = Prefix.Length > 0 && full.Length > Prefix.Length && full.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? full[Prefix.Length..] : full;
        var levels = new List<string>();
        foreach (var level in rest.Split(Separator))
        {
            levels.Add(FolderName.Clean(level, out var unclean));
            problem ??= unclean is null ? null : $"the level `{level}` {unclean}";
        }
        if (levels.Count > 1 && Is(levels[0], "INBOX")) levels[0] = "INBOX";
        return Nfc.Normalize(string.Join('/', levels));
    }

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}
