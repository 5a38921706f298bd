using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Aviso.Store.Blobs;

namespace Aviso.Trace;

/// <summary>
/// An entry on disk, little endian: its length with this head (4 octets), CRC-32C of all behind it (4), Unix milliseconds (8), how many
/// tokens (4), the tokens (4 each), then the events: kind (1), milliseconds after the entry (varint), fields (1), each a field (1), its
/// length (varint) and UTF-8.
/// </summary>
internal readonly ref struct EntryHead
{
    public const int Octets = 20;

    private readonly ReadOnlySpan<byte> _entry;

    private EntryHead(ReadOnlySpan<byte> entry) => _entry = entry;

    public int Length => _entry.Length;

    public long At => BinaryPrimitives.ReadInt64LittleEndian(_entry[8..]);

    public ReadOnlySpan<uint> Tokens => MemoryMarshal.Cast<byte, uint>(_entry.Slice(Octets, TokenCount * sizeof(uint)));

    public ReadOnlySpan<byte> Events => _entry[(Octets + TokenCount * sizeof(uint))..];

    private int TokenCount => BinaryPrimitives.ReadInt32LittleEndian(_entry[16..]);

    public bool Has(ReadOnlySpan<uint> tokens)
    {
        var own = Tokens;
        foreach (var token in tokens)
            if (!own.Contains(token)) return false;
        return true;
    }

    /// <summary>The entry that begins here; false when there is no whole one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out EntryHead entry)
    {
        entry = default;
        if (octets.Length < Octets) return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(octets);
        if (length < Octets || length > octets.Length) return false;
        var read = new EntryHead(octets[..length]);
        if ((uint)read.TokenCount > (length - Octets) / sizeof(uint)) return false;
        entry = read;
        return true;
    }

    /// <summary>Its octets are those that were written.</summary>
    public bool IsWhole => BinaryPrimitives.ReadUInt32LittleEndian(_entry[4..]) == Crc32C.Of(_entry[8..]);
}
