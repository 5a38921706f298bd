using System.Buffers.Binary;

namespace Aviso.Store.Blobs;

/// <summary>
/// The header of one body on disk, 64 octets, little-endian, frozen by a test:
/// <code>
///  0 magic "AVRC"   4 version   5 codec   6 key id (u16)   8 kind (u16)   10 zero (u16)   12 metadata length (u32)
/// 16 stored octets of the body (i64)   24 body id (i64)   32 octets of the body when decoded (i64)   40 made at, Unix s (i64)
/// 48 CRC-32C of the metadata   52 CRC-32C of the stored body   56 zero (u32)   60 CRC-32C of octets 0-59, begun from the place
/// </code>
/// Metadata and body follow. The last checksum is begun from segment number and offset, so octets of one record that turn
/// up elsewhere (a torn write, a message that holds a record) are never taken for one.
/// </summary>
internal readonly record struct BodyRecord(
    int MetadataLength, long BodyLength, long BodyId, long MadeAt, uint MetadataCrc, uint BodyCrc)
{
    public const int HeaderLength = 64;
    public const uint Magic = 0x43525641;   // "AVRC"
    public const byte Version = 1;
    public const byte IdentityCodec = 0;
    public const ushort NoKey = 0;
    public const ushort MessageKind = 0;

    /// <summary>Octets of the whole record.</summary>
    public long Length => HeaderLength + MetadataLength + BodyLength;

    public void Write(Span<byte> to, int segment, long offset)
    {
        to[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        to[4] = Version;
        to[5] = IdentityCodec;
        BinaryPrimitives.WriteUInt16LittleEndian(to[6..], NoKey);
        BinaryPrimitives.WriteUInt16LittleEndian(to[8..], MessageKind);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], MetadataLength);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], BodyLength);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], BodyId);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], BodyLength);
        BinaryPrimitives.WriteInt64LittleEndian(to[40..], MadeAt);
        BinaryPrimitives.WriteUInt32LittleEndian(to[48..], MetadataCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(to[52..], BodyCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(to[60..], PlacedCrc(to, segment, offset));
    }

    /// <summary>False for anything that is not a record of this place written by a version we know.</summary>
    public static bool TryRead(ReadOnlySpan<byte> from, int segment, long offset, out BodyRecord record)
    {
        record = default;
        if (from.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(from) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[60..]) != PlacedCrc(from, segment, offset)) return false;
        if (from[4] != Version || from[5] != IdentityCodec) return false;
        record = new(
            BinaryPrimitives.ReadInt32LittleEndian(from[12..]), BinaryPrimitives.ReadInt64LittleEndian(from[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(from[24..]), BinaryPrimitives.ReadInt64LittleEndian(from[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(from[48..]), BinaryPrimitives.ReadUInt32LittleEndian(from[52..]));
        return record.MetadataLength >= 0 && record.BodyLength >= 0;
    }

    private static uint PlacedCrc(ReadOnlySpan<byte> header, int segment, long offset)
    {
        Span<byte> place = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(place, segment);
        BinaryPrimitives.WriteInt64LittleEndian(place[4..], offset);
        return ~Crc32C.Add(Crc32C.Add(~0u, place), header[..60]);
    }
}
