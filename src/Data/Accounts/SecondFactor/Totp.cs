using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>RFC 6238 with the parameters that every authenticator app knows: SHA-1, 30 seconds, 6 digits.</summary>
internal static class Totp
{
    public const int SecretLength = 20;
    public const int Digits = 6;
    private const int StepSeconds = 30;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static long StepOf(DateTimeOffset now) => now.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>RFC 4226 §5.3: dynamic truncation.</summary>
    public static string Code(ReadOnlySpan<byte> secret, long step, int digits = Digits)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6238 §1.2: HMAC-SHA-1 is what the apps speak, and collisions do not touch it.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 15)..]) & int.MaxValue;
        return (number % (int)Math.Pow(10, digits)).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }

    /// <summary>The step whose code this is, of the present one and its neighbours, later than <paramref name="after"/>; null: none. A code
    /// that was used is no longer one (RFC 6238 §5.2).</summary>
    public static long? Find(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long after)
    {
        long? found = null;
        for (var step = StepOf(now) - 1; step <= StepOf(now) + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Code(secret, step)), Encoding.UTF8.GetBytes(code))
                && step > after) found ??= step;
        }
        return found;
    }

    /// <summary>RFC 4648 §6 without padding.</summary>
    public static string Base32(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder((octets.Length * 8 + 4) / 5);
        var (bits, held) = (0, 0);
        foreach (var octet in octets)
        {
            bits = ((bits << 8) | octet) & 0xfff;
            for (held += 8; held >= 5; held -= 5) text.Append(Alphabet[(bits >> (held - 5)) & 31]);
        }
        if (held > 0) text.Append(Alphabet[(bits << (5 - held)) & 31]);
        return text.ToString();
    }

    /// <summary>What authenticator apps read from a picture: otpauth://totp/ISSUER:ACCOUNT?secret=...</summary>
    public static string Uri(string issuer, string account, ReadOnlySpan<byte> secret) =>
        $"otpauth://totp/{System.Uri.EscapeDataString(issuer)}:{System.Uri.EscapeDataString(account)}?secret={Base32(secret)}&issuer={System.Uri.EscapeDataString(issuer)}"
        + $"&algorithm=SHA1&digits={Digits}&period={StepSeconds}";
}
