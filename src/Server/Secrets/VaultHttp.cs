using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Net;

namespace Aviso.Secrets;

/// <summary>
/// Vault's HTTP API, one request at a time: headers, TLS with authorities of one's own, a limit on time and size. Redirects are not
/// followed, so that a token never goes to another host; no proxy is used.
/// </summary>
internal sealed class VaultHttp : IDisposable
{
    /// <summary>Vault itself takes values of 1 MB by default.</summary>
    public const int MaxAnswer = 4 << 20;

    private readonly HttpClient _http;
    private readonly VaultOptions _options;
    private readonly TimeProvider _clock;

    /// <exception cref="CryptographicException">The authorities are no PEM.</exception>
    public VaultHttp(VaultOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 32,
            ConnectTimeout = options.Timeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            // A Vault that moved is found again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (options.Ca is { } ca) handler.SslOptions.RemoteCertificateValidationCallback = Authorities.TrustOnly(Authorities.Read(ca));
        _http = new(handler) { BaseAddress = new(options.Address + "/v1/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Never throws but when it is cancelled.</summary>
    /// <param name="path">Below /v1/, not escaped.</param>
    public async Task<VaultReply> SendAsync(HttpMethod method, string path, JsonObject? body, string? token, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        using var request = Request(method, path, body, token);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if ((int)response.StatusCode is >= 300 and < 400) return Redirected(response);
            var octets = await ReadAsync(response.Content, either.Token);
            return octets is null ? No(VaultTrouble.Wrong, $"answers with more than {MaxAnswer >> 20} MB; is `vault.address` right?")
                : Judge((int)response.StatusCode, octets, body, token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return No(VaultTrouble.Away, $"did not answer within {_options.Timeout.TotalSeconds:0.#} s");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return No(VaultTrouble.Wrong, _options.Ca is null
                ? "shows a certificate that is not trusted here, or speaks no TLS: give the authority that signed it as `vault.ca`"
                : "shows a certificate that `vault.ca` did not sign or that is for another name, or speaks no TLS");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return No(VaultTrouble.Away, $"cannot be reached: {e.InnerException?.Message ?? e.Message}");
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, JsonObject? body, string? token)
    {
        var request = new HttpRequestMessage(method, string.Join('/', path.Split('/').Select(Uri.EscapeDataString)));
        // Agents and proxies of Vault ask for this one against forged requests.
        request.Headers.Add("X-Vault-Request", "true");
        if (_options.Namespace is { } name) request.Headers.TryAddWithoutValidation("X-Vault-Namespace", name.Trim('/'));
        if (token is not null) request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        if (body is not null) request.Content = new StringContent(body.ToJsonString()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return request;
    }

    /// <summary>Null when it is too large.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        if (content.Headers.ContentLength > MaxAnswer) return null;
        await using var stream = await content.ReadAsStreamAsync(cancel);
        using var whole = new MemoryStream();
        var piece = new byte[16 << 10];
        while (await stream.ReadAsync(piece, cancel) is var count and > 0)
        {
            if (whole.Length + count > MaxAnswer) return null;
            whole.Write(piece, 0, count);
        }
        return whole.ToArray();
    }

    private VaultReply Judge(int status, byte[] octets, JsonObject? sent, string? token)
    {
        var body = octets.Length == 0 || (status != 200 && Repeats(octets, sent, token)) ? null : VaultReply.Parse(octets);
        if (status == 200 && body is null) return No(
            VaultTrouble.Wrong, "answers with something that is not JSON; is `vault.address` right?");
        var reply = new VaultReply(status, body, null);
        if (status == 503 && reply.Errors().Contains("sealed", StringComparison.OrdinalIgnoreCase))
            return No(VaultTrouble.Sealed, "is sealed: somebody must unseal it (`vault operator unseal`)");
        // 412: a secondary that has not caught up; 429: too many requests; 472 and 473: a standby that does not forward.
        if (status is >= 500 or 412 or 429 or 472 or 473)
            return No(VaultTrouble.Away, $"answers {status}{(reply.Errors() is { Length: > 0 } why ? $" ({why})" : "")}");
        return reply;
    }

    /// <summary>An error that says again what we sent, or its beginning: none of it is shown.</summary>
    private static bool Repeats(byte[] octets, JsonObject? sent, string? token) =>
        (sent ?? []).Where(p => p.Key != "role").Select(p => p.Value?.GetValue<string>()).Append(token).OfType<string>()
            .Where(s => s.Length > 0)
            .Any(s => octets.AsSpan().IndexOf(Encoding.UTF8.GetBytes(s[..Math.Min(s.Length, 12)])) >= 0);

    private VaultReply Redirected(HttpResponseMessage response)
    {
        var to = response.Headers.Location is { IsAbsoluteUri: true } there ? $"{there.Scheme}://{there.Authority}" : "elsewhere";
        return No(VaultTrouble.Wrong, $"redirects to {to}, which is not followed: give the address that answers as `vault.address`");
    }

    private VaultReply No(VaultTrouble kind, string text) => new(0, null, new(kind, $"Vault at {_options.Address} {text}"));
}
