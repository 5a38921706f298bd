using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Aviso.Base;

namespace Aviso.Mime;

/// <param name="Name">With '/' between folders.</param>
/// <param name="Size">Octets unpacked, as the archive says.</param>
/// <param name="Method">How it is packed (APPNOTE 4.4.5): 0 not at all, 8 deflate.</param>
/// <param name="Packed">Octets in the archive.</param>
/// <param name="Header">Where the local header stands in the octets that were read.</param>
public readonly record struct ZipEntry(string Name, bool IsEncrypted, long Size, int Method, long Packed, long Header);

/// <param name="IsCut">There are more files than are listed.</param>
public sealed record ZipListing(IReadOnlyList<ZipEntry> Entries, bool IsCut);

/// <summary>The list of files in a zip archive (APPNOTE 4.3.12, 4.3.16), found as programs find it: octets before the archive do not hide
/// it.</summary>
public static class ZipDirectory
{
    /// <summary>Files of one archive that are listed.</summary>
    public const int MostEntries = 4000;

    private const int EndLength = 22;
    private const int RecordLength = 46;
    private const int LocalLength = 30;

    /// <summary>Nothing when it is no archive.</summary>
    public static ZipListing Read(ReadOnlySpan<byte> zip, WorkBudget work)
    {
        var (at, shift) = FindDirectory(zip);
        if (at < 0) return ReadLocal(zip, work);
        var entries = new List<ZipEntry>();
        while (at + RecordLength <= zip.Length && zip[(int)at..].StartsWith("PK\x01\x02"u8))
        {
            if (entries.Count == MostEntries) return new(entries, IsCut: true);
            var record = zip[(int)at..];
            int name = BinaryPrimitives.ReadUInt16LittleEndian(record[28..]);
            if (RecordLength + name > record.Length) break;
            work.Step(1 + (name >> 4));
            entries.Add(new(
                Encoding.UTF8.GetString(record.Slice(RecordLength, name)), (record[8] & 1) != 0,
                    BinaryPrimitives.ReadUInt32LittleEndian(record[24..]),
                BinaryPrimitives.ReadUInt16LittleEndian(record[10..]), BinaryPrimitives.ReadUInt32LittleEndian(record[20..]),
                BinaryPrimitives.ReadUInt32LittleEndian(record[42..]) + shift));
            at += RecordLength + name + BinaryPrimitives.ReadUInt16LittleEndian(record[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(
                record[32..]);
        }
        return new(entries, IsCut: false);
    }

    /// <summary>The unpacked octets of a file; null when they are packed in a way that is not read, or lie outside.</summary>
    public static Stream? Open(ReadOnlyMemory<byte> zip, ZipEntry entry)
    {
        if (entry.Header < 0 || entry.Header + LocalLength > zip.Length || !zip.Span[(int)entry.Header..].StartsWith("PK\x03\x04"u8))
            return null;
        var local = zip.Span[(int)entry.Header..];
        var start = entry.Header + LocalLength + BinaryPrimitives.ReadUInt16LittleEndian(
            local[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        if (start > zip.Length) return null;
        var packed = Stream(zip.Slice((int)start, (int)Math.Min(entry.Packed, zip.Length - start)));
        return entry.Method switch
        {
            0 => packed,
            8 => new DeflateStream(packed, CompressionMode.Decompress),
            _ => null,
        };
    }

    /// <summary>Reads these octets, without a copy where they stand in an array.</summary>
    public static MemoryStream Stream(ReadOnlyMemory<byte> octets) => MemoryMarshal.TryGetArray(octets, out var array)
        ? new(array.Array!, array.Offset, array.Count, writable: false) : new(octets.ToArray(), writable: false);

    // APPNOTE 4.3.16: the end record is the last thing but for a comment of at most 65,535 octets; the directory stands right before it,
    // and what its offset lacks is the length of what was put before the archive.
    private static (long At, long Shift) FindDirectory(ReadOnlySpan<byte> zip)
    {
        var from = Math.Max(0, zip.Length - EndLength - ushort.MaxValue);
        var end = zip[from..].LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || zip.Length - from - end < EndLength) return (-1, 0);
        end += from;
        var offset = (long)BinaryPrimitives.ReadUInt32LittleEndian(zip[(end + 16)..]);
        var before = end - (long)BinaryPrimitives.ReadUInt32LittleEndian(zip[(end + 12)..]);
        if (IsRecord(zip, before)) return (before, before - offset);
        return IsRecord(zip, offset) ? (offset, 0) : (-1, 0);
    }

    private static bool IsRecord(ReadOnlySpan<byte> zip, long at) => at >= 0 && at + RecordLength <= zip.Length
        && zip[(int)at..].StartsWith("PK\x01\x02"u8);

    // Programs that mend archives go by the local headers (APPNOTE 4.3.7) where the directory is gone.
    private static ZipListing ReadLocal(ReadOnlySpan<byte> zip, WorkBudget work)
    {
        var entries = new List<ZipEntry>();
        for (long at = 0; at + LocalLength <= zip.Length && zip[(int)at..].StartsWith("PK\x03\x04"u8);)
        {
            if (entries.Count == MostEntries) return new(entries, IsCut: true);
            var local = zip[(int)at..];
            int name = BinaryPrimitives.ReadUInt16LittleEndian(local[26..]);
            if (LocalLength + name > local.Length) break;
            work.Step(1 + (name >> 4));
            long packed = BinaryPrimitives.ReadUInt32LittleEndian(local[18..]);
            entries.Add(new(
                Encoding.UTF8.GetString(local.Slice(LocalLength, name)), (local[6] & 1) != 0,
                    BinaryPrimitives.ReadUInt32LittleEndian(local[22..]),
                BinaryPrimitives.ReadUInt16LittleEndian(local[8..]), packed, at));
            at += LocalLength + name + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]) + packed;
        }
        return new(entries, IsCut: false);
    }
}
