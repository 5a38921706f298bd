using Aviso.Base;
using Aviso.Store;
using MailKit;

namespace Aviso.Moving;

/// <summary>The mail of one account of a running IMAP server. Nothing of it changes there: mailboxes are opened by EXAMINE, messages
/// fetched by BODY.PEEK[].</summary>
public sealed class ImapSource : MailSource
{
    private readonly ImapPlace _place;
    private readonly ImapConnection _connection;
    private readonly ImapListing _listing;
    private readonly ImapBodies _bodies;
    private readonly GmailMailboxes? _gmail;
    private readonly List<SourceMailbox> _mailboxes;
    private readonly Dictionary<string, uint> _validities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SeenMailbox> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (uint, ulong)> _now = new(StringComparer.Ordinal);
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    /// <exception cref="SourceException">Nobody answers there, or lets us in.</exception>
    internal ImapSource(ImapPlace place, ImapPatience? patience = null)
    {
        _place = place;
        _connection = new(place, patience ?? new());
        try
        {
            _connection.Begin(CancellationToken.None);
            var folders = new ImapFolders(_connection, place, Notes);
            _listing = new(_connection, (at, text) => Say(NoteKind.Lost, at, text));
            _bodies = new(_connection, place, name => _validities[name]);
            (_mailboxes, Uses, Subscriptions) = (folders.Mailboxes, folders.Uses, folders.Subscriptions);
            (Separator, Prefix) = (folders.Separator, folders.Prefix);
            foreach (var mailbox in _mailboxes) _validities[mailbox.Place] = mailbox.UidValidity;
            if (folders.Gmail is not { } all) return;
            _gmail = Labelled(folders, all);
            _mailboxes = [.. _gmail.Names(CancellationToken.None).Select(name => new SourceMailbox(name, name, 0, 0, place.ToString()))];
            (Uses, Subscriptions) = (new Dictionary<SpecialUse, string>(), null);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public override string Kind => "imap";

    public override string Place => _place.ToString();

    public override IReadOnlyList<SourceMailbox> Mailboxes => _mailboxes;

    public override IReadOnlyList<string>? Subscriptions { get; }

    public override char? Separator { get; }

    public override string Prefix { get; }

    public override IReadOnlyDictionary<SpecialUse, string> Uses { get; }

    /// <summary>Connects, logs in and goes.</summary>
    /// <exception cref="SourceException">Why that is not possible.</exception>
    internal static void Try(ImapPlace place)
    {
        using var connection = new ImapConnection(place, new());
        connection.Begin(CancellationToken.None);
    }

    public override IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel)
    {
        if (_gmail is not null) return _gmail.Read(mailbox.Name, cancel);
        if (mailbox.UidValidity == 0) return [];
        var messages = _listing.List(At(mailbox), _seen.GetValueOrDefault(mailbox.Place), cancel, out var now);
        if (now > 0) _now[mailbox.Place] = (mailbox.UidValidity, now);
        else _now.Remove(mailbox.Place);
        return messages;
    }

    public override void Announce(IReadOnlyList<SourceMessage> coming) => _bodies.Announce(coming);

    public override void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel) => _bodies.Copy(message, into, cancel);

    public override string Tell(SourceMessage message) => _bodies.Tell(message);

    public override void Recall(SourceMailbox mailbox, SeenMailbox seen) => _seen[mailbox.Place] = seen;

    public override (uint UidValidity, ulong ModSeq)? SeenOf(SourceMailbox mailbox) =>
        _gmail is null && _now.TryGetValue(mailbox.Place, out var seen) ? seen : null;

    public override bool IsOutdated(SourceMailbox mailbox, UInt128 key) =>
        _gmail?.IsOutdated(key) ?? (mailbox.UidValidity != 0 && At(mailbox).IsOutdated(key));

    protected override void Dispose(bool disposing)
    {
        if (disposing) _connection.Dispose();
        base.Dispose(disposing);
    }

    private static ImapFolderAt At(SourceMailbox mailbox) => new(mailbox.Place, mailbox.UidValidity);

    private GmailMailboxes Labelled(ImapFolders folders, IMailFolder all)
    {
        Notes.RemoveAll(note => note.Kind != NoteKind.Damaged);
        Notes.Add(new(NoteKind.Changed, Place,
            "is Gmail, where labels look like mailboxes: each message comes once, to the place that its labels say (as of Google Takeout: "
                + "Inbox, Sent, Drafts, else its first own label, else Archive), and its own labels become keywords. UIDs are new"));
        var others = new List<(ImapFolderAt, string)>();
        foreach (var folder in folders.All)
        {
            var name = folder.Attributes.HasFlag(FolderAttributes.Trash) ? "Trash"
                : folder.Attributes.HasFlag(FolderAttributes.Junk) ? "Junk" : null;
            if (name is not null && _validities.TryGetValue(folder.FullName, out var validity))
                others.Add((new(folder.FullName, validity, name), name));
        }
        if (!_validities.TryGetValue(all.FullName, out var own)) throw new SourceException($"{all.FullName} at {Place} cannot be read");
        return new(_listing, new(all.FullName, own, "All"), others);
    }

    private void Say(NoteKind kind, string place, string text)
    {
        if (_said.Add(place + "\n" + text)) Notes.Add(new(kind, place, text));
    }
}
