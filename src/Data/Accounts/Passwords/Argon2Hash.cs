using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;

namespace Aviso.Accounts;

/// <summary>
/// An Argon2id hash (RFC 9106) in the notation that Dovecot and the reference program write: $argon2id$v=19$m=65536,t=3,p=1$SALT$TAG.
/// Verified once, at the first login; from then on the account has a SCRAM record.
/// </summary>
internal sealed record Argon2Hash(int Kibibytes, int Passes, int Lanes, byte[] Salt, byte[] Tag)
{
    public const string Prefix = "$argon2id$";

    // A second or so of one core: 64 MiB are passed over in about 0.1 s. Memory is taken from the process while it runs.
    private const int MostKibibytes = 256 * 1024;
    private const int MostWork = 512 * 1024;
    private const int MostLanes = 16;

    public bool IsAffordable => Kibibytes <= MostKibibytes && (long)Kibibytes * Passes <= MostWork && Lanes <= MostLanes;

    /// <summary>Null when it is none, or of another version than 1.3.</summary>
    public static Argon2Hash? TryParse(string text)
    {
        if (text.Split('$') is not ["", "argon2id", "v=19", var costs, var salt, var tag]) return null;
        if (costs.Split(',') is not [['m', '=', .. var memory], ['t', '=', .. var passes], ['p', '=', .. var lanes]]) return null;
        if (Number(memory) is not { } m || Number(passes) is not { } t || Number(lanes) is not { } p) return null;
        // RFC 9106 §3.1: at least eight blocks a lane, a tag of four octets; a salt of eight is what everybody writes at least.
        if (m / 8 < p || Octets(salt) is not { Length: >= 8 and <= 64 } saltOctets || Octets(tag) is not { Length: >= 16 and <= 64 } tagOctets) return null;
        return new(m, t, p, saltOctets, tagOctets);
    }

    public bool Holds(string password)
    {
        var octets = Encoding.UTF8.GetBytes(password);
        try
        {
            using var argon = new Argon2id(octets) { Salt = Salt, MemorySize = Kibibytes, Iterations = Passes, DegreeOfParallelism = Lanes };
            return CryptographicOperations.FixedTimeEquals(argon.GetBytes(Tag.Length), Tag);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(octets);
        }
    }

    private static int? Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    // Base64 of RFC 4648 §4 without padding.
    private static byte[]? Octets(string text)
    {
        var octets = new byte[text.Length];
        return !text.Contains('=') && Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), octets, out var written) ? octets[..written] : null;
    }
}
