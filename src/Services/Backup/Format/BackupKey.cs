using System.Security.Cryptography;
using System.Text;

namespace Aviso.Backup;

/// <summary>The recovery key: 32 octets, written as 64 hexadecimal digits. Everything on a target is sealed with keys made from it (HKDF,
/// RFC 5869): who has not got it learns sizes and times alone.</summary>
public sealed class BackupKey
{
    public const int Octets = 32;

    private readonly byte[] _sealing, _naming;

    private BackupKey(byte[] key)
    {
        _sealing = HKDF.Expand(HashAlgorithmName.SHA256, key, Octets, "aviso backup: sealing"u8.ToArray());
        _naming = HKDF.Expand(HashAlgorithmName.SHA256, key, Octets, "aviso backup: names"u8.ToArray());
    }

    /// <summary>A new one, as text.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Octets));

    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BackupKey? key)
    {
        key = null;
        var clean = text?.Trim() ?? "";
        if (clean.Length != 2 * Octets || !clean.All(char.IsAsciiHexDigit)) return false;
        key = new(Convert.FromHexString(clean));
        return true;
    }

    /// <summary>The id of these octets: the same octets have the same one, and nobody without the key can tell which octets it names
    /// (HMAC-SHA256, 64 hexadecimal digits).</summary>
    public string IdOf(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(HMACSHA256.HashData(_naming, octets));

    /// <summary>Seals octets under a name: they can only be opened under the same one.</summary>
    public byte[] Seal(string name, ReadOnlySpan<byte> octets) => Envelope.Seal(_sealing, Encoding.UTF8.GetBytes(name), octets);

    /// <exception cref="DamagedObjectException">They are not what was sealed with this key under this name.</exception>
    public byte[] Open(string name, ReadOnlySpan<byte> octets) => Envelope.Open(_sealing, Encoding.UTF8.GetBytes(name), octets);
}

/// <summary>An object of a backup is not what was written; the message says what is wrong with it.</summary>
public sealed class DamagedObjectException(string message) : IOException(message);
