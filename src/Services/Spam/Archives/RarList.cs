using System.Buffers.Binary;
using System.Text;
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>The names in a RAR archive of version 4 or 5, by the headers before each file (RAR 5.0 archive format; technote of 4.x);
/// unpacks nothing.</summary>
internal static class RarList
{
    private const int OldMark = 7;
    private const int NewMark = 8;

    public static ArchiveList Read(ReadOnlySpan<byte> rar, WorkBudget work)
    {
        var list = new ArchiveList();
        if (rar.Length > NewMark && rar[6] == 1 && rar[7] == 0) New(rar[NewMark..], list, work);
        else if (rar.Length > OldMark) Old(rar[OldMark..], list, work);
        else list.IsBroken = true;
        return list;
    }

    // 4.x: CRC (2), type (1), flags (2), size (2), and the size of the data behind where flag 0x8000 is set.
    private static void Old(ReadOnlySpan<byte> rest, ArchiveList list, WorkBudget work)
    {
        while (rest.Length >= 7)
        {
            work.Step();
            var (type, flags, size) = (rest[2], BinaryPrimitives.ReadUInt16LittleEndian(rest[3..]),
                BinaryPrimitives.ReadUInt16LittleEndian(rest[5..]));
            if (size < 7 || size > rest.Length)
            {
                list.IsBroken = true;
                return;
            }
            if (type == 0x73 && (flags & 0x80) != 0)
            {
                list.IsHidden = true;
                return;
            }
            if (type == 0x7B) return;
            var header = rest[..size];
            if (type == 0x74 && !OldFile(header, flags, list)) return;
            long data = (flags & 0x8000) != 0 && size >= 11 ? BinaryPrimitives.ReadUInt32LittleEndian(header[7..]) : 0;
            if (type == 0x74 && (flags & 0x100) != 0 && size >= 36)
                data += (long)BinaryPrimitives.ReadUInt32LittleEndian(header[32..]) << 32;
            // The last file of a part goes on in the next.
            if (data > rest.Length - size) return;
            rest = rest[(size + (int)data)..];
        }
    }

    private static bool OldFile(ReadOnlySpan<byte> header, int flags, ArchiveList list)
    {
        var at = (flags & 0x100) != 0 ? 40 : 32;
        if (header.Length < at) return true;
        var name = header[at..Math.Min(header.Length, at + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]))];
        // Flag 0x200: the plain name, a zero, and the name packed as Unicode.
        if ((flags & 0x200) != 0 && name.IndexOf((byte)0) is var end and >= 0) name = name[..end];
        if ((flags & 0xE0) == 0xE0) return true;
        return list.Add(new(Encoding.UTF8.GetString(name), (flags & 4) != 0));
    }

    // 5.0: CRC (4), then numbers of seven bits an octet: size, type, flags, size of the extra area (flag 1), size of the data (flag 2).
    private static void New(ReadOnlySpan<byte> rest, ArchiveList list, WorkBudget work)
    {
        while (rest.Length > 7)
        {
            work.Step();
            var from = rest[4..];
            if (!Number(ref from, out var size) || size == 0 || size > (ulong)from.Length)
            {
                list.IsBroken = true;
                return;
            }
            var header = from[..(int)size];
            var behind = from[(int)size..];
            ulong extra = 0, data = 0;
            if (!Number(ref header, out var type) || !Number(ref header, out var flags)
                || ((flags & 1) != 0 && !Number(ref header, out extra))
                || ((flags & 2) != 0 && !Number(ref header, out data)))
            {
                list.IsBroken = true;
                return;
            }
            if (type == 4)
            {
                list.IsHidden = true;
                return;
            }
            if (type == 5 || (type == 2 && !NewFile(header, (int)Math.Min(extra, (ulong)header.Length), list))) return;
            if (data > (ulong)behind.Length) return;
            rest = behind[(int)data..];
        }
    }

    private static bool NewFile(ReadOnlySpan<byte> header, int extra, ArchiveList list)
    {
        var records = header[^extra..];
        if (!Number(ref header, out var flags) || !Number(ref header, out _) || !Number(ref header, out _)) return true;
        var skip = ((flags & 2) != 0 ? 4 : 0) + ((flags & 4) != 0 ? 4 : 0);
        if (header.Length < skip) return true;
        header = header[skip..];
        if (!Number(ref header, out _) || !Number(ref header, out _) || !Number(ref header, out var length)) return true;
        // Flag 1 is a folder.
        if ((flags & 1) != 0) return true;
        return list.Add(new(Encoding.UTF8.GetString(header[..(int)Math.Min(length, (ulong)header.Length)]), IsEncrypted(records)));
    }

    // Records of the extra area: size, type; 1 is file encryption.
    private static bool IsEncrypted(ReadOnlySpan<byte> records)
    {
        while (Number(ref records, out var size) && size > 0 && size <= (ulong)records.Length)
        {
            var record = records[..(int)size];
            if (Number(ref record, out var type) && type == 1) return true;
            records = records[(int)size..];
        }
        return false;
    }

    private static bool Number(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        number = 0;
        for (var i = 0; i < 10 && i < rest.Length; i++)
        {
            number |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if ((rest[i] & 0x80) != 0) continue;
            rest = rest[(i + 1)..];
            return true;
        }
        return false;
    }
}
