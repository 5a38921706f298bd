using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Tests.Unit.Backup;

/// <summary>
/// An S3 server as far as backups need one, on a free port of this machine: it judges each request's signature from what arrived, by code
/// of its
/// own, gives lists three objects at a time, and can be told to fail.
/// </summary>
internal sealed class FakeS3 : IDisposable
{
    public const string AccessKey = "AKIAEXAMPLE", SecretKey = "a/secret+key";

    private readonly HttpListener _listener = new();
    private readonly Task _running;

    public FakeS3()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _running = RunAsync();
    }

    public int Port { get; }

    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Lock headers of each object, as they came.</summary>
    public ConcurrentDictionary<string, string> Locks { get; } = new(StringComparer.Ordinal);

    /// <summary>So many of the next requests are answered 503.</summary>
    public int Failing { get; set; }

    /// <summary>Every write is answered so.</summary>
    public (int Status, string Code)? Refuses { get; set; }

    /// <summary>Lists are answered with this instead.</summary>
    public string? ListAnswer { get; set; }

    public void Dispose()
    {
        _listener.Close();
        _running.Wait(TimeSpan.FromSeconds(10));
    }

    private async Task RunAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException or IOException)
            {
                // The client of one request, or all of us: the loop asks.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (request, body) = (context.Request, new MemoryStream());
        await request.InputStream.CopyToAsync(body);
        var (status, answer) = Failing-- > 0 ? (503, Error("SlowDown")) : IsSigned(request, body.ToArray())
            ? Act(request, body.ToArray()) : (403, Error("SignatureDoesNotMatch"));
        context.Response.StatusCode = status;
        if (status != 204) await context.Response.OutputStream.WriteAsync(answer);
        context.Response.Close();
    }

    private (int, byte[]) Act(HttpListenerRequest request, byte[] body)
    {
        var path = Uri.UnescapeDataString(request.Url!.AbsolutePath)[1..];
        var (bucket, name) = path.Split('/', 2) is [var b, var n] ? (b, n) : (path, "");
        if (bucket != "bucket") return (404, Error("NoSuchBucket"));
        switch (request.HttpMethod)
        {
            case "PUT" when Refuses is { } refusal:
                return (refusal.Status, Error(refusal.Code));
            case "PUT":
                if (request.Headers["x-amz-object-lock-mode"] is { } mode)
                {
#pragma warning disable CA5351 // what the protocol asks for
                    if (request.Headers["Content-MD5"] != Convert.ToBase64String(MD5.HashData(body))) return (400, Error("BadDigest"));
#pragma warning restore CA5351
                    Locks[name] = $"{mode} {request.Headers["x-amz-object-lock-retain-until-date"]}";
                }
                Objects[name] = body;
                return (200, []);
            case "GET" when name.Length > 0:
                return Objects.TryGetValue(name, out var octets) ? (200, octets) : (404, Error("NoSuchKey"));
            case "GET" when ListAnswer is { } given:
                return (200, Encoding.UTF8.GetBytes(given));
            case "GET":
                return (200, List(request.QueryString["prefix"]!, request.QueryString["continuation-token"] ?? ""));
            case "DELETE":
                Objects.TryRemove(name, out _);
                return (204, []);
            default:
                return (405, Error("MethodNotAllowed"));
        }
    }

    private byte[] List(string prefix, string after)
    {
        var page = Objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(o.Key, after) > 0)
            .OrderBy(o => o.Key, StringComparer.Ordinal).Take(4).ToList();
        var more = page.Count == 4;
        return Encoding.UTF8.GetBytes("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + string.Concat(page.Take(3).Select(o => $"<Contents><Key>{o.Key}</Key><Size>{o.Value.Length}</Size></Contents>"))
            + $"<IsTruncated>{(more ? "true" : "false")}</IsTruncated>{(more
                ? $"<NextContinuationToken>{page[2].Key}</NextContinuationToken>" : "")}</ListBucketResult>");
    }

    private static byte[] Error(string code) => Encoding.UTF8.GetBytes($"<Error><Code>{code}</Code><Message>no</Message></Error>");

    /// <summary>Task by task as AWS describes it, from the request as it arrived.</summary>
    private static bool IsSigned(HttpListenerRequest request, byte[] body)
    {
        var fields = (request.Headers["Authorization"] ?? "").Split(' ', 2)[^1].Split(", ").Select(f => f.Split('=', 2))
            .ToDictionary(f => f[0], f => f[^1]);
        if (!fields.TryGetValue("SignedHeaders", out var names)
            || Hex(SHA256.HashData(body)) != request.Headers["x-amz-content-sha256"]) return false;
        if (!names.Split(';').Contains("host") || !request.Headers.AllKeys
            .Where(k => k!.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
            .All(k => names.Split(';').Contains(k!.ToLowerInvariant()))) return false;
        var query = string.Join('&', request.Url!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Order(StringComparer.Ordinal));
        var canonical = new StringBuilder($"{request.HttpMethod}\n{request.RawUrl!.Split('?')[0]}\n{query}\n");
        foreach (var name in names.Split(';')) canonical.Append(CultureInfo.InvariantCulture, $"{name}:{request.Headers[name]!.Trim()}\n");
        canonical.Append(CultureInfo.InvariantCulture, $"\n{names}\n{request.Headers["x-amz-content-sha256"]}");
        var scope = fields["Credential"].Split('/', 2);
        var digest = Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())));
        var text = $"AWS4-HMAC-SHA256\n{request.Headers["x-amz-date"]}\n{scope[1]}\n{digest}";
        var key = scope[1].Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + SecretKey), (k, part) =>
            HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        return scope[0] == AccessKey && Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == fields["Signature"];
    }

    private static string Hex(byte[] octets) => Convert.ToHexStringLower(octets);
}
