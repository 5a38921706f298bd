using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Dns;

namespace Aviso.Net;

/// <param name="Plan">What is paid for, such as "Free Website"; empty when it is not said.</param>
public sealed record CloudflareZone(string Id, string Name, string Plan);

/// <summary>Cloudflare's API, version 4, with a token that may edit DNS of the zones (Zone / DNS / Edit, Zone / Zone / Read). Problems are
/// texts that say what to do.</summary>
public sealed class CloudflareApi : IDisposable
{
    public static readonly Uri DefaultAddress = new("https://api.cloudflare.com/client/v4/");

    // A page of a thousand records with comments is well below.
    private const int MaxAnswer = 4 << 20, PageSize = 1000, MostPages = 50, MostTries = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), LongestPause = TimeSpan.FromSeconds(10);

    private readonly Uri _address;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, CloudflareZone> _zones = new(StringComparer.Ordinal);

    public CloudflareApi(string token, Uri? address = null, HttpMessageHandler? handler = null, TimeProvider? clock = null)
    {
        (_address, _clock) = (address ?? DefaultAddress, clock ?? TimeProvider.System);
        _http = new(handler ?? Handler())
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MaxAnswer,
        };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Aviso", null));
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
    };

    /// <summary>The longest name at or above that is a zone of this token.</summary>
    public async Task<(CloudflareZone? Zone, string? Problem)> ZoneAsync(string name, CancellationToken cancel)
    {
        // No zone begins at a label with an underscore.
        var first = name.LastIndexOf('_') is var mark and >= 0 && name.IndexOf('.', mark) is var dot and > 0 ? name[(dot + 1)..] : name;
        for (var at = first; at.Contains('.', StringComparison.Ordinal); at = at[(at.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (_zones.TryGetValue(at, out var known)) return (known, null);
            var (body, problem) = await SendAsync(HttpMethod.Get, $"zones?name={Uri.EscapeDataString(at)}", null, cancel);
            if (problem is not null) return (null, problem);
            if (AcmeJson.Objects(body, "result").FirstOrDefault(z => AcmeJson.Text(z, "name") == at) is not { } zone) continue;
            return (_zones[at] = new(AcmeJson.Text(zone, "id"), at, AcmeJson.Text(zone["plan"] as JsonObject, "name")), null);
        }
        return (null,
            $"the Cloudflare token sees no zone that holds {name}: give it Zone / DNS / Edit and Zone / Zone / Read for that zone");
    }

    /// <summary>All records of a zone, of every type.</summary>
    public async Task<(IReadOnlyList<CloudflareRecord>? Records, string? Problem)> RecordsAsync(CloudflareZone zone,
        CancellationToken cancel)
    {
        var all = new List<CloudflareRecord>();
        for (var page = 1; page <= MostPages; page++)
        {
            var (body, problem) = await SendAsync(HttpMethod.Get, $"zones/{zone.Id}/dns_records?per_page={PageSize}&page={page}", null,
                cancel);
            if (problem is not null) return (null, problem);
            all.AddRange(AcmeJson.Objects(body, "result").Select(CloudflareRecord.Read));
            var info = body?["result_info"] as JsonObject;
            if (info?["total_pages"] is not JsonValue total || !total.TryGetValue<int>(out var pages) || page >= pages) break;
        }
        return (all, null);
    }

    /// <summary>Takes records away and adds others: all or nothing.</summary>
    /// <param name="comment">A mark for people who look at the zone.</param>
    public async Task<string?> ChangeAsync(
        CloudflareZone zone, IReadOnlyList<string> deletes, IReadOnlyList<DnsRecord> adds, string comment, CancellationToken cancel)
    {
        var batch = new JsonObject
        {
            ["deletes"] = new JsonArray([.. deletes.Select(id => (JsonNode)new JsonObject { ["id"] = id })]),
            ["posts"] = new JsonArray([.. adds.Select(r => (JsonNode)CloudflareRecord.Write(r, comment))]),
        };
        return (await SendAsync(HttpMethod.Post, $"zones/{zone.Id}/dns_records/batch", batch, cancel)).Problem;
    }

    internal async Task<(JsonObject? Body, string? Problem)> SendAsync(
        HttpMethod method, string path, JsonObject? content, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            using var request = new HttpRequestMessage(method, new Uri(_address, path));
            if (content is not null) request.Content = new StringContent(content.ToJsonString(), Encoding.UTF8, "application/json");
            try
            {
                using var response = await _http.SendAsync(request, cancel);
                // Refused for being one too many, nothing was done.
                if (response.StatusCode == HttpStatusCode.TooManyRequests && tries < MostTries
                    && (response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(tries)) is var pause && pause <= LongestPause)
                {
                    await Task.Delay(pause, _clock, cancel);
                    continue;
                }
                var body = AcmeJson.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
                return (body, ProblemOf(response, body));
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
    }

    internal static IEnumerable<int> Codes(JsonObject? body) => AcmeJson.Objects(body, "errors")
        .Select(e => e["code"] is JsonValue code && code.TryGetValue<int>(out var number) ? number : 0);

    private static string? ProblemOf(HttpResponseMessage response, JsonObject? body)
    {
        if (response.IsSuccessStatusCode && body?["success"] is JsonValue ok && ok.TryGetValue<bool>(out var success)
            && success) return null;
        var said = string.Join("; ", AcmeJson.Objects(body, "errors").Take(5).Select(e => AcmeJson.Text(e, "message")));
        var status = (int)response.StatusCode;
        return $"Cloudflare answers {status}{(said.Length > 0 ? ": " + said : "")}" + (status switch
        {
            401 or 403 => "; the token is wrong, over, or lacks Zone / DNS / Edit for this zone",
            429 => $"; it takes no more requests for {response.Headers.RetryAfter?.Delta?.TotalSeconds ?? 300:0} s",
            _ => "",
        });
    }
}
