using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.Moving;

/// <summary>Where the parts of an account of Dovecot are.</summary>
/// <param name="Mail">The Maildir.</param>
/// <param name="Indexes">Its index files where they are kept elsewhere (INDEX= of mail_location).</param>
/// <param name="Home">Where `.dovecot.sieve` and `sieve` are; null: looked for.</param>
public sealed record MaildirPlaces(string Mail, string? Indexes = null, string? Home = null);

/// <summary>A Maildir of Dovecot (or another program) as one account: Maildir++ or folders within folders.</summary>
public sealed class MaildirSource : MailSource
{
    private readonly MaildirPlaces _places;
    private readonly MaildirLayout _layout;
    private readonly Dictionary<string, MaildirFolder> _folders = new(StringComparer.Ordinal);
    private readonly List<SourceMailbox> _mailboxes = [];
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private readonly BodyOpener _opener;

    /// <exception cref="SourceException">There is none, or it may not be read.</exception>
    public MaildirSource(MaildirPlaces places, BodyOpener? opener = null)
    {
        _places = places with { Mail = Path.GetFullPath(places.Mail) };
        _opener = opener ?? new();
        _layout = MaildirLayout.Find(_places.Mail);
        foreach (var folder in _layout.Folders) Add(folder);
        Notes.AddRange(_layout.LeftOut);
        Subscriptions = ReadSubscriptions();
        Scripts = SieveFolder.Read(_places.Home is { } home ? [home] : [Path.Combine(_places.Mail, "home"),
            Path.GetDirectoryName(_places.Mail) ?? "/", _places.Mail], Notes);
        if (MaildirSize() is { } quota) Notes.Add(new(NoteKind.Carried, Path.Combine(_places.Mail, "maildirsize"),
            $"the quota there is {quota} octets"));
    }

    public override string Kind => "maildir";

    public override string Place => _places.Mail;

    public override IReadOnlyList<SourceMailbox> Mailboxes => _mailboxes;

    public override IReadOnlyList<string>? Subscriptions { get; }

    public override SourceScripts Scripts { get; }

    public override char? Separator => Between;

    private char Between => _layout.IsPlusPlus ? '.' : '/';

    private void Add(MaildirFolder folder)
    {
        var levels = new List<string>();
        foreach (var level in folder.Levels)
        {
            levels.Add(FolderName.Decode(level, out var problem));
            if (problem is not null) Notes.Add(new(NoteKind.Changed, folder.Path, $"the name `{level}` {problem}"));
        }
        var name = levels.Count == 0 || (levels.Count == 1 && levels[0].Equals("INBOX", StringComparison.OrdinalIgnoreCase)) ? "INBOX"
            : string.Join('/', levels);
        if (levels.Count > 1 && levels[0].Equals("INBOX", StringComparison.OrdinalIgnoreCase)) name = "INBOX" + name[5..];
        name = Nfc.Normalize(name);
        if (!_folders.TryAdd(name, folder))
        {
            Notes.Add(new(NoteKind.Damaged, folder.Path,
                $"its name here would be {name}, which {_folders[name].Path} has already; rename one of them"));
            return;
        }
        if (folder.Levels.Length > 0 && File.Exists(Path.Combine(folder.Path, "dovecot-acl")))
            Notes.Add(new(NoteKind.Lost, Path.Combine(folder.Path, "dovecot-acl"),
                "rights of others in this folder: nobody shares folders here"));
        var list = List(folder.Path);
        _mailboxes.Add(new(name, string.Join(Between, levels.DefaultIfEmpty("INBOX")), list?.UidValidity ?? 0, list?.UidNext
            ?? 0, folder.Path));
    }

