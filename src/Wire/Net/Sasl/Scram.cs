using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Net;

/// <summary>RFC 5802 and 7677: the arithmetic and the messages of SCRAM-SHA-256, used by server and client.</summary>
public static class Scram
{
    public const string Sha256 = "SCRAM-SHA-256";
    public const string Sha256Plus = "SCRAM-SHA-256-PLUS";

    /// <summary>What we derive with; RFC 7677 §4 asks for at least 4096.</summary>
    public const int DefaultIterations = 4096;

    /// <summary>Octets of the longest message we read.</summary>
    public const int MessageLimit = 2048;

    internal const int NonceLimit = 256;

    /// <summary>Salted keys of a password, RFC 5802 §3. About 1 ms per 4096 iterations.</summary>
    public static ScramKeys Derive(string password, ReadOnlySpan<byte> salt, int iterations = DefaultIterations)
    {
        var salted = SaltedPassword(password, salt, iterations);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        return new ScramKeys(salt.ToArray(), iterations, SHA256.HashData(clientKey), HMACSHA256.HashData(salted, "Server Key"u8));
    }

    internal static byte[] SaltedPassword(string password, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(SaslPrep.Prepare(password) ?? password), salt, iterations, HashAlgorithmName.SHA256, 32);

    internal static byte[] Xor(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var result = new byte[a.Length];
        for (var i = 0; i < result.Length; i++) result[i] = (byte)(a[i] ^ b[i]);
        return result;
    }

    internal static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));

    // RFC 5802 §7: printable = %x21-2B / %x2D-7E
    internal static bool IsNonce(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= NonceLimit && !text.ContainsAnyExceptInRange('!', '~') && !text.Contains(',');

    // RFC 5802 §5.1: "=2C" is a comma, "=3D" an equals sign, any other "=" is an error
    internal static bool TryName(ReadOnlySpan<char> text, out string name)
    {
        name = "";
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\0' or ',') return false;
            if (text[i] != '=')
            {
                plain.Append(text[i]);
                continue;
            }
            if (text[i..].StartsWith("=2C", StringComparison.Ordinal)) plain.Append(',');
            else if (text[i..].StartsWith("=3D", StringComparison.Ordinal)) plain.Append('=');
            else return false;
            i += 2;
        }
        name = plain.ToString();
        return name.Length > 0;
    }

    internal static string EscapeName(string name) =>
        name.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);

    internal static bool TryBase64(string text, int limit, out byte[] octets)
    {
        octets = [];
        // Convert takes white space; the grammar does not.
        if (text.Length > limit * 2 || text.Length % 4 != 0 || !Base64.IsValid(text) || text.AsSpan().ContainsAny(" \t\r\n")) return false;
        octets = Convert.FromBase64String(text);
        return octets.Length <= limit;
    }

    // One attribute "x=value" where it must stand.
    internal static string? Attribute(string[] parts, int at, char name) =>
        at < parts.Length && parts[at].Length >= 2 && parts[at][0] == name && parts[at][1] == '=' ? parts[at][2..] : null;

    // Extensions we don't know are skipped (RFC 5802 §5.1), the reserved mandatory "m=" is refused by who calls.
    internal static bool IsExtension(string part) => part.Length >= 2 && char.IsAsciiLetter(part[0]) && part[1] == '=' && part[0] != 'm';

    internal static int ParseIterations(string? text) =>
        text is { Length: > 0 and <= 7 } && text[0] != '0'
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
}
