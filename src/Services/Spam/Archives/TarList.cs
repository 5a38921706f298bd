using System.Text;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>The files of a tar archive (POSIX pax, GNU): a header of 512 octets before each.</summary>
internal static class TarList
{
    private const int Block = 512;

    public static ArchiveList Read(ReadOnlyMemory<byte> tar, WorkBudget work)
    {
        var list = new ArchiveList();
        string? longName = null;
        for (long at = 0; at + Block <= tar.Length;)
        {
            work.Step();
            var header = tar.Span.Slice((int)at, Block);
            if (header[0] == 0) return list;
            if (!header[257..].StartsWith("ustar"u8) && list.Files.Count == 0)
            {
                list.IsBroken = true;
                return list;
            }
            var size = Octal(header.Slice(124, 12));
            var start = at + Block;
            var octets = tar.Slice((int)Math.Min(start, tar.Length), (int)Math.Clamp(tar.Length - start, 0, size));
            switch (header[156])
            {
                case (byte)'L':
                    longName = Text(octets.Span[..Math.Min(octets.Length, 1000)]);
                    break;
                case (byte)'x':
                    longName = Pax(octets.Span) ?? longName;
                    break;
                case (byte)'0' or 0 or (byte)'7':
                    if (!list.Add(new(longName ?? Name(header), IsEncrypted: false, most => Copy(octets, most, work)))) return list;
                    longName = null;
                    break;
                default:
                    longName = null;
                    break;
            }
            at = start + ((size + Block - 1) / Block * Block);
        }
        return list;
    }

    private static Unpacked Copy(ReadOnlyMemory<byte> octets, int most, WorkBudget work)
    {
        work.Step();
        return new(octets[..Math.Min(octets.Length, most)], octets.Length > most, IsBroken: false);
    }

    private static string Name(ReadOnlySpan<byte> header)
    {
        var (name, prefix) = (Text(header[..100]), header[257..].StartsWith("ustar\0"u8) ? Text(header.Slice(345, 155)) : "");
        return prefix.Length == 0 ? name : $"{prefix}/{name}";
    }

    // Records "LENGTH path=NAME\n".
    private static string? Pax(ReadOnlySpan<byte> records)
    {
        var at = records.IndexOf(" path="u8);
        if (at < 0) return null;
        var name = records[(at + 6)..];
        var end = name.IndexOf((byte)'\n');
        return Text(end < 0 ? name[..Math.Min(name.Length, 1000)] : name[..Math.Min(end, 1000)]);
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        if (field.IndexOf((byte)0) is var end and >= 0) field = field[..end];
        return Encoding.UTF8.GetString(field);
    }

    // Digits, or with the first bit set a number of octets (GNU).
    private static long Octal(ReadOnlySpan<byte> field)
    {
        var number = 0L;
        if ((field[0] & 0x80) != 0)
        {
            foreach (var octet in field[4..]) number = (number << 8) | octet;
            return number < 0 ? long.MaxValue / 2 : Math.Min(number, long.MaxValue / 2);
        }
        foreach (var octet in field)
        {
            if (octet is >= (byte)'0' and <= (byte)'7') number = (number << 3) | (uint)(octet - '0');
        }
        return number;
    }
}
