using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Codes as an authenticator app computes them (RFC 6238) from the secret as it was shown.</summary>
public static class TotpCodes
{
    /// <param name="steps">So many times thirty seconds later.</param>
    public static string Now(string secret, TimeProvider clock, int steps = 0)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, clock.GetUtcNow().ToUnixTimeSeconds() / 30 + steps);
        var mac = HMACSHA1.HashData(Octets(secret), counter);
        var number = BinaryPrimitives.ReadInt32BigEndian(mac.AsSpan(mac[^1] & 15)) & int.MaxValue;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] Octets(string secret)
    {
        var bits = string.Concat(secret.Select(c =>
            Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }
}
