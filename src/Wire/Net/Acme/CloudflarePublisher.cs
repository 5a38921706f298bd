using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>By Cloudflare's API, version 4, with a token that may edit DNS of the zones (Zone / DNS / Edit, Zone / Zone / Read).</summary>
public sealed class CloudflarePublisher : IDnsPublisher, IDisposable
{
    public static readonly Uri DefaultApi = new("https://api.cloudflare.com/client/v4/");

    private const int MaxAnswer = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Uri _api;
    private readonly HttpClient _http;
    private readonly ConcurrentDictionary<string, string> _zones = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Name, string Value), string> _ours = new();

    public CloudflarePublisher(string token, Uri? api = null, HttpMessageHandler? handler = null)
    {
        _api = api ?? DefaultApi;
        _http = new(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(15) })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MaxAnswer,
        };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Aviso", null));
    }

    public async Task<string?> AddTextAsync(string name, string value, CancellationToken cancel)
    {
        var (zone, problem) = await ZoneAsync(name, cancel);
        if (zone is null) return problem;
        var record = new JsonObject { ["type"] = "TXT", ["name"] = name, ["content"] = $"\"{value}\"", ["ttl"] = 60 };
        var (body, failed) = await SendAsync(HttpMethod.Post, $"zones/{zone}/dns_records", record, cancel);
        if (AcmeJson.Text(body?["result"] as JsonObject, "id") is { Length: > 0 } id && failed is null) _ours[(name, value)] = id;
        // 81058: an identical record exists, from a try that was cut short.
        return failed is not null && Codes(body).Contains(81058) ? null : failed;
    }

    public async Task<string?> RemoveTextAsync(string name, string value, CancellationToken cancel)
    {
        var (zone, problem) = await ZoneAsync(name, cancel);
        if (zone is null) return problem;
        if (!_ours.TryRemove((name, value), out var id))
        {
            var (body, failed) = await SendAsync(
                HttpMethod.Get, $"zones/{zone}/dns_records?type=TXT&name={Uri.EscapeDataString(name)}&per_page=100", null, cancel);
            if (failed is not null) return failed;
            id = AcmeJson.Objects(body, "result")
                .Where(r => AcmeJson.Text(r, "content").Trim('"') == value).Select(r => AcmeJson.Text(r, "id")).FirstOrDefault();
        }
        return id is null
            ? null : (await SendAsync(HttpMethod.Delete, $"zones/{zone}/dns_records/{Uri.EscapeDataString(id)}", null, cancel)).Problem;
    }

    public void Dispose() => _http.Dispose();

    // The longest name above that is a zone of this token.
    private async Task<(string? Zone, string? Problem)> ZoneAsync(string name, CancellationToken cancel)
    {
        for (var at = name; at.Contains('.', StringComparison.Ordinal); at = at[(at.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (_zones.TryGetValue(at, out var known)) return (known, null);
            var (body, problem) = await SendAsync(HttpMethod.Get, $"zones?name={Uri.EscapeDataString(at)}", null, cancel);
            if (problem is not null) return (null, problem);
            if (AcmeJson.Objects(body, "result").FirstOrDefault(z => AcmeJson.Text(z, "name") == at) is not { } zone) continue;
            return (_zones[at] = AcmeJson.Text(zone, "id"), null);
        }
        return (null,
            $"the Cloudflare token sees no zone that holds {name}: give it Zone / DNS / Edit and Zone / Zone / Read for that zone");
    }

    private async Task<(JsonObject? Body, string? Problem)> SendAsync(
        HttpMethod method, string path, JsonObject? content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(_api, path));
        if (content is not null) request.Content = new StringContent(content.ToJsonString(), Encoding.UTF8, "application/json");
        try
        {
            using var response = await _http.SendAsync(request, cancel);
            var body = AcmeJson.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
            if (response.IsSuccessStatusCode && body?["success"] is JsonValue ok && ok.TryGetValue<bool>(out var success)
                && success) return (body, null);
            var said = string.Join("; ", AcmeJson.Objects(body, "errors").Take(5).Select(e => AcmeJson.Text(e, "message")));
            return (body, $"Cloudflare answers {(int)response.StatusCode}{(said.Length > 0 ? ": " + said : "")}"
                + ((int)response.StatusCode is 401 or 403 ? "; the token is wrong, over, or lacks Zone / DNS / Edit for this zone" : ""));
        }
        catch (HttpRequestException e)
        {
            return (null, $"Cloudflare cannot be asked: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"Cloudflare did not answer within {Patience.TotalSeconds:0} s");
        }
    }

    private static IEnumerable<int> Codes(JsonObject? body) => AcmeJson.Objects(body, "errors")
        .Select(e => e["code"] is JsonValue code && code.TryGetValue<int>(out var number) ? number : 0);
}
