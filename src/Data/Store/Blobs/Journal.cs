using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>
/// What bodies alone cannot tell a rebuild: flags, moves, expunges, names. Written after each commit, synced by nobody: its
/// loss costs the newest flags of a rebuild, never mail. Files `journal/00000001.log`; each block: length, CRC-32C, lines.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly string _folder;
    private readonly ILogger _log;
    private readonly byte[] _frame = new byte[8];
    private SafeFileHandle? _file;
    private bool _broken;

    public Journal(string dataFolder, ILogger log)
    {
        (_folder, _log) = (Path.Combine(dataFolder, "journal"), log);
        Directory.CreateDirectory(_folder);
        Number = List() is [.., var newest] ? newest : 0;
        Open(Math.Max(1, Number));
    }

    /// <summary>The file that is written to.</summary>
    public int Number { get; private set; }

    /// <summary>Octets in the present file.</summary>
    public long Length { get; private set; }

    public string PathOf(int number) => Path.Combine(_folder, number.ToString("D8", CultureInfo.InvariantCulture) + ".log");

    public IReadOnlyList<int> List() =>
        [.. Directory.EnumerateFiles(_folder, "*.log")
            .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var n) ? n : 0)
            .Where(n => n > 0).Order()];

    /// <summary>Adds the lines of one commit; a failure is logged once and never stops mail.</summary>
    public void Append(ReadOnlySpan<byte> lines)
    {
        if (lines.IsEmpty || _file is null) return;
        try
        {
            BinaryPrimitives.WriteInt32LittleEndian(_frame, lines.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(_frame.AsSpan(4), Crc32C.Of(lines));
            RandomAccess.Write(_file, _frame, Length);
            RandomAccess.Write(_file, lines, Length + _frame.Length);
            Length += _frame.Length + lines.Length;
            _broken = false;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            if (!_broken) _log.LogWarning("journal not written, a rebuild would miss changes: {Reason}", failed.Message);
            _broken = true;
        }
    }

    /// <summary>The state all files before <paramref name="number"/> lead to.</summary>
    public string BasePathOf(int number) => Path.ChangeExtension(PathOf(number), ".base");

    /// <summary>What a rebuild reads, in order: the newest base, then the files from its number on.</summary>
    public static IReadOnlyList<string> FilesToReplay(string dataFolder)
    {
        var folder = Path.Combine(dataFolder, "journal");
        if (!Directory.Exists(folder)) return [];
        var files = Directory.GetFiles(folder, "*.log").Concat(Directory.GetFiles(folder, "*.base")).Order(StringComparer.Ordinal).ToArray();
        // "00000005.base" sorts before "00000005.log".
        var newest = Array.FindLastIndex(files, static path => path.EndsWith(".base", StringComparison.Ordinal));
        return files[Math.Max(0, newest)..];
    }

    /// <summary>Writes a base from these blocks and removes what it replaces.</summary>
    public void WriteBase(int number, IEnumerable<ReadOnlyMemory<byte>> blocks)
    {
        var unfinished = BasePathOf(number) + ".new";
        using (var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write))
        {
            var frame = new byte[8];
            long at = 0;
            foreach (var block in blocks)
            {
                BinaryPrimitives.WriteInt32LittleEndian(frame, block.Length);
                BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), Crc32C.Of(block.Span));
                RandomAccess.Write(file, frame, at);
                RandomAccess.Write(file, block.Span, at + frame.Length);
                at += frame.Length + block.Length;
            }
            Posix.SyncData(file, unfinished);
        }
        File.Move(unfinished, BasePathOf(number), overwrite: true);
        Posix.SyncFolder(_folder);
        foreach (var path in Directory.GetFiles(_folder))
            if (string.CompareOrdinal(Path.GetFileNameWithoutExtension(path), Path.GetFileNameWithoutExtension(PathOf(number))) < 0) File.Delete(path);
    }

    /// <summary>Goes on in the next file and returns its number. On the committing thread.</summary>
    public int Roll()
    {
        Open(Number + 1);
        return Number;
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>Blocks of a journal file in order, up to the first that is torn.</summary>
    public static IEnumerable<byte[]> Read(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var frame = new byte[8];
        for (long at = 0; RandomAccess.Read(file, frame, at) == frame.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(frame);
            if (length <= 0 || length > RandomAccess.GetLength(file) - at) yield break;
            var lines = new byte[length];
            if (RandomAccess.Read(file, lines, at + frame.Length) < length) yield break;
            if (Crc32C.Of(lines) != BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(4))) yield break;
            yield return lines;
            at += frame.Length + length;
        }
    }

    private void Open(int number)
    {
        var file = File.OpenHandle(PathOf(number), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        _file?.Dispose();
        _file = file;
        Number = number;
        Length = WholeLength(number);
    }

    private long WholeLength(int number) => Read(PathOf(number)).Sum(block => 8L + block.Length);
}
