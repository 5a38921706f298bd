using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Delivery;

/// <summary>
/// AWS Signature Version 4 of requests without a body: method, path, query and headers hashed, signed by a key made of secret, day, region
/// and service.
/// </summary>
internal sealed class AwsSignature(string key, string secret, string region, string service)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private static readonly string NoBody = Convert.ToHexStringLower(SHA256.HashData([]));

    /// <summary>Adds X-Amz-Date and Authorization.</summary>
    public void Sign(HttpRequestMessage request, DateTimeOffset now)
    {
        var at = request.RequestUri ?? throw new ArgumentException("a request needs an address", nameof(request));
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{region}/{service}/aws4_request";
        const string Signed = "host;x-amz-date";
        var host = at.IsDefaultPort ? at.Host : $"{at.Host}:{at.Port}";
        var canonical = $"{request.Method}\n{Path(at)}\n{Query(at)}\nhost:{host}\nx-amz-date:{time}\n\n{Signed}\n{NoBody}";
        var text = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(Hmac(KeyOf(time[..8]), text));
        request.Headers.TryAddWithoutValidation("X-Amz-Date", time);
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"{Algorithm} Credential={key}/{scope}, SignedHeaders={Signed}, Signature={signature}");
    }

    private byte[] KeyOf(string day) =>
        Hmac(Hmac(Hmac(Hmac(Encoding.UTF8.GetBytes("AWS4" + secret), day), region), service), "aws4_request");

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    // Every service but S3 wants the path, encoded as it is, encoded once more.
    private static string Path(Uri at) => string.Join('/', at.AbsolutePath.Split('/').Select(Uri.EscapeDataString));

    private static string Query(Uri at) => string.Join('&', at.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => p.Contains('=') ? p : p + "=").Order(StringComparer.Ordinal));
}
