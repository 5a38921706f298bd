using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// A folder or a zip of files with one message each; folders are mailboxes. `index.tsv` of an export of ours says flags and dates; without
/// it a
/// message came when its Received field, its Date or its file says, and has been read.
/// </summary>
public sealed class EmlSource : MailSource
{
    private const int MostFiles = 2_000_000;

    /// <summary>Octets that a message of a zip may become.</summary>
    private const long MostOctets = 1L << 30;

    private readonly string _root;
    private readonly ZipArchive? _zip;
    private readonly Dictionary<string, List<string>> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EmlMarks> _marks;
    private readonly List<SourceMailbox> _mailboxes = [];
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);

    /// <exception cref="SourceException">There is no such file, or it may not be read.</exception>
    public EmlSource(string path)
    {
        _root = Path.GetFullPath(path);
        try
        {
            if (File.Exists(_root)) _zip = ZipFile.OpenRead(_root);
        }
        catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException or IOException)
        {
            throw new SourceException($"{_root} is no zip that can be read: {e.Message}", e);
        }
        _marks = ReadMarks();
        foreach (var file in All().Where(name => name.EndsWith(".eml", StringComparison.OrdinalIgnoreCase)))
        {
            if (_files.Values.Sum(files => files.Count) >= MostFiles) throw new SourceException(
                $"{_root} holds more than {MostFiles} messages");
            var name = NameOf(file);
            if (!_files.TryGetValue(name, out var files)) _files[name] = files = [];
            files.Add(file);
        }
        if (_files.Count == 0) throw new SourceException($"{_root} holds no file NAME.eml");
        _mailboxes.AddRange(_files.Keys.Order(StringComparer.Ordinal).Select(name => new SourceMailbox(name, name, 0, 0, _root)));
    }

    public override string Kind => "eml";

    public override string Place => _root;

    public override IReadOnlyList<SourceMailbox> Mailboxes => _mailboxes;

    public override bool TellsOfDeletion => false;

    public override IReadOnlyList<SourceMessage> Read(SourceMailbox mailbox, CancellationToken cancel)
    {
        var (messages, seen, doubled) = (new List<SourceMessage>(), new HashSet<UInt128>(), 0);
        foreach (var file in _files[mailbox.Name].Order(StringComparer.Ordinal))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                var (key, length, header) = Look(file);
                if (!seen.Add(key)) doubled++;
                else messages.Add(Message(file, key, length, header));
            }
            catch (SourceException e)
            {
                if (_damaged.Add(file)) Notes.Add(new(NoteKind.Damaged, file, e.Message));
            }
        }
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{doubled} messages stand there more than once, octet for octet: each comes once");
        if (doubled > 0 && !Notes.Exists(note => note.Place == mailbox.Name)) Notes.Add(new(NoteKind.Changed, mailbox.Name, text));
        return messages;
    }

    public override void Copy(SourceMessage message, SpooledBody into, CancellationToken cancel)
    {
        using var file = Open(message.Place);
        // A file in which any line ends with CRLF is meant as it stands; one without is of a program of Unix.
        if (_marks.ContainsKey(message.Place) || HasCrLf(message.Place)) WireText.Copy(file, into);
        else WireText.CopyWithCrLf(file, into);
    }

    private SourceMessage Message(string file, UInt128 key, long length, byte[] header)
    {
        if (_marks.TryGetValue(file, out var marks)) return new(0, key, marks.Flags, marks.Keywords, marks.InternalDate, length, file);
        return new(0, key, SystemFlags.Seen, [], Date(header) ?? Written(file), length, file);
    }

    private static long? Date(byte[] header)
    {
        if (HeaderFields.TryFind(header, "Received"u8, out var received) && received.LastIndexOf((byte)';') is >= 0 and var at
            && MailDate.TryParse(received[(at + 1)..], out var came)) return came.ToUnixTimeSeconds();
        return HeaderFields.TryFind(header, "Date"u8, out var value) && MailDate.TryParse(value, out var date) ? date.ToUnixTimeSeconds()
            : null;
    }

    private long Written(string file) => (_zip is not null ? _zip.GetEntry(file)!.LastWriteTime
        : new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(_root, file)), TimeSpan.Zero)).ToUnixTimeSeconds();

    private (UInt128 Key, long Length, byte[] Header) Look(string file)
    {
        using var stream = Open(file);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (octets, header, length) = (new byte[64 * 1024], Array.Empty<byte>(), 0L);
        for (int read; (read = stream.Read(octets)) > 0; length += read)
        {
            if (length == 0) header = octets.AsSpan(0, read).ToArray();
            digest.AppendData(octets.AsSpan(0, read));
        }
        return (BinaryPrimitives.ReadUInt128BigEndian(digest.GetHashAndReset()), length, HeaderOf(header));
    }

    private static byte[] HeaderOf(byte[] begin)
    {
        var end = begin.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0) end = begin.AsSpan().IndexOf("\n\n"u8);
        return end < 0 ? begin : begin[..(end + 2)];
    }

    private bool HasCrLf(string file)
    {
        using var stream = Open(file);
        var octets = new byte[64 * 1024];
        var last = (byte)0;
        for (int read; (read = stream.Read(octets)) > 0; last = octets[read - 1])
            if ((last == '\r' && octets[0] == '\n') || octets.AsSpan(0, read).IndexOf("\r\n"u8) >= 0) return true;
        return false;
    }

    private IEnumerable<string> All() => _zip is not null ? _zip.Entries.Select(entry => entry.FullName)
        : ArchiveFolder.Files(_root)
            .Select(file => Path.GetRelativePath(_root, file));

    private static string NameOf(string file)
    {
        var levels = file.Split('/', '\\')[..^1].Where(level => level.Length > 0 && level is not ("." or ".."))
            .Select(level => FolderName.Decode(Uri.UnescapeDataString(level), out _)).DefaultIfEmpty("INBOX").Take(31).ToArray();
        if (levels[0].Equals("INBOX", StringComparison.OrdinalIgnoreCase)) levels[0] = "INBOX";
        return Nfc.Normalize(string.Join('/', levels));
    }

    private Stream Open(string file)
    {
        try
        {
#pragma warning disable CA2000 // the outer stream lets go of the inner
            return _zip is null ? new SourceStream(File.OpenRead(Path.Combine(_root, file)), file)
                : new BoundedStream(new SourceStream(_zip.GetEntry(file)!.Open(), file), MostOctets, file);
#pragma warning restore CA2000
        }
        catch (Exception e) when (e is UnauthorizedAccessException or InvalidDataException or NotSupportedException or IOException)
        {
            throw new SourceException($"{file} of {_root} cannot be read: {e.Message}", e);
        }
    }

    private Dictionary<string, EmlMarks> ReadMarks()
    {
        var found = All().FirstOrDefault(name => name == EmlMarks.FileName);
        if (found is null) return [];
#pragma warning disable CA2000 // the outer stream lets go of the inner
        using var file = new BoundedStream(Open(found), EmlMarks.MostOctets, found);
#pragma warning restore CA2000
        return EmlMarks.Parse(file);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _zip?.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>`index.tsv`: path, time, flags as in a Maildir, keywords; a line a message.</summary>
internal sealed record EmlMarks(SystemFlags Flags, IReadOnlyList<string> Keywords, long InternalDate)
{
    public const string FileName = "index.tsv";

    public const long MostOctets = 256 << 20;

    // A path of 4,096 octets and 128 keywords fit.
    private const int LongestLine = 64 * 1024;

    /// <exception cref="SourceException">A line is longer than one of ours can be.</exception>
    public static Dictionary<string, EmlMarks> Parse(Stream from)
    {
        var marks = new Dictionary<string, EmlMarks>(StringComparer.Ordinal);
        using var lines = new LineScan(from, LongestLine);
        while (lines.Next(out var read))
        {
            if (!read.IsStart) throw new SourceException($"{FileName} has a line of more than {LongestLine} octets");
            var line = Encoding.UTF8.GetString(read.Text.TrimEnd((byte)'\r'));
            var fields = line.Split('\t');
            if (fields.Length < 4 || !long.TryParse(fields[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var date)) continue;
            marks[fields[0]] = new(MaildirName.Parse("x:2," + fields[2]).Flags,
                [.. fields[3].Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(Keyword.IsValid)], date);
        }
        return marks;
    }

    public static string Write(string path, long date, SystemFlags flags, IEnumerable<string> keywords) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}\t{date}\t{MaildirName.LettersOf(flags)}\t{string.Join(' ', keywords)}\n");
}
