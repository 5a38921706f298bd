using System.Security.Cryptography;

namespace Aviso.Settings;

/// <summary>What files hold, as one text to compare: a touched file is no change, a swapped link is.</summary>
internal static class FileSignature
{
    public const string Missing = "missing";

    /// <summary>Of the files as they are now.</summary>
    public static string Of(IReadOnlyList<string> files) => Of(files.Select(f => (f, DigestOf(f))));

    /// <summary>Of files as they were read.</summary>
    public static string Of(IEnumerable<(string File, string Digest)> read) => string.Join('\n', read.Select(r => $"{r.Digest} {r.File}"));

    public static string Digest(ReadOnlySpan<byte> octets) => Convert.ToHexString(SHA256.HashData(octets));

    private static string DigestOf(string file)
    {
        try
        {
            return Digest(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Missing;
        }
    }
}
