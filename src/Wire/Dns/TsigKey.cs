using System.Security.Cryptography;

namespace Aviso.Dns;

/// <summary>The algorithms of RFC 8945 §6 that are worth having; both are mandatory or recommended there.</summary>
public enum TsigAlgorithm
{
    HmacSha256, HmacSha512,
}

/// <summary>A secret shared with a name server (RFC 8945 §4.1).</summary>
/// <param name="Name">As the server knows it, a domain name.</param>
/// <param name="Secret">The octets behind the base64 of the server's configuration.</param>
public sealed record TsigKey(string Name, TsigAlgorithm Algorithm, byte[] Secret)
{
    internal string AlgorithmName => Algorithm == TsigAlgorithm.HmacSha512 ? "hmac-sha512" : "hmac-sha256";

    internal byte[] Hash(ReadOnlySpan<byte> octets) =>
        Algorithm == TsigAlgorithm.HmacSha512 ? HMACSHA512.HashData(Secret, octets) : HMACSHA256.HashData(Secret, octets);

    /// <summary>Never the secret.</summary>
    public override string ToString() => $"{Name} ({AlgorithmName})";
}
