using System.Security.Cryptography;

namespace Aviso.Jmap;

/// <summary>Digests of blobs, by the registered names in lower case (RFC 9404 §4.1).</summary>
internal static class BlobDigest
{
    public static readonly IReadOnlyList<string> Algorithms = ["sha-256", "sha-512", "sha"];

    /// <summary>In base64.</summary>
    public static string Of(string algorithm, Blob blob, long offset, long length)
    {
        using var hash = IncrementalHash.CreateHash(algorithm switch
        {
            "sha" => HashAlgorithmName.SHA1,
            "sha-256" => HashAlgorithmName.SHA256,
            _ => HashAlgorithmName.SHA512,
        });
        var piece = new byte[64 * 1024];
        while (length > 0 && blob.Read(offset, piece.AsSpan(0, (int)Math.Min(piece.Length, length))) is > 0 and var read)
        {
            hash.AppendData(piece.AsSpan(0, read));
            (offset, length) = (offset + read, length - read);
        }
        return Convert.ToBase64String(hash.GetHashAndReset());
    }
}
