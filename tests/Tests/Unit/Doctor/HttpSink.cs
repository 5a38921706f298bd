using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>A request that came.</summary>
internal sealed record SunkRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>An HTTP server on loopback that keeps what it is told and answers as it is set.</summary>
internal sealed class HttpSink : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<SunkRequest> _requests = new();

    public HttpSink()
    {
        // HttpListener takes no port 0.
        for (var port = Random.Shared.Next(20_000, 30_000); ; port = Random.Shared.Next(20_000, 30_000))
        {
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                _listener.Start();
                Url = $"http://127.0.0.1:{port}";
                break;
            }
            catch (HttpListenerException)
            {
                // Somebody has it.
            }
        }
        _ = ServeAsync();
    }

    public string Url { get; }

    public int Status { get; set; } = 200;

    /// <summary>Status and body instead of <see cref="Status"/> alone.</summary>
    public Func<SunkRequest, (int Status, string Body)>? Answer { get; set; }

    public IReadOnlyList<SunkRequest> Requests => [.. _requests];

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                var headers = context.Request.Headers.AllKeys.OfType<string>()
                    .ToDictionary(k => k, k => context.Request.Headers[k] ?? "", StringComparer.OrdinalIgnoreCase);
                var request = new SunkRequest(context.Request.HttpMethod, context.Request.RawUrl!, headers, body.ToArray());
                _requests.Enqueue(request);
                var (status, text) = Answer?.Invoke(request) ?? (Status, "");
                context.Response.StatusCode = status;
                context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: false);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
