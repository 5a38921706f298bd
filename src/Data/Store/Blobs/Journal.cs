using System.Globalization;
using Aviso.Store.Commit;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>
/// What bodies alone cannot tell a rebuild: flags, moves, expunges, names, counters, documents. Written after each commit with its number,
/// synced with the first block of a file and every few seconds, never for a reply: its loss costs the newest flags of a rebuild, never mail. Files `journal/00000001.log`; `.base`: the state that
/// all files of lower numbers lead to. Files hold secrets (mode 0600). A file with damage is never written to again, nor shortened.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder;
    private readonly ILogger _log;
    private readonly FieldWriter _head = new(64);
    private SafeFileHandle? _file;
    private bool _broken;

    /// <summary>Octets of the present file that are on the disk for certain.</summary>
    private long _synced;

    /// <param name="found">What was found in the folder: goes on behind its last whole block, or in a new file.</param>
    public Journal(string dataFolder, JournalLook found, ILogger log)
    {
        (_folder, _log) = (FolderOf(dataFolder), log);
        Directory.CreateDirectory(_folder);
        Open(found.NewestIsWhole ? Math.Max(1, found.Newest) : found.Newest + 1);
    }

    /// <summary>The file that is written to.</summary>
    public int Number { get; private set; }

    /// <summary>Octets in the present file.</summary>
    public long Length { get; private set; }

    public static string FolderOf(string dataFolder) => Path.Combine(dataFolder, "journal");

    /// <summary>Numbers of the files on disk, ascending.</summary>
    public static IReadOnlyList<int> List(string dataFolder) => !Directory.Exists(FolderOf(dataFolder)) ? [] :
        [.. Directory.EnumerateFiles(FolderOf(dataFolder), "*.log")
            .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var n) ? n : 0)
            .Where(n => n > 0).Order()];

    public static string PathOf(string dataFolder, int number) =>
        Path.Combine(FolderOf(dataFolder), number.ToString("D8", CultureInfo.InvariantCulture) + ".log");

    /// <summary>Adds the lines of one commit; a failure is logged once and never stops mail.</summary>
    /// <param name="at">Unix seconds UTC.</param>
    public void Append(long commit, long at, ReadOnlySpan<byte> lines)
    {
        if (_file is null) return;
        try
        {
            _head.Clear();
            _head.Skip(JournalFile.FrameLength);
            JournalLines.Commit(_head, commit, at);
            var crc = ~Crc32C.Add(Crc32C.Add(~0u, _head.Written[JournalFile.FrameLength..]), lines);
            JournalFile.WriteFrame(_head.Rewrite(JournalFile.FrameLength), _head.Length - JournalFile.FrameLength + lines.Length, crc);
            RandomAccess.Write(_file, _head.Written, Length);
            if (!lines.IsEmpty) RandomAccess.Write(_file, lines, Length + _head.Length);
            var isFirst = Length == 0;
            Length += _head.Length + lines.Length;
            _broken = false;
            // A journal that says nothing after a power cut could not vouch for the database beside it.
            if (isFirst) Sync();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            if (!_broken) _log.JournalNotWritten(failed.Message);
            _broken = true;
        }
    }

    /// <summary>Syncs what was written since the last time. On the committing thread.</summary>
    public void Sync()
    {
        if (_file is null || Length == _synced) return;
        try
        {
            Posix.SyncData(_file, PathNow);
            if (_synced == 0) Posix.SyncFolder(_folder);
            _synced = Length;
        }
        catch (IOException failed)
        {
            if (!_broken) _log.JournalNotWritten(failed.Message);
            _broken = true;
        }
    }

    private string PathNow => Path.Combine(_folder, Number.ToString("D8", CultureInfo.InvariantCulture) + ".log");

    /// <summary>The state all files before <paramref name="number"/> lead to.</summary>
    public string BasePathOf(int number) => Path.Combine(_folder, number.ToString("D8", CultureInfo.InvariantCulture) + ".base");

    /// <summary>What a rebuild reads, in order: the newest base, then the files from its number on.</summary>
    public static IReadOnlyList<string> FilesToReplay(string dataFolder)
    {
        var folder = FolderOf(dataFolder);
        if (!Directory.Exists(folder)) return [];
        var files = Directory.GetFiles(folder, "*.log").Concat(Directory.GetFiles(folder, "*.base")).Order(StringComparer.Ordinal).ToArray();
        // "00000005.base" sorts before "00000005.log".
        var newest = Array.FindLastIndex(files, static path => path.EndsWith(".base", StringComparison.Ordinal));
        return files[Math.Max(0, newest)..];
    }

    /// <summary>Writes a base from these blocks and removes what it replaces; files with damage are kept under another name.</summary>
    public void WriteBase(int number, IEnumerable<ReadOnlyMemory<byte>> blocks) => WriteBase(number, blocks, Retire);

    /// <param name="retire">What becomes of each file that the base replaces.</param>
    public void WriteBase(int number, IEnumerable<ReadOnlyMemory<byte>> blocks, Action<string> retire)
    {
        var unfinished = BasePathOf(number) + ".new";
        using (var file = OpenOwn(unfinished, FileMode.Create))
        {
            var frame = new byte[JournalFile.FrameLength];
            long at = 0;
            foreach (var block in blocks)
            {
                JournalFile.WriteFrame(frame, block.Length, Crc32C.Of(block.Span));
                RandomAccess.Write(file, frame, at);
                RandomAccess.Write(file, block.Span, at + frame.Length);
                at += frame.Length + block.Length;
            }
            Posix.SyncData(file, unfinished);
        }
        File.Move(unfinished, BasePathOf(number), overwrite: true);
        Posix.SyncFolder(_folder);
        foreach (var path in Directory.GetFiles(_folder, "*.log").Concat(Directory.GetFiles(_folder, "*.base")))
            if (string.CompareOrdinal(Path.GetFileNameWithoutExtension(path), Path.GetFileNameWithoutExtension(BasePathOf(number))) < 0) retire(path);
    }

    /// <summary>Goes on in the next file and returns its number. On the committing thread.</summary>
    public int Roll()
    {
        Open(Number + 1);
        return Number;
    }

    public void Dispose() => _file?.Dispose();

    private static void Retire(string path)
    {
        var gaps = new List<JournalGap>();
        foreach (var _ in JournalFile.Read(path, gaps))
        {
            // Read only for the gaps.
        }
        if (gaps.Count == 0) File.Delete(path);
        else File.Move(path, path + ".damaged", overwrite: true);
    }

    private void Open(int number)
    {
        var file = OpenOwn(Path.Combine(_folder, number.ToString("D8", CultureInfo.InvariantCulture) + ".log"), FileMode.OpenOrCreate);
        _file?.Dispose();
        _file = file;
        Number = number;
        Length = RandomAccess.GetLength(file);
        _synced = 0;
    }

    private static SafeFileHandle OpenOwn(string path, FileMode mode)
    {
        var file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite);
        File.SetUnixFileMode(file, OwnerOnly);
        return file;
    }
}
