using System.Buffers.Binary;
using System.Numerics;

namespace Aviso.Store.Blobs;

/// <summary>CRC-32C (Castagnoli, RFC 3720 §12.1), in hardware where there is any.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of octets alone.</summary>
    public static uint Of(ReadOnlySpan<byte> octets) => ~Add(~0u, octets);

    /// <summary>Goes on from <paramref name="state"/>; start with ~0 and complement at the end.</summary>
    public static uint Add(uint state, ReadOnlySpan<byte> octets)
    {
        while (octets.Length >= 8)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(octets));
            octets = octets[8..];
        }
        foreach (var octet in octets) state = BitOperations.Crc32C(state, octet);
        return state;
    }
}
