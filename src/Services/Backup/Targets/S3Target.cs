using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml;
using System.Xml.Linq;
using Aviso.Net;

namespace Aviso.Backup;

/// <summary>A bucket of an S3 server, by its REST interface with paths (https://HOST/BUCKET/NAME), signed by <see
/// cref="SignatureV4"/>.</summary>
internal sealed class S3Target : ITarget
{
    private const int Tries = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), FirstPause = TimeSpan.FromSeconds(1);

    private readonly S3Bucket _bucket;
    private readonly S3Keys _keys;
    private readonly TimeSpan? _lockFor;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public S3Target(string name, S3Bucket bucket, S3Keys keys, TimeSpan? lockFor, X509Certificate2Collection? roots, TimeProvider clock)
    {
        (Name, _bucket, _keys, _lockFor, _clock) = (name, bucket, keys, lockFor, clock);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxResponseHeadersLength = 32,
        };
        handler.SslOptions.CertificateChainPolicy = Authorities.Policy(roots);
        _http = new(handler) { Timeout = Patience, MaxResponseContentBufferSize = 1L << 30 };
    }

    public string Name { get; }

    public string Where => $"s3://{_bucket.Server.Authority}/{_bucket.Bucket}/{_bucket.Prefix}";

    public async Task PutAsync(string name, ReadOnlyMemory<byte> octets, CancellationToken cancel) =>
        (await SendAsync(HttpMethod.Put, name, [], octets, cancel)).Dispose();

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancel)
    {
        using var answer = await SendAsync(HttpMethod.Get, name, [], default, cancel);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await answer.Content.ReadAsByteArrayAsync(cancel);
    }

    public async IAsyncEnumerable<TargetObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (string? more = null; ;)
        {
            List<(string, string)> query = [("list-type", "2"), ("prefix", _bucket.Prefix + prefix)];
            if (more is not null) query.Add(("continuation-token", more));
            using var answer = await SendAsync(HttpMethod.Get, null, query, default, cancel);
            if (answer.StatusCode == HttpStatusCode.NotFound) throw new TargetException($"there is no bucket {_bucket.Bucket} at "
                + $"{_bucket.Server.Authority}");
            var list = Read(await answer.Content.ReadAsStringAsync(cancel));
            foreach (var one in list.Elements().Where(e => e.Name.LocalName == "Contents"))
            {
                var key = Text(one, "Key");
                if (key.StartsWith(_bucket.Prefix, StringComparison.Ordinal))
                    yield return new(key[_bucket.Prefix.Length..],
                        long.TryParse(Text(one, "Size"), CultureInfo.InvariantCulture, out var size) ? size : 0);
            }
            if (Text(list, "IsTruncated") != "true") yield break;
            var next = Text(list, "NextContinuationToken");
            if (next.Length == 0 || next == more) throw new TargetException($"{Where}: the list of objects breaks off");
            more = next;
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancel) =>
        (await SendAsync(HttpMethod.Delete, name, [], default, cancel)).Dispose();

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }

    /// <param name="name">Null: the bucket itself.</param>
    /// <returns>An answer of 2xx, or 404.</returns>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string? name, IReadOnlyList<(string, string)> query, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        for (var tried = 1; ; tried++)
        {
            var problem = "";
            try
            {
                using var request = Request(method, name, query, body);
                var answer = await _http.SendAsync(request, cancel);
                if (answer.IsSuccessStatusCode || (answer.StatusCode == HttpStatusCode.NotFound && method != HttpMethod.Put)) return answer;
                problem = await ProblemOfAsync(answer, cancel);
                var mayPass = (int)answer.StatusCode >= 500
                    || answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict;
                answer.Dispose();
                if (!mayPass || tried == Tries) throw new TargetException($"{Where}: {method} was answered {problem}");
            }
            catch (HttpRequestException failed)
            {
                if (tried == Tries) throw new TargetException($"{Where} does not answer: {failed.Message}", failed);
            }
            catch (TaskCanceledException late) when (!cancel.IsCancellationRequested)
            {
                throw new TargetException($"{Where} does not answer within {Patience.TotalSeconds:0} s", late);
            }
            await Task.Delay(FirstPause * tried, _clock, cancel);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string? name, IReadOnlyList<(string, string)> query, ReadOnlyMemory<byte> body)
    {
        var text = SignatureV4.Query(query);
        var path = name is null ? _bucket.Bucket : $"{_bucket.Bucket}/{SignatureV4.Path(_bucket.Prefix + name)}";
        var request = new HttpRequestMessage(method, new Uri($"{_bucket.Server}{path}{(text.Length > 0 ? "?" + text : "")}"));
        if (method == HttpMethod.Put)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            if (_lockFor is { } time)
            {
                request.Headers.Add("x-amz-object-lock-mode", "COMPLIANCE");
                request.Headers.Add("x-amz-object-lock-retain-until-date",
                    (_clock.GetUtcNow() + time).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
#pragma warning disable CA5351 // S3 asks for it with object lock, against accidents on the way; nothing rests on its strength
                request.Content.Headers.ContentMD5 = MD5.HashData(body.Span);
#pragma warning restore CA5351
            }
        }
        SignatureV4.Sign(request, query, body.Span, _keys, _clock.GetUtcNow());
        return request;
    }

    private static async Task<string> ProblemOfAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if (text.Length == 0) return $"{(int)answer.StatusCode}";
        try
        {
            var error = XElement.Parse(text);
            return $"{(int)answer.StatusCode} {Text(error, "Code")}: {Text(error, "Message")}";
        }
        catch (XmlException)
        {
            return $"{(int)answer.StatusCode}";
        }
    }

    private XElement Read(string text)
    {
        try
        {
            // Anything else, such as a proxy's page, must not pass for an empty bucket.
            return XElement.Parse(text) is { Name.LocalName: "ListBucketResult" } list ? list
                : throw new TargetException($"{Where}: what came is no list of objects");
        }
        catch (XmlException bad)
        {
            throw new TargetException($"{Where}: the list of objects is no XML", bad);
        }
    }

    private static string Text(XElement from, string name) => from.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";
}
