using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>Speaks a CrowdSec engine's local API: as a bouncer with a key, as a machine with a login. An engine that is away is a returned
/// value.</summary>
public sealed class EngineClient : IDisposable
{
    private const long LongestList = 256 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PatienceForAll = TimeSpan.FromMinutes(2);

    private readonly EngineOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private string _token = "";
    private DateTimeOffset _tokenUntil;

    /// <param name="handler">Instead of the network, in tests.</param>
    public EngineClient(EngineOptions options, TimeProvider clock, HttpMessageHandler? handler = null)
    {
        (_options, _clock) = (options, clock);
        _http = new(handler ?? Handler(options)) { BaseAddress = options.Url, Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LongestList };
        _http.DefaultRequestHeaders.UserAgent.Add(new("aviso", "v" + options.Version));
    }

    /// <summary>All decisions (<paramref name="whole"/>), or what changed since this key asked last.</summary>
    public async Task<EngineReply<EngineStream>> PullAsync(bool whole, CancellationToken cancel)
    {
        // dedup=false: every decision with its own id, so that the end of one leaves the others on the same address.
        using var request = new HttpRequestMessage(
            HttpMethod.Get, whole ? "v1/decisions/stream?startup=true&dedup=false" : "v1/decisions/stream?dedup=false");
        request.Headers.Add("X-Api-Key", _options.Key);
        var reply = await AskAsync(request, whole ? PatienceForAll : Patience, cancel);
        if (reply.Result != EngineResult.Ok)
            return new(reply.Result, null, reply.Result == EngineResult.NotKnown
                ? $"it does not know our key ({reply.Problem}); `cscli bouncers add` makes one" : reply.Problem);
        try
        {
            return JsonSerializer.Deserialize(reply.Value!, EngineJson.Default.EngineStream) is { } stream
                ? new(EngineResult.Ok, stream, "") : new(EngineResult.Away, null, "it answered nothing");
        }
        catch (JsonException e)
        {
            return new(EngineResult.Away, null, $"its answer is no list of decisions: {e.Message}");
        }
    }

    /// <summary>Logs in when need be and sends alerts.</summary>
    public async Task<EngineReply<string>> SendAsync(IReadOnlyList<EngineAlert> alerts, CancellationToken cancel)
    {
        var body = new JsonArray([.. alerts.Select(a => (JsonNode)a.ToJson())]).ToJsonString();
        var reply = await AsMachineAsync(() => new(HttpMethod.Post, "v1/alerts") { Content = Json(body) }, cancel);
        return new(reply.Result, "", reply.Problem);
    }

    /// <summary>Says that this machine lives.</summary>
    public async Task<EngineReply<string>> BeatAsync(CancellationToken cancel)
    {
        var reply = await AsMachineAsync(() => new(HttpMethod.Get, "v1/heartbeat"), cancel);
        return new(reply.Result, "", reply.Problem);
    }

    public void Dispose() => _http.Dispose();

    private async Task<EngineReply<byte[]>> AsMachineAsync(Func<HttpRequestMessage> make, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (_token.Length == 0 || _clock.GetUtcNow() >= _tokenUntil)
            {
                var login = await LoginAsync(cancel);
                if (login.Result != EngineResult.Ok) return login;
            }
            using var request = make();
            request.Headers.Authorization = new("Bearer", _token);
            var reply = await AskAsync(request, Patience, cancel);
            if (reply.Result != EngineResult.NotKnown || attempt > 0) return reply;
            // The engine was made anew or its time for tokens is shorter than it said: once more with a new one.
            _token = "";
        }
    }

    private async Task<EngineReply<byte[]>> LoginAsync(CancellationToken cancel)
    {
        var body = new JsonObject { ["machine_id"] = _options.Machine, ["password"] = _options.Password, ["scenarios"] = new JsonArray([.. Scenario.All.Select(s => (JsonNode)s.Name)]) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/watchers/login") { Content = Json(body.ToJsonString()) };
        var reply = await AskAsync(request, Patience, cancel);
        if (reply.Result != EngineResult.Ok)
            return reply with { Problem = reply.Result == EngineResult.NotKnown ? $"it does not let machine {_options.Machine} in ({reply.Problem}); `cscli machines add` makes a login" : reply.Problem };
        try
        {
            var token = JsonNode.Parse(reply.Value!);
            _token = (string?)token?["token"] ?? "";
            // Renewed early; a time that cannot be read means an hour, as it is by default.
            _tokenUntil = (DateTimeOffset.TryParse((string?)token?["expire"], System.Globalization.CultureInfo.InvariantCulture,
                out var until) ? until : _clock.GetUtcNow().AddHours(1)).AddMinutes(-2);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            _token = "";
        }
        return _token.Length > 0 ? reply : new(EngineResult.Away, null, "its answer to our login holds no token");
    }

    private async Task<EngineReply<byte[]>> AskAsync(HttpRequestMessage request, TimeSpan patience, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.StatusCode switch
            {
                HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted => new(EngineResult.Ok, body, ""),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                    new(EngineResult.NotKnown, null, Said(response.StatusCode, body)),
                HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity =>
                    new(EngineResult.NotTaken, null, Said(response.StatusCode, body)),
                // Version 1.4 answers 500 to what it finds incomplete.
                HttpStatusCode.InternalServerError when body.AsSpan().IndexOf("validation failure"u8) >= 0 =>
                    new(EngineResult.NotTaken, null, Said(response.StatusCode, body)),
                _ => new(EngineResult.Away, null, Said(response.StatusCode, body)),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new(EngineResult.Away, null, $"no answer within {patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
        {
            return new(EngineResult.Away, null, e.InnerException?.Message is { Length: > 0 } inner ? inner : e.Message);
        }
    }

    private static string Said(HttpStatusCode status, byte[] body)
    {
        var text = System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 300)));
        return $"{(int)status} {new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)])}".TrimEnd();
    }

    private static StringContent Json(string text) => new(text, new MediaTypeHeaderValue("application/json"));

    private static SocketsHttpHandler Handler(EngineOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (options.Authority is { } pem) handler.SslOptions = new() { CertificateChainPolicy = Authorities.Policy(Authorities.Read(pem)) };
        return handler;
    }
}