    public override IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel)
    {
        var list = List(mailbox.Place);
        var files = Files(mailbox.Place, cancel);
        var words = KeywordsFile.Parse(_layout.Fence.Small(Path.Combine(mailbox.Place, "dovecot-keywords"), KeywordsFile.MostOctets));
        var index = Index(mailbox.Place);
        if (list is null && files.Count > 0)
            Say(NoteKind.Lost, mailbox.Place,
                "has no dovecot-uidlist that can be read: its messages get new UIDs in the order in which they came, and clients fetch "
                    + "them again");
        else if (list is not null) Compare(mailbox, list, files);
        var numbers = list?.Lines.ToDictionary(line => line.BaseName, line => line.Uid, StringComparer.Ordinal) ?? [];
        var next = list?.UidNext ?? 0;
        var messages = new List<SourceMessage>(files.Count);
        foreach (var file in files.Values.Where(file => numbers.ContainsKey(file.Name.Base)).OrderBy(file => numbers[file.Name.Base]))
            messages.Add(Message(file, numbers[file.Name.Base], words, index, list!.UidValidity));
        // Dovecot has not seen these yet: it would give them these numbers, in this order.
        var unseen = files.Values.Where(file => !numbers.ContainsKey(file.Name.Base)).ToList();
        unseen.Sort(static (a, b) => MaildirName.Compare(a.Name.Base, b.Name.Base));
        foreach (var file in unseen) messages.Add(Message(file, next == 0 ? 0 : next++, words, null, 0));
        return messages;
    }

    public override void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel)
    {
        using var file = Open(message);
        var name = MaildirName.Parse(Path.GetFileName(file.Name));
        _opener.Copy(file, name, into);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _opener.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>A server that runs renames files while they are read: when a flag changes, and from `new` to `cur`.</summary>
    private SourceStream Open(SourceMessage message)
    {
        for (var tries = 0; ; tries++)
        {
            var path = tries == 0 ? message.Place : Renamed(message.Place) ?? throw new SourceGoneException(message.Place);
            try
            {
                return _layout.Fence.Open(path);
            }
            catch (FileNotFoundException)
            {
                if (tries == 5) throw new SourceGoneException(message.Place);
            }
        }
    }

    private static string? Renamed(string path)
    {
        var (folder, wanted) = (Path.GetDirectoryName(Path.GetDirectoryName(path)!)!, MaildirName.BaseOf(Path.GetFileName(path)));
        foreach (var sub in (string[])["cur", "new"])
        {
            var at = Path.Combine(folder, sub);
            if (Directory.Exists(at) && Directory.EnumerateFiles(at).FirstOrDefault(file =>
                MaildirName.BaseOf(Path.GetFileName(file)) == wanted) is { } found)
                return found;
        }
        return null;
    }

    private sealed record MailFile(string Path, MaildirName Name, long Length, long Time);

    private Dictionary<string, MailFile> Files(string folder, CancellationToken cancel)
    {
        var files = new Dictionary<string, MailFile>(StringComparer.Ordinal);
        try
        {
            foreach (var sub in (string[])["new", "cur"])
            {
                var at = new DirectoryInfo(Path.Combine(folder, sub));
                if (!at.Exists) continue;
                foreach (var file in at.EnumerateFiles())
                {
                    cancel.ThrowIfCancellationRequested();
                    if (file.Name.StartsWith('.') || file.Name.StartsWith("dovecot", StringComparison.Ordinal)) continue;
                    Add(files, file);
                }
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SourceException($"{folder} may not be read by the server's user ({Environment.UserName})", e);
        }
        return files;
    }

    private void Add(Dictionary<string, MailFile> files, FileInfo file)
    {
        try
        {
            if (file.Name.Contains('\uFFFD', StringComparison.Ordinal))
            {
                Say(NoteKind.Damaged, file.FullName, "its name is not UTF-8: rename it");
                return;
            }
            if ((file.Attributes & FileAttributes.ReparsePoint) != 0 && file.LinkTarget is not null)
            {
                Say(NoteKind.Damaged, file.FullName, "is a link, which no message is: it is not read");
                return;
            }
            var name = MaildirName.Parse(file.Name);
            var time = new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero).ToUnixTimeSeconds();
            // A message that is in both was moved while we looked.
            files[name.Base] = new(file.FullName, name, file.Length, time);
        }
        catch (FileNotFoundException)
        {
            // It was renamed while we looked; the next run sees it under its new name. Never taken for deleted: see MoveRun.
            Say(NoteKind.Changed, file.FullName, "was renamed while the folder was read");
        }
    }

    private SourceMessage Message(MailFile file, uint uid, string?[] words, DovecotIndex? index, uint validity)
    {
        var flags = file.Name.Flags;
        var keywords = new List<string>();
        foreach (var number in file.Name.KeywordNumbers)
        {
            if (words[number] is { } word) keywords.Add(word);
            else Say(NoteKind.Lost, file.Path,
                $"carries the keyword letter {(char)('a' + number)}, which dovecot-keywords does not name");
        }
        // 0: a log whose beginning was cut off does not say.
        if (index is not null && (index.UidValidity == 0 || index.UidValidity == validity)
            && index.Messages.TryGetValue(uid, out var indexed))
        {
            if (indexed.IsDirty)
            {
                flags = indexed.Flags;
                keywords = [.. indexed.Keywords];
            }
            else keywords.AddRange(indexed.Keywords.Where(word => !words.Contains(word, StringComparer.OrdinalIgnoreCase)));
        }
        foreach (var bad in keywords.Where(word => !Keyword.IsValid(word)).ToList())
        {
            keywords.Remove(bad);
            Say(NoteKind.Lost, Path.GetDirectoryName(file.Path)!, $"the keyword `{bad}` is no keyword of IMAP");
        }
        // S= is what Dovecot wrote; a file that is shorter was copied by half, unless it is packed.
        if (file.Name.Size >= 0 && file.Name.Size != file.Length)
        {
            if (_opener.WhyNot(_layout.Fence, file.Path, file.Name) is { } no) Say(NoteKind.Damaged, file.Path, no);
        }
        else if (file.Length == 0) Say(NoteKind.Damaged, file.Path, "is empty");
        return new(uid, KeyOf(file.Name.Base), flags, keywords, file.Time, file.Name.WireSize, file.Path);
    }

    internal static UInt128 KeyOf(string text) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // Most files of a list that are not there were not copied; Dovecot leaves a few lines of what was expunged.
    private void Compare(SourceMailbox mailbox, UidList list, Dictionary<string, MailFile> files)
    {
        var missing = list.Lines.Count(line => !files.ContainsKey(line.BaseName));
        if (missing > 20 && missing > list.Lines.Count / 2) Say(
            NoteKind.Damaged, mailbox.Place,
                $"{missing} of {list.Lines.Count} messages of dovecot-uidlist have no file: was the folder copied whole?");
        if (list.Unread > 0) Say(NoteKind.Damaged, Path.Combine(mailbox.Place, "dovecot-uidlist"),
            $"{list.Unread} lines cannot be read; their messages get new UIDs");
        var own = list.Lines.Count(line => line.Uidl.Length > 0 && files.ContainsKey(line.BaseName));
        if (own > 0) Say(NoteKind.Lost, mailbox.Place,
            $"{own} messages have POP3 ids of an older server; POP3 clients that leave mail on the server fetch them once more");
    }

    private UidList? List(string folder) =>
        _layout.Fence.Small(Path.Combine(folder, "dovecot-uidlist"), UidList.MostOctets) is { } own ? UidList.Parse(own)
            : _layout.Fence.Small(Path.Combine(folder, "courierimapuiddb"), UidList.MostOctets) is { } courier ? UidList.Parse(courier)
                : null;

    private DovecotIndex? Index(string folder)
    {
        var at = _places.Indexes is { } indexes ? Path.Combine(indexes, Path.GetRelativePath(_places.Mail, folder)) : folder;
        if (_places.Indexes is not null && folder == _places.Mail && Directory.Exists(Path.Combine(at, ".INBOX"))) at = Path.Combine(at,
            ".INBOX");
        var fence = _places.Indexes is { } elsewhere ? new Fence(elsewhere) : _layout.Fence;
        var index = fence.Small(Path.Combine(at, "dovecot.index"), DovecotIndex.MostOctets);
        var logs = ((string[])["dovecot.index.log.2", "dovecot.index.log"])
            .Select(name => fence.Small(Path.Combine(at, name), DovecotIndex.MostOctets)).OfType<byte[]>().ToList();
        if (index is null && logs.Count == 0) return null;
        var read = DovecotIndex.Read(index, logs);
        if (read.Problem is { } problem) Say(NoteKind.Damaged, at, problem + "; keywords beyond 26 may be missing");
        return read;
    }

    private IReadOnlyList<string>? ReadSubscriptions()
    {
        if (_layout.Fence.Small(Path.Combine(_places.Mail, "subscriptions"), SubscriptionsFile.MostOctets) is not { } octets) return null;
        return [.. SubscriptionsFile.Parse(octets, Between).Select(levels => Nfc.Normalize(string.Join('/', levels.Select(level =>
            FolderName.Decode(level, out _)))))
            .Distinct(StringComparer.Ordinal)];
    }

    private long? MaildirSize()
    {
        if (_layout.Fence.Small(Path.Combine(_places.Mail, "maildirsize"), 1 << 20) is not { } text) return null;
        var octets = Encoding.UTF8.GetString(text).Split('\n')[0].Split(',').FirstOrDefault(part => part.EndsWith('S'));
        return octets is not null && long.TryParse(octets[..^1], out var limit) && limit > 0 ? limit : null;
    }

    // One note for each place and kind of thing, however often the folder is read.
    private void Say(NoteKind kind, string place, string text)
    {
        if (_said.Add(place + "\n" + text)) Notes.Add(new(kind, place, text));
    }
}

/// <summary>It was there and is not any more: it was deleted or moved while the source was read.</summary>
public sealed class SourceGoneException(string place) : IOException($"{place} went away while it was read");
