using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>
/// Dovecot's digests: {SSHA512}, {SSHA256}, {SSHA} (digest, then salt) and {SHA512}, {SHA256}, {SHA} (no salt), in base64 or, with .HEX,
/// in hex.
/// They are quick to guess, so they only stand until the next login.
/// </summary>
internal static class SaltedHash
{
    private static readonly (string Scheme, HashAlgorithmName Name, int Length, bool IsSalted)[] Schemes =
    [
        ("{SSHA512}", HashAlgorithmName.SHA512, 64, true), ("{SSHA256}", HashAlgorithmName.SHA256, 32, true),
            ("{SSHA}", HashAlgorithmName.SHA1, 20, true),
        ("{SHA512}", HashAlgorithmName.SHA512, 64, false), ("{SHA256}", HashAlgorithmName.SHA256, 32, false),
            ("{SHA}", HashAlgorithmName.SHA1, 20, false),
        ("{SHA1}", HashAlgorithmName.SHA1, 20, false),
    ];

    /// <summary>A hash of this kind that can be verified.</summary>
    public static bool IsOne(string hash) => TryRead(hash, out _, out _, out _);

    public static bool Holds(string password, string hash)
    {
        if (!TryRead(hash, out var name, out var digest, out var salt)) return false;
        using var made = IncrementalHash.CreateHash(name);
        made.AppendData(Encoding.UTF8.GetBytes(password));
        made.AppendData(salt);
        return CryptographicOperations.FixedTimeEquals(made.GetHashAndReset(), digest);
    }

    private static bool TryRead(string hash, out HashAlgorithmName name, out byte[] digest, out byte[] salt)
    {
        (name, digest, salt) = (default, [], []);
        foreach (var (scheme, algorithm, length, isSalted) in Schemes)
        {
            if (Octets(hash, scheme) is not { } octets || octets.Length < length || (!isSalted && octets.Length != length)
                || octets.Length > length + 256) continue;
            (name, digest, salt) = (algorithm, octets[..length], octets[length..]);
            return true;
        }
        return false;
    }

    private static byte[]? Octets(string hash, string scheme)
    {
        var bare = scheme[..^1];
        if (!hash.StartsWith(bare, StringComparison.OrdinalIgnoreCase)) return null;
        var rest = hash[bare.Length..];
        try
        {
            return rest.StartsWith('}') ? Convert.FromBase64String(rest[1..])
                : rest.StartsWith(".B64}", StringComparison.OrdinalIgnoreCase) ? Convert.FromBase64String(rest[5..])
                : rest.StartsWith(".HEX}", StringComparison.OrdinalIgnoreCase) ? Convert.FromHexString(rest[5..]) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
