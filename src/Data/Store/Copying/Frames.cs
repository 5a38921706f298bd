using System.Buffers.Binary;

namespace Aviso.Store.Copying;

/// <summary>One page of the database as a transaction left it.</summary>
/// <param name="Page">From 1.</param>
/// <param name="Pages">The database's size in pages where this is a transaction's last frame; else 0.</param>
/// <param name="At">Unix milliseconds UTC of the commit; 0 on other frames, and for commits of before anybody looked.</param>
/// <param name="Commit">The number of the last numbered commit so far; 0 as for <paramref name="At"/>.</param>
/// <param name="Octets">Of a page.</param>
public readonly record struct FrameHead(int Page, int Pages, long At, long Commit, int Octets)
{
    public bool IsCommit => Pages != 0;
}

/// <summary>
/// Frames one after the other, little-endian: page (4 octets), pages (4), at (8), commit (8), octets (4), then the page. Frozen by a test.
/// </summary>
public static class Frames
{
    public const int HeadLength = 28;
    private const int MostOctets = 65536;

    public static void WriteHead(Span<byte> to, in FrameHead head)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, head.Page);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], head.Pages);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], head.At);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], head.Commit);
        BinaryPrimitives.WriteInt32LittleEndian(to[24..], head.Octets);
    }

    /// <summary>Reads the next frame; false at the end.</summary>
    /// <exception cref="InvalidDataException">The octets are no frames.</exception>
    public static bool TryRead(Stream from, out FrameHead head, ref byte[] page)
    {
        head = default;
        Span<byte> octets = stackalloc byte[HeadLength];
        var read = from.ReadAtLeast(octets, HeadLength, throwOnEndOfStream: false);
        if (read == 0) return false;
        head = new(
            BinaryPrimitives.ReadInt32LittleEndian(octets), BinaryPrimitives.ReadInt32LittleEndian(octets[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(octets[8..]), BinaryPrimitives.ReadInt64LittleEndian(octets[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(octets[24..]));
        if (read < HeadLength || head.Page < 1 || head.Octets is < 512 or > MostOctets) throw new InvalidDataException("no frame");
        if (page.Length != head.Octets) page = new byte[head.Octets];
        if (from.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) < page.Length) throw new InvalidDataException("a frame is cut "
            + "off");
        return true;
    }
}
