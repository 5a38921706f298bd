using System.Net;
using System.Text;

namespace Aviso.Doctor;

/// <summary>
/// HTTP to those whom the administrator named: bounded in time, redirects are not followed (a secret goes to nobody else), answers are not
/// read. Thread-safe.
/// </summary>
public sealed class EventPost : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxResponseHeadersLength = 32,
        ConnectTimeout = Patience,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    { Timeout = Patience };

    /// <summary>Null when it was taken (2xx), else why not.</summary>
    public async Task<string?> SendAsync(
        Uri to, byte[] body, string type, IEnumerable<(string Name, string Value)> headers, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, to) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        request.Headers.TryAddWithoutValidation("User-Agent", "Aviso");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var reply = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            return reply.StatusCode is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices ? null
                : $"it answers {(int)reply.StatusCode} {reply.ReasonPhrase}";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"no answer within {Patience.TotalSeconds:0} s";
        }
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public void Dispose() => _http.Dispose();
}
