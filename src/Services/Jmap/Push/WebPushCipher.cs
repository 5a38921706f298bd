using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Aviso.Jmap;

/// <summary>The keys of a push subscription (RFC 8291 §2).</summary>
/// <param name="P256dh">An uncompressed point of P-256.</param>
/// <param name="Auth">16 octets.</param>
internal sealed record PushKeys(byte[] P256dh, byte[] Auth)
{
    private const int PointLength = 65, AuthLength = 16, MostText = 200;

    /// <summary>Null for what are no keys.</summary>
    public static PushKeys? Read(string p256dh, string auth)
    {
        var (point, secret) = (Decode(p256dh), Decode(auth));
        if (point is not { Length: PointLength } || point[0] != 4 || secret is not { Length: AuthLength }) return null;
        try
        {
            using var key = ECDiffieHellman.Create(WebPushCipher.Parameters(point));
            return new(point, secret);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // RFC 4648 §5; some write the padding.
    private static byte[]? Decode(string text) =>
        text.Length <= MostText && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
}

/// <summary>Message encryption for Web Push (RFC 8291), in one record of aes128gcm (RFC 8188).</summary>
internal static class WebPushCipher
{
    /// <summary>RFC 8291 §4: a push service need not take more than 4,096 octets in all.</summary>
    public const int MostPlain = 4096 - HeaderLength - TagLength - 1;

    private const int SaltLength = 16, PointLength = 65, TagLength = 16, HeaderLength = SaltLength + 4 + 1 + PointLength;

    public static byte[] Encrypt(ReadOnlySpan<byte> plain, PushKeys to)
    {
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return Encrypt(plain, to, own, RandomNumberGenerator.GetBytes(SaltLength));
    }

    /// <param name="own">A key pair for this message only.</param>
    internal static byte[] Encrypt(ReadOnlySpan<byte> plain, PushKeys to, ECDiffieHellman own, byte[] salt)
    {
        var point = Point(own.ExportParameters(includePrivateParameters: false));
        using var theirs = ECDiffieHellman.Create(Parameters(to.P256dh));
        // RFC 8291 §3.4
        var shared = own.DeriveRawSecretAgreement(theirs.PublicKey);
        var ikm = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, 32, to.Auth, [.. "WebPush: info\0"u8, .. to.P256dh, .. point]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, ikm, 16, salt, "Content-Encoding: aes128gcm\0"u8.ToArray());
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, ikm, 12, salt, "Content-Encoding: nonce\0"u8.ToArray());
        var message = new byte[HeaderLength + plain.Length + 1 + TagLength];
        // RFC 8188 §2.1: salt, record size, key id.
        salt.CopyTo(message, 0);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(SaltLength), 4096);
        message[SaltLength + 4] = PointLength;
        point.CopyTo(message, SaltLength + 5);
        // RFC 8188 §2: 2 ends the last record.
        byte[] padded = [.. plain, 2];
        using var aes = new AesGcm(key, TagLength);
        var sealedAt = message.AsSpan(HeaderLength);
        aes.Encrypt(nonce, padded, sealedAt[..padded.Length], sealedAt[padded.Length..]);
        CryptographicOperations.ZeroMemory(shared);
        return message;
    }

    internal static ECParameters Parameters(byte[] point) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new() { X = point[1..33], Y = point[33..] },
    };

    internal static byte[] Point(ECParameters key) => [4, .. key.Q.X ?? [], .. key.Q.Y ?? []];
}
