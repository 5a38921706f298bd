using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Net;

/// <summary>tls-server-end-point, RFC 5929 §4: a hash of the certificate the server showed.</summary>
public static class ChannelBinding
{
    public const string ServerEndPointName = "tls-server-end-point";

    /// <summary>The hash, or null when the signature names no single hash function (Ed25519): then there is no binding.</summary>
    public static byte[]? ServerEndPoint(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        // MD5 and SHA-1 count as SHA-256 (§4.1).
        "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" => SHA256.HashData(certificate.RawData),
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => SHA256.HashData(certificate.RawData),
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawData),
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawData),
        _ => null,
    };
}
