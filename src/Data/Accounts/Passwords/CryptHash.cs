using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Accounts;

/// <summary>
/// Verifies hashes of older systems with the system's crypt_rn: bcrypt, SHA-512-crypt, yescrypt and what else crypt(5) lists; Argon2id, which it
/// does not know, by <see cref="Argon2Hash"/>. Never crypt(3): its state is shared by all threads.
/// </summary>
internal static partial class CryptHash
{
    // libxcrypt: struct crypt_data is 32 KiB.
    private const int DataSize = 32 * 1024;

    /// <summary>True when <paramref name="password"/> gives <paramref name="hash"/>. As slow as the hash asks for.</summary>
    public static unsafe bool Holds(string password, string hash)
    {
        if (password.Contains('\0')) return false;
        if (hash.StartsWith(Argon2Hash.Prefix, StringComparison.Ordinal)) return Argon2Hash.TryParse(hash)?.Holds(password) == true;
        if (hash.StartsWith('{')) return SaltedHash.Holds(password, hash);
        var phrase = Terminated(password);
        var setting = Terminated(hash);
        var data = new byte[DataSize];
        try
        {
            fixed (byte* p = phrase, s = setting, d = data)
            {
                var result = crypt_rn(p, s, d, DataSize);
                if (result is null) return false;
                var made = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(result);
                return made.Length > 4 && CryptographicOperations.FixedTimeEquals(made, setting.AsSpan(0, setting.Length - 1));
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(phrase);
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>A hash that costs at most about a second; a wrong digit must not stop all logins for hours.</summary>
    public static bool IsAffordable(string hash)
    {
        if (hash.StartsWith(Argon2Hash.Prefix, StringComparison.Ordinal)) return Argon2Hash.TryParse(hash) is { IsAffordable: true };
        if (hash.StartsWith("$2", StringComparison.Ordinal))
            return hash.Length == 60 && int.TryParse(hash.AsSpan(4, 2), out var cost) && cost is >= 4 and <= 15;
        var rounds = hash.IndexOf("rounds=", StringComparison.Ordinal);
        if (rounds < 0) return true;
        var digits = hash.AsSpan(rounds + 7);
        var end = digits.IndexOf('$');
        return end > 0 && int.TryParse(digits[..end], out var count) && count <= 2_000_000;
    }

    private static byte[] Terminated(string text)
    {
        var octets = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, octets);
        return octets;
    }

    [LibraryImport("libcrypt.so.1")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial byte* crypt_rn(byte* phrase, byte* setting, byte* data, int size);
}
