using System.Security.Cryptography;
using System.Text;
using Aviso.Net;

namespace Aviso.Accounts;

/// <summary>
/// The password record: "SCRAM-SHA-256$rounds:salt$stored:server" in base64 (RFC 5802 §3, RFC 7677). One derivation; nothing weaker
/// is kept beside it.
/// </summary>
public sealed record ScramRecord(int Iterations, byte[] Salt, byte[] StoredKey, byte[] ServerKey)
{
    public const string Scheme = "SCRAM-SHA-256";

    /// <summary>Of new records. RFC 7677 §4 asks for 4,096 at least; Cyrus SASL (mbsync, Postfix as a client) refuses to compute more than
    /// 65,536.</summary>
    public const int Rounds = 65_536;

    private const int SaltLength = 16;
    private const int KeyLength = 32;

    /// <summary>Derives a record with a new salt. Takes tens of milliseconds: only on the worker.</summary>
    public static ScramRecord Derive(string password, int rounds = Rounds) =>
        Derive(password, RandomNumberGenerator.GetBytes(SaltLength), rounds);

    public static ScramRecord Derive(string password, byte[] salt, int rounds)
    {
        // RFC 5802 §3: StoredKey = H(HMAC(SaltedPassword, "Client Key")); ServerKey = HMAC(SaltedPassword, "Server Key")
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA256, KeyLength);
        var record = new ScramRecord(rounds, salt, SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8)),
            HMACSHA256.HashData(salted, "Server Key"u8));
        CryptographicOperations.ZeroMemory(salted);
        return record;
    }

    /// <summary>True when <paramref name="password"/> gives this record; costs a derivation.</summary>
    public bool Holds(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, Salt, Iterations).StoredKey, StoredKey);

    /// <summary>Every client can compute it. A record of more rounds lets in by PLAIN, which makes a new one of it.</summary>
    public bool IsForScram => Iterations <= Rounds;

    public ScramKeys Keys => new(Salt, Iterations, StoredKey, ServerKey);

    /// <summary>As stored.</summary>
    public string Format() =>
        $"{Scheme}${Iterations}:{Convert.ToBase64String(Salt)}${Convert.ToBase64String(StoredKey)}:{Convert.ToBase64String(ServerKey)}";

    /// <summary>Null for anything but a whole record of at least <see cref="Rounds"/>.</summary>
    public static ScramRecord? TryParse(string text)
    {
        var parts = text.Split('$', ':');
        if (parts.Length != 5 || parts[0] != Scheme || !int.TryParse(parts[1], out var rounds)
            || rounds is < Rounds or > 10_000_000) return null;
        return TryBase64(parts[2]) is { Length: >= 8 and <= 256 } salt && TryBase64(parts[3]) is { Length: KeyLength } stored
            && TryBase64(parts[4]) is { Length: KeyLength } server ? new(rounds, salt, stored, server) : null;
    }

    private static byte[]? TryBase64(string text)
    {
        var octets = new byte[text.Length];
        return Convert.TryFromBase64String(text, octets, out var written) ? octets[..written] : null;
    }
}
