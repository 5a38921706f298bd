using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>The source of a VBA module (MS-OVBA §2.4.1, §2.3.4.3).</summary>
public static class VbaText
{
    /// <summary>Octets of source that are unpacked of one stream.</summary>
    public const int Most = 512 * 1024;

    private const int ChunkOctets = 4096;

    /// <summary>
    /// The source in a module's stream, "" when there is none. Where it begins is found by the words each source begins with, not by
    /// the project's directory: that one can lie, the words are what Office needs.
    /// </summary>
    public static string Of(ReadOnlySpan<byte> stream, WorkBudget work)
    {
        // A container's mark, its first chunk's header, a token byte for eight plain octets, and those octets.
        var mark = stream.IndexOf("\0Attribut"u8);
        return mark < 3 || stream[mark - 3] != 1 ? "" : Encoding.Latin1.GetString(Unpack(stream[(mark - 3)..], work));
    }

    /// <summary>What can be unpacked of a compressed container; at most <see cref="Most"/> octets, which are the macros of a large
    /// project.</summary>
    public static byte[] Unpack(ReadOnlySpan<byte> container, WorkBudget work)
    {
        var into = new MemoryStream();
        if (container.IsEmpty || container[0] != 1) return [];
        var room = new byte[ChunkOctets];
        container = container[1..];
        while (container.Length > 2 && into.Length < Most)
        {
            var header = BinaryPrimitives.ReadUInt16LittleEndian(container);
            if ((header >> 12 & 7) != 3) break;
            var size = Math.Min((header & 0xFFF) + 3, container.Length);
            var chunk = container[2..size];
            work.Take(ChunkOctets);
            if (header >> 15 == 0) into.Write(chunk);
            else into.Write(room, 0, Chunk(chunk, room));
            container = container[size..];
        }
        return into.ToArray();
    }

    // MS-OVBA §2.4.1.3.5: a byte of eight flags, then a plain octet or a copy token for each.
    private static int Chunk(ReadOnlySpan<byte> chunk, byte[] into)
    {
        var (at, written) = (0, 0);
        while (at < chunk.Length)
        {
            var flags = chunk[at++];
            for (var bit = 0; bit < 8 && at < chunk.Length; bit++)
            {
                if (written == into.Length) return written;
                if ((flags >> bit & 1) == 0)
                {
                    into[written++] = chunk[at++];
                    continue;
                }
                if (at + 2 > chunk.Length || written == 0) return written;
                var token = BinaryPrimitives.ReadUInt16LittleEndian(chunk[at..]);
                at += 2;
                var bits = Math.Max(4, 32 - BitOperations.LeadingZeroCount((uint)written - 1));
                var back = (token >> (16 - bits)) + 1;
                var length = Math.Min((token & (0xFFFF >> bits)) + 3, into.Length - written);
                if (back > written) return written;
                for (; length > 0; length--, written++) into[written] = into[written - back];
            }
        }
        return written;
    }
}
