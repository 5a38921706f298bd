using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Backup;

/// <param name="Region">Such as eu-central-1; servers that have none take us-east-1.</param>
internal sealed record S3Keys(string AccessKey, string SecretKey, string Region);

/// <summary>
/// AWS Signature Version 4 for S3: every request is signed with its method, path, query, headers and the SHA-256 of its body, so that
/// nothing of
/// it can be changed or sent again later (docs of AWS, "Authenticating Requests: Using the Authorization Header").
/// </summary>
internal static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Adds Host, X-Amz-Date, X-Amz-Content-Sha256 and Authorization; signs them and every header that is there already.</summary>
    /// <param name="query">Names and values as they are, not encoded.</param>
    public static void Sign(HttpRequestMessage request, IReadOnlyList<(string Name, string Value)> query, ReadOnlySpan<byte> body,
        S3Keys keys, DateTimeOffset now)
    {
        var (uri, hash) = (request.RequestUri!, Convert.ToHexStringLower(SHA256.HashData(body)));
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        request.Headers.Host = uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}";
        request.Headers.Add("x-amz-date", time);
        request.Headers.Add("x-amz-content-sha256", hash);
        var headers = request.Headers.Concat(request.Content?.Headers.Where(h => h.Key == "Content-MD5") ?? [])
            .Select(h => (Name: h.Key.ToLowerInvariant(), Value: string.Join(",", h.Value).Trim()))
                .OrderBy(h => h.Name, StringComparer.Ordinal).ToList();
        var names = string.Join(';', headers.Select(h => h.Name));
        var canonical = $"{request.Method}\n{uri.AbsolutePath}\n{Query(query)}\n{string
            .Concat(headers.Select(h => $"{h.Name}:{h.Value}\n"))}\n{names}\n{hash}";
        var scope = $"{time[..8]}/{keys.Region}/s3/aws4_request";
        var text = $"{Algorithm}\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(KeyOf(keys, time[..8]), Encoding.UTF8.GetBytes(text)));
        request.Headers.TryAddWithoutValidation("Authorization",
            $"{Algorithm} Credential={keys.AccessKey}/{scope}, SignedHeaders={names}, Signature={signature}");
    }

    /// <summary>A query in the order and spelling in which it is signed and sent.</summary>
    public static string Query(IReadOnlyList<(string Name, string Value)> query) =>
        string.Join('&', query.Select(q => (Name: Encoded(q.Name), Value: Encoded(q.Value))).OrderBy(q => q.Name, StringComparer.Ordinal)
            .Select(q => $"{q.Name}={q.Value}"));

    /// <summary>A name of an object in a path: all but unreserved characters and slashes is encoded (RFC 3986 §2.3).</summary>
    public static string Path(string name) => string.Join('/', name.Split('/').Select(Encoded));

    private static string Encoded(string text) => Uri.EscapeDataString(text);

    private static byte[] KeyOf(S3Keys keys, string day)
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + keys.SecretKey);
        foreach (var part in (string[])[day, keys.Region, "s3", "aws4_request"]) key = HMACSHA256.HashData(key,
            Encoding.UTF8.GetBytes(part));
        return key;
    }
}
