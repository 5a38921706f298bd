using System.Globalization;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Moving;

/// <summary>
/// mbox files: one, or a folder of them in which folders are levels. Messages have no UIDs there; each is known by its octets, so the same
/// file
/// or a later copy of it brings nothing twice. With labels (Google Takeout) these say where a message goes.
/// </summary>
public sealed class MboxSource : MailSource
{
    private const int MostFiles = 10_000;
    private readonly bool _hasLabels;
    private readonly string _root;
    private readonly Dictionary<string, List<string>> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<SourceMessage>> _labelled = new(StringComparer.Ordinal);
    private readonly HashSet<(string Path, long Offset)> _raw = [];
    private readonly List<SourceMailbox> _mailboxes = [];
    private long _doubled;

    /// <param name="hasLabels">X-Gmail-Labels say the mailbox.</param>
    /// <exception cref="SourceException">There is no mbox, or it may not be read.</exception>
    public MboxSource(string path, bool hasLabels = false)
    {
        (_root, _hasLabels) = (Path.GetFullPath(path), hasLabels);
        foreach (var (name, file) in Find(_root)) Files(name).Add(file);
        if (_files.Count == 0) throw new SourceException($"{_root} holds no file NAME.mbox");
        if (hasLabels) ReadLabels();
        var names = hasLabels ? _labelled.Keys : (IEnumerable<string>)_files.Keys;
        _mailboxes.AddRange(names.Order(StringComparer.Ordinal).Select(name => new SourceMailbox(name, name, 0, 0, _root)));
    }

    public override string Kind => _hasLabels ? "takeout" : "mbox";

    public override string Place => _root;

    public override IReadOnlyList<SourceMailbox> Mailboxes => _mailboxes;

    // An archive is what was there on a day: what is missing in it says nothing.
    public override bool TellsOfDeletion => false;

    public override bool MovesByItself => _hasLabels;

