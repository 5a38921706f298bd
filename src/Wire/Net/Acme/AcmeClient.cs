using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>What an authority answered.</summary>
/// <param name="Body">The JSON object, or null when it is none.</param>
/// <param name="Failure">Null when the status is 2xx.</param>
internal sealed record AcmeReply(int Status, JsonObject? Body, string Text, string Location, TimeSpan? RetryAfter, AcmeFailure? Failure)
{
    /// <summary>Nothing was asked yet.</summary>
    public static readonly AcmeReply None = new(0, null, "", "", null, null);

    public string this[string name] => AcmeJson.Text(Body, name);
}

/// <summary>Requests to one authority: directory, nonces, signatures (RFC 8555 §6). Never throws but for cancellation.</summary>
internal sealed class AcmeClient(AcmeAuthority authority, AcmeKey key, HttpMessageHandler handler, TimeProvider clock) : IDisposable
{
    /// <summary>Octets of one answer.</summary>
    private const int MaxAnswer = 512 << 10;

    // RFC 8555 §6.5: try again with the nonce of the refusal. A test authority refuses most, so the bound is generous.
    private const int MaxNonceTries = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(handler, disposeHandler: true) { Timeout = Patience, MaxResponseContentBufferSize = MaxAnswer };
    private readonly Queue<string> _nonces = new();
    private JsonObject _directory = [];

    public AcmeAuthority Authority => authority;

    public AcmeKey Key => key;

    /// <summary>The account's URL, once known.</summary>
    public string? Account { get; set; }

    /// <summary>Where this authority says when to renew (RFC 9773); empty when it does not.</summary>
    public string RenewalInfo => this["renewalInfo"];

    /// <summary>The names the authority takes for itself in CAA records.</summary>
    public IReadOnlyList<string> Identities => [.. ((_directory["meta"] as JsonObject)?["caaIdentities"] as JsonArray ?? [])
        .OfType<JsonValue>().Select(v => v.TryGetValue<string>(out var name) ? Dns.DnsName.Normalize(name) : null)
        .OfType<string>().Take(5)];

    /// <summary>A URL of the directory; empty when it has none of this name.</summary>
    public string this[string resource] => AcmeJson.Text(_directory, resource);

    /// <summary>Reads the directory (RFC 8555 §7.1.1).</summary>
    public async Task<AcmeFailure?> OpenAsync(CancellationToken cancel)
    {
        var reply = await SendAsync(HttpMethod.Get, authority.Directory.AbsoluteUri, null, cancel);
        if (reply.Failure is { } failure) return failure;
        _directory = reply.Body ?? [];
        return new[] { "newNonce", "newAccount", "newOrder" }.Any(r => this[r].Length == 0)
            ? new("directory", $"{authority.Directory} is no ACME directory: see `tls.acme`") : null;
    }

    /// <summary>A GET without a signature.</summary>
    public Task<AcmeReply> GetAsync(string url, CancellationToken cancel) => SendAsync(HttpMethod.Get, url, null, cancel);

    /// <summary>A signed request; without <paramref name="payload"/> a POST-as-GET.</summary>
    public async Task<AcmeReply> PostAsync(string url, JsonObject? payload, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            if (_nonces.Count == 0 && await SendAsync(HttpMethod.Head, this["newNonce"], null, cancel) is { Failure: not null } unwell) return unwell;
            if (!_nonces.TryDequeue(out var nonce)) return Failed(
                "nonce", $"{authority.Name} gives no nonces; it is no working ACME server");
            var reply = await SendAsync(HttpMethod.Post, url, key.Sign(url, nonce, Account, payload?.ToJsonString()), cancel);
            if (!AcmeProblem.Is(reply.Failure, "badNonce") || tries == MaxNonceTries) return reply;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The connection to an authority: bounded, without redirects, trusting the system's roots or only those named.</summary>
    public static HttpMessageHandler Handler(AcmeAuthority authority)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            MaxResponseHeadersLength = 32,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (authority.Trust is { } pem) handler.SslOptions.RemoteCertificateValidationCallback = Authorities.TrustOnly(Authorities.Read(pem));
        return handler;
    }

    private async Task<AcmeReply> SendAsync(HttpMethod method, string url, string? body, CancellationToken cancel)
    {
        // What the authority names is dialled as the directory is: over TLS, never in the clear.
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            return Failed("directory", $"{authority.Name} names `{(url.Length > 200 ? url[..200] : url)}`, which is no https URL");
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Aviso", null)); // RFC 8555 §6.1 wants one
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            request.Content.Headers.ContentType = new("application/jose+json");
        }
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            if (response.Headers.TryGetValues("Replay-Nonce", out var nonces) && _nonces.Count < 16) _nonces.Enqueue(nonces.First());
            // Octets: the charset of the answer's header may be nonsense, and JSON and PEM are UTF-8 anyway.
            return Read(uri, (int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancel), response.Headers);
        }
        catch (HttpRequestException e)
        {
            return Failed("network", $"{uri.Host} cannot be reached: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Failed("network", $"{uri.Host} did not answer within {Patience.TotalSeconds:0} s");
        }
    }

    private AcmeReply Read(Uri uri, int status, byte[] octets, HttpResponseHeaders headers)
    {
        var body = octets is [(byte)'{', ..] ? AcmeJson.Parse(octets) : null;
        var retryAfter = RetryAfter(headers);
        var failure = status is >= 200 and < 300 ? null : AcmeProblem.Read(body, status, uri.Host, retryAfter);
        return new(status, body, Encoding.UTF8.GetString(octets), headers.Location?.IsAbsoluteUri == true
            ? headers.Location.AbsoluteUri : "", retryAfter, failure);
    }

    // RFC 8555 §6.6, RFC 9110 §10.2.3: seconds or a date.
    private TimeSpan? RetryAfter(HttpResponseHeaders headers) =>
        (headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - clock.GetUtcNow()) is { } wait
            ? wait < TimeSpan.Zero ? TimeSpan.Zero : wait > TimeSpan.FromDays(7) ? TimeSpan.FromDays(7) : wait : null;

    private static AcmeReply Failed(string reason, string text) => new(0, null, "", "", null, new(reason, text));
}
