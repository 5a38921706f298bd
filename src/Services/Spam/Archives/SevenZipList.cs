using System.Buffers.Binary;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using SharpCompress.Compressors.LZMA;

namespace Aviso.Spam;

/// <summary>
/// The names in a 7z archive (7zFormat.txt): its header stands at the end, mostly packed with LZMA itself. Sizes that the archive
/// names are believed only up to <see cref="MostHeader"/>.
/// </summary>
internal static class SevenZipList
{
    private const int MostHeader = 2 * 1024 * 1024;
    private const int Start = 32;

    public static ArchiveList Read(ReadOnlyMemory<byte> file, WorkBudget work)
    {
        var list = new ArchiveList();
        var header = Header(file);
        // Where the header is packed, the packing is named in the place of the list; a packed one may be packed again.
        for (var left = 2; left > 0 && header.Span is [0x17, ..]; left--)
        {
            var streams = new SevenZipStreams();
            var rest = header.Span[1..];
            if (!streams.TryRead(ref rest, work) || streams.Coder is null)
            {
                list.IsBroken = true;
                return list;
            }
            if (streams.IsEncrypted)
            {
                list.IsHidden = true;
                return list;
            }
            header = Unpack(file, streams, work);
        }
        list.IsBroken = header.Span is not [0x01, ..] || !Names(header.Span[1..], list, work);
        return list;
    }

    private static ReadOnlyMemory<byte> Header(ReadOnlyMemory<byte> file)
    {
        if (file.Length < Start) return default;
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(file.Span[12..]);
        var size = BinaryPrimitives.ReadUInt64LittleEndian(file.Span[20..]);
        var room = (ulong)(file.Length - Start);
        return offset > room || size > room - offset || size > MostHeader ? default : file.Slice(Start + (int)offset, (int)size);
    }

    private static ReadOnlyMemory<byte> Unpack(ReadOnlyMemory<byte> file, SevenZipStreams streams, WorkBudget work)
    {
        var room = (ulong)(file.Length - Start);
        if (streams.Packed > room || streams.PackedAt > room - streams.Packed || streams.Unpacked is 0 or > MostHeader) return default;
        var packed = file.Slice(Start + (int)streams.PackedAt, (int)streams.Packed);
        if (streams.Coder is [0]) return packed;
        if (streams.Coder is not [3, 1, 1] || streams.Properties.Length != 5) return default;
        // The window need be no larger than what comes out.
        var properties = streams.Properties.ToArray();
        var window = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(properties.AsSpan(1)), (uint)streams.Unpacked);
        BinaryPrimitives.WriteUInt32LittleEndian(properties.AsSpan(1), Math.Max(window, 4096));
        try
        {
            var stream = LzmaStream.Create(properties, ZipDirectory.Stream(packed), packed.Length, (long)streams.Unpacked);
            return Unpacker.Inflate(stream, work, MostHeader).Octets;
        }
        catch (Exception e) when (e is SharpCompress.Common.SharpCompressException
            or InvalidDataException or ArgumentException or IndexOutOfRangeException)
        {
            return default;
        }
    }

    // Header: the streams (4), then the files (5); of the files' properties only the names (0x11) are read.
    private static bool Names(ReadOnlySpan<byte> rest, ArchiveList list, WorkBudget work)
    {
        var isEncrypted = false;
        while (!rest.IsEmpty)
        {
            work.Step();
            var id = rest[0];
            rest = rest[1..];
            if (id == 0) return true;
            if (id is 2) return false;
            if (id is 3 or 4)
            {
                var streams = new SevenZipStreams();
                if (!streams.TryRead(ref rest, work)) return false;
                isEncrypted |= streams.IsEncrypted;
            }
            else if (id == 5) return Files(rest, isEncrypted, list, work);
            else return false;
        }
        return false;
    }

    private static bool Files(ReadOnlySpan<byte> rest, bool isEncrypted, ArchiveList list, WorkBudget work)
    {
        if (!SevenZipStreams.Number(ref rest, out _)) return false;
        while (!rest.IsEmpty && rest[0] != 0)
        {
            work.Step();
            var id = rest[0];
            rest = rest[1..];
            if (!SevenZipStreams.Number(ref rest, out var size) || size > (ulong)rest.Length) return false;
            var property = rest[..(int)size];
            rest = rest[(int)size..];
            if (id != 0x11 || property.IsEmpty) continue;
            // 0: the names stand here, UTF-16 with a zero behind each.
            if (property[0] != 0) return false;
            var names = Encoding.Unicode.GetString(property[1..]);
            work.Take(property.Length);
            foreach (var name in names.AsSpan().TrimEnd('\0').Split('\0'))
            {
                if (!list.Add(new(names[name], isEncrypted))) break;
            }
            return true;
        }
        return false;
    }
}
