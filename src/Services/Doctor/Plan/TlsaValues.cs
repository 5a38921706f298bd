using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Doctor;

/// <summary>TLSA values of keys of ours: 3 1 1, the public key and not the certificate, so that renewal with a kept key changes nothing
/// (RFC 7671 §5.1).</summary>
public static class TlsaValues
{
    /// <param name="current">The certificate that the mail host shows.</param>
    /// <param name="next">SubjectPublicKeyInfo of the next certificate; null when nobody knows it.</param>
    public static PlannedTlsa Of(X509Certificate2 current, byte[]? next, bool? isSigned, bool isOurs)
    {
        var inUse = current.PublicKey.ExportSubjectPublicKeyInfo();
        var accepted = new Dictionary<string, string>(StringComparer.Ordinal);
        // RFC 6698 §2.1: the same key by other matching types, or by the certificate that holds it.
        foreach (var (selector, data) in new[] { (0, current.RawData), (1, inUse) }) Add(selector, data, Value(inUse));
        if (next is null || next.AsSpan().SequenceEqual(inUse)) return new(Value(inUse), null, accepted, isSigned, isOurs);
        Add(1, next, Value(next));
        return new(Value(inUse), Value(next), accepted, isSigned, isOurs);

        void Add(int selector, byte[] data, string value)
        {
            accepted[$"3 {selector} 0 {Convert.ToHexStringLower(data)}"] = value;
            accepted[$"3 {selector} 1 {Convert.ToHexStringLower(SHA256.HashData(data))}"] = value;
            accepted[$"3 {selector} 2 {Convert.ToHexStringLower(SHA512.HashData(data))}"] = value;
        }
    }

    private static string Value(byte[] key) => $"3 1 1 {Convert.ToHexStringLower(SHA256.HashData(key))}";
}
