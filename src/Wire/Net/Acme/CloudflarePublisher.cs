using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Aviso.Net;

/// <summary>By Cloudflare's API.</summary>
public sealed class CloudflarePublisher(CloudflareApi api) : IDnsPublisher, IDisposable
{
    private readonly ConcurrentDictionary<(string Name, string Value), string> _ours = new();

    public async Task<string?> AddTextAsync(string name, string value, CancellationToken cancel)
    {
        var (zone, problem) = await api.ZoneAsync(name, cancel);
        if (zone is null) return problem;
        var record = new JsonObject { ["type"] = "TXT", ["name"] = name, ["content"] = $"\"{value}\"", ["ttl"] = 60 };
        var (body, failed) = await api.SendAsync(HttpMethod.Post, $"zones/{zone.Id}/dns_records", record, cancel);
        if (AcmeJson.Text(body?["result"] as JsonObject, "id") is { Length: > 0 } id && failed is null) _ours[(name, value)] = id;
        // 81058: an identical record exists, from a try that was cut short.
        return failed is not null && CloudflareApi.Codes(body).Contains(81058) ? null : failed;
    }

    public async Task<string?> RemoveTextAsync(string name, string value, CancellationToken cancel)
    {
        var (zone, problem) = await api.ZoneAsync(name, cancel);
        if (zone is null) return problem;
        if (!_ours.TryRemove((name, value), out var id))
        {
            var (body, failed) = await api.SendAsync(
                HttpMethod.Get, $"zones/{zone.Id}/dns_records?type=TXT&name={Uri.EscapeDataString(name)}&per_page=100", null, cancel);
            if (failed is not null) return failed;
            id = AcmeJson.Objects(body, "result")
                .Where(r => AcmeJson.Text(r, "content").Trim('"') == value).Select(r => AcmeJson.Text(r, "id")).FirstOrDefault();
        }
        return id is null
            ? null : (await api.SendAsync(HttpMethod.Delete, $"zones/{zone.Id}/dns_records/{Uri.EscapeDataString(id)}", null,
                cancel)).Problem;
    }

    public void Dispose() => api.Dispose();
}