    public override IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel)
    {
        if (_hasLabels) return _labelled[mailbox.Name];
        var (messages, seen) = (new List<SourceMessage>(), new HashSet<UInt128>());
        foreach (var file in _files[mailbox.Name])
        {
            Index(file, message =>
            {
                if (!seen.Add(message.Key)) _doubled++;
                else messages.Add(Message(file, message, MboxMarks.Read(message.Header)));
            }, cancel);
        }
        Doubled(mailbox.Name, _doubled);
        _doubled = 0;
        return messages;
    }

    public override void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel)
    {
        using var file = Open(message.Place);
        MboxFile.Copy(file, message.Offset, message.Size, _raw.Contains((message.Place, message.Offset)), into);
    }

    private static IEnumerable<(string Name, string Path)> Find(string root)
    {
        if (File.Exists(root)) return [("INBOX", root)];
        var found = new List<(string, string)>();
        foreach (var file in ArchiveFolder.Files(root))
        {
            var relative = Path.GetRelativePath(root, file);
            // Apple Mail: a folder NAME.mbox with a file "mbox" in it.
            if (Path.GetFileName(file) == "mbox") relative = Path.GetDirectoryName(relative) ?? "";
            if (!relative.EndsWith(".mbox", StringComparison.OrdinalIgnoreCase)) continue;
            if (found.Count >= MostFiles) throw new SourceException($"{root} holds more than {MostFiles} files");
            var levels = relative[..^5].Split('/').Select(level => level.EndsWith(".mbox", StringComparison.OrdinalIgnoreCase)
                ? level[..^5] : level)
                .Select(level => FolderName.Decode(level, out _)).ToArray();
            if (levels[0].Equals("INBOX", StringComparison.OrdinalIgnoreCase)) levels[0] = "INBOX";
            found.Add((Nfc.Normalize(string.Join('/', levels)), file));
        }
        return found;
    }

    private List<string> Files(string name)
    {
        if (!_files.TryGetValue(name, out var files)) _files[name] = files = [];
        return files;
    }

    private static SourceStream Open(string path)
    {
        var options = new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0, Share = FileShare.ReadWrite };
        try
        {
#pragma warning disable CA2000 // the outer stream lets go of the inner
            return new(new FileStream(path, options), path);
#pragma warning restore CA2000
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new SourceException($"{path} cannot be read by the server's user ({Environment.UserName}): {e.Message}", e);
        }
    }

    private void Index(string path, Action<MboxMessage> each, CancellationToken cancel)
    {
        using var file = Open(path);
        MboxFile.Index(file, path, message =>
        {
            if (message.IsRaw) _raw.Add((path, message.Offset));
            each(message);
        }, cancel);
    }

    private static SourceMessage Message(string file, MboxMessage message, MboxMarks marks) => new(
        0, message.Key, marks.Flags, marks.Keywords, marks.InternalDate ?? Date(message)
            ?? new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero).ToUnixTimeSeconds(),
        message.Length, file, message.Offset);

    /// <summary>When it came: as the line before it says, else as it says itself.</summary>
    private static long? Date(MboxMessage message)
    {
        if (FromLine.Time(message.FromLine) is { } came) return came;
        return HeaderFields.TryFind(message.Header, "Date"u8, out var value) && MailDate.TryParse(value, out var date)
            ? date.ToUnixTimeSeconds() : null;
    }

    private void ReadLabels()
    {
        var seen = new Dictionary<UInt128, (SourceMessage Message, HashSet<string> Labels)>();
        foreach (var file in _files.Values.SelectMany(files => files))
        {
            Index(file, message =>
            {
                var marks = MboxMarks.Read(message.Header);
                if (seen.TryGetValue(message.Key, out var known))
                {
                    known.Labels.UnionWith(marks.Labels);
                    _doubled++;
                }
                else seen[message.Key] = (Message(file, message, marks), [.. marks.Labels]);
            }, CancellationToken.None);
        }
        foreach (var (message, labels) in seen.Values)
        {
            var (mailbox, flags, keywords) = GmailLabels.Place(labels);
            if (!_labelled.TryGetValue(mailbox, out var messages)) _labelled[mailbox] = messages = [];
            var words = message.Keywords.Union(keywords, StringComparer.OrdinalIgnoreCase).ToList();
            messages.Add(message with { Flags = message.Flags | flags, Keywords = words });
        }
        if (_labelled.Count == 0) throw new SourceException($"{_root} holds no message");
        Doubled(_root, _doubled);
    }

    private void Doubled(string place, long count)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{count} messages stand there more than once, octet for octet: each comes once");
        if (count > 0 && !Notes.Exists(note => note.Place == place)) Notes.Add(new(NoteKind.Changed, place, text));
    }
}

/// <summary>The rest of a line "From ": an address and a time as C's asctime writes it, with or without an offset.</summary>
internal static class FromLine
{
    private static readonly string[] Formats =
    [
        "ddd MMM d HH:mm:ss yyyy", "ddd MMM d HH:mm yyyy", "ddd MMM d HH:mm:ss zzz yyyy", "ddd MMM d HH:mm:ss yyyy zzz",
    ];

    /// <summary>Unix seconds UTC, or null.</summary>
    public static long? Time(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var at = 0; at + 5 <= words.Length; at++)
        {
            if (words[at].Length != 3) continue;
            var time = string.Join(' ', words[at..Math.Min(words.Length, at + 6)]);
            foreach (var candidate in new[] { time, string.Join(' ', words[at..(at + 5)]) })
            {
                if (DateTimeOffset.TryParseExact(
                    candidate, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
                        out var date)) return date.ToUnixTimeSeconds();
            }
        }
        return null;
    }

    public static string Write(long unixSeconds) => "From MAILER-DAEMON "
        + DateTimeOffset.FromUnixTimeSeconds(unixSeconds).ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture);
}
