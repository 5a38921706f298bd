using System.IO.Compression;
using System.Security.Cryptography;

namespace Aviso.Backup;

/// <summary>
/// One object on a target: "AVB1", codec (0: as it is, 1: Brotli), nonce (12 octets), sealed octets, tag (16): AES-256-GCM, with the
/// magic, the
/// codec and the object's name as associated data. Frozen by a test.
/// </summary>
internal static class Envelope
{
    private const int NonceAt = 5, NonceLength = 12, TagLength = 16, HeadLength = NonceAt + NonceLength;
    private const byte AsItIs = 0, Brotli = 1;
    private const int Quality = 1, Window = 22;

    /// <summary>No object says that it is larger when opened; a frame of the log, a piece of a file and a list of pieces are far
    /// below.</summary>
    private const int MostOctets = 512 << 20;

    /// <summary>No object is shorter.</summary>
    public const int LeastOctets = HeadLength + TagLength;

    public static byte[] Seal(byte[] key, byte[] name, ReadOnlySpan<byte> octets)
    {
        var packed = new byte[4 + BrotliEncoder.GetMaxCompressedLength(octets.Length)];
        BitConverter.TryWriteBytes(packed, octets.Length);
        var isSmaller = BrotliEncoder.TryCompress(octets, packed.AsSpan(4), out var length, Quality, Window) && length + 4 < octets.Length;
        var plain = isSmaller ? packed.AsSpan(0, length + 4) : octets;
        var sealedOctets = new byte[HeadLength + plain.Length + TagLength];
        "AVB1"u8.CopyTo(sealedOctets);
        sealedOctets[4] = isSmaller ? Brotli : AsItIs;
        RandomNumberGenerator.Fill(sealedOctets.AsSpan(NonceAt, NonceLength));
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(sealedOctets.AsSpan(NonceAt, NonceLength), plain, sealedOctets.AsSpan(HeadLength, plain.Length),
            sealedOctets.AsSpan(HeadLength + plain.Length), Bound(sealedOctets, name));
        return sealedOctets;
    }

    public static byte[] Open(byte[] key, byte[] name, ReadOnlySpan<byte> octets)
    {
        if (octets.Length < LeastOctets) throw new DamagedObjectException("it is cut off");
        if (!octets.StartsWith("AVB1"u8)) throw new DamagedObjectException("it is no object of a backup");
        var plain = new byte[octets.Length - HeadLength - TagLength];
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Decrypt(octets.Slice(NonceAt, NonceLength), octets.Slice(HeadLength, plain.Length), octets[^TagLength..], plain,
                Bound(octets, name));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new DamagedObjectException("its octets do not have their seal: it is damaged, or of another key");
        }
        return octets[4] == Brotli ? Unpack(plain) : plain;
    }

    private static byte[] Bound(ReadOnlySpan<byte> head, byte[] name) => [.. head[..NonceAt], .. name];

    private static byte[] Unpack(byte[] plain)
    {
        var length = BitConverter.ToInt32(plain);
        if (length is < 0 or > MostOctets) throw new DamagedObjectException("it has no length");
        var octets = new byte[length];
        if (!BrotliDecoder.TryDecompress(plain.AsSpan(4), octets, out var written) || written != length)
            throw new DamagedObjectException("it cannot be unpacked");
        return octets;
    }
}
