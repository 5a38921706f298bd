using System.Buffers.Binary;
using Aviso.Store.Commit;
using Microsoft.Win32.SafeHandles;

namespace Aviso.Store.Blobs;

/// <summary>A stretch of a journal file that is no whole block.</summary>
/// <param name="IsTail">Nothing whole follows: what a crash leaves of the block that was being written.</param>
internal readonly record struct JournalGap(string Path, long Offset, long Octets, bool IsTail)
{
    public override string ToString() => $"{System.IO.Path.GetFileName(Path)}: {Octets} octets at {Offset}";
}

/// <summary>
/// One file of the journal: blocks of length (4 octets), CRC-32C (4) and lines. Damage costs the block it is in: reading goes on
/// at the next whole one, and what was passed over is named.
/// </summary>
internal static class JournalFile
{
    public const int FrameLength = 8;
    private const int MostOctets = 256 << 20;
    private const int WindowOctets = 1 << 20;

    /// <summary>Whole blocks in order; stretches between them are added to <paramref name="gaps"/>.</summary>
    public static IEnumerable<byte[]> Read(string path, ICollection<JournalGap> gaps)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        for (long at = 0; at < length;)
        {
            if (BlockAt(file, at, length) is { } lines)
            {
                yield return lines;
                at += FrameLength + lines.Length;
                continue;
            }
            var next = NextBlock(file, at, length);
            gaps.Add(new(path, at, next - at, next == length));
            at = next;
        }
    }

    /// <summary>The number and time of the commit a block tells of; 0 for blocks of before they were counted.</summary>
    public static (long Commit, long At) CommitOf(ReadOnlySpan<byte> lines)
    {
        var from = new FieldReader(lines);
        return (JournalKind)from.Byte() == JournalKind.Commit ? (from.Long(), from.Long()) : default;
    }

    public static void WriteFrame(Span<byte> to, int length, uint crc)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], crc);
    }

    private static byte[]? BlockAt(SafeFileHandle file, long at, long fileLength)
    {
        Span<byte> frame = stackalloc byte[FrameLength];
        if (RandomAccess.Read(file, frame, at) < FrameLength) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(frame);
        if (length <= 0 || length > Math.Min(MostOctets, fileLength - at - FrameLength)) return null;
        var lines = new byte[length];
        if (RandomAccess.Read(file, lines, at + FrameLength) < length) return null;
        return Crc32C.Of(lines) == BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) ? lines : null;
    }

    /// <summary>Where the next whole block begins; the end of the file when there is none.</summary>
    private static long NextBlock(SafeFileHandle file, long bad, long fileLength)
    {
        // Most damage is inside the lines: then the length still tells where the next block is.
        Span<byte> frame = stackalloc byte[FrameLength];
        if (RandomAccess.Read(file, frame, bad) == FrameLength && BinaryPrimitives.ReadInt32LittleEndian(frame) is > 0 and var length
            && bad + FrameLength + length is var next && next < fileLength && BlockAt(file, next, fileLength) is not null) return next;
        var window = new byte[WindowOctets];
        for (var from = bad + 1; from + FrameLength < fileLength; from += WindowOctets - FrameLength)
        {
            var read = RandomAccess.Read(file, window, from);
            for (var i = 0; i + FrameLength < read; i++)
            {
                if (MayBegin(window.AsSpan(i, FrameLength + 1), fileLength - from - i) && BlockAt(file, from + i, fileLength) is not null) return from + i;
            }
        }
        return fileLength;
    }

    private static bool MayBegin(ReadOnlySpan<byte> octets, long left)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(octets);
        return length > 0 && length <= Math.Min(MostOctets, left - FrameLength) && octets[FrameLength] is > 0 and <= JournalLines.LastKind;
    }
}
