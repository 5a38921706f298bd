using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Guard;
using Aviso.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>
/// What CrowdSec's bouncers ask of a local API, so that a firewall reads our decisions: /v1/decisions, /v1/decisions/stream with a
/// cursor for each key, and metrics that are taken and forgotten. Only with a key of guard.bouncers.
/// </summary>
internal sealed class LapiPages(GuardParts guard, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Dictionary<long, Decision>> _seen = new(StringComparer.Ordinal);

    /// <summary>Null when the path is not one of these or no bouncer is declared.</summary>
    public (int Status, string Body)? Answer(IHttpRequestFeature request)
    {
        if (guard.Bouncers.Count == 0) return null;
        if (request.Path == "/health") return (200, "{\"status\":\"up\"}");
        if (request.Path is not ("/v1/decisions" or "/v1/decisions/stream" or "/v1/usage-metrics")) return null;
        if (KeyOf(request.Headers["X-Api-Key"].ToString()) is not { } key) return (403, "{\"message\":\"access forbidden\"}");
        if (request.Path == "/v1/usage-metrics") return (201, "null");
        if (request.Method is not ("GET" or "HEAD")) return (405, "{\"message\":\"only GET and HEAD\"}");
        var query = Query(request.QueryString);
        return request.Path == "/v1/decisions" ? (200, List(query)) : (200, Stream(key, query.GetValueOrDefault("startup") == "true", request.Method == "HEAD"));
    }

    private string? KeyOf(string given)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(given));
        string? found = null;
        foreach (var key in guard.Bouncers.Select(b => SHA256.HashData(Encoding.UTF8.GetBytes(b.Reveal()))))
        {
            if (given.Length > 0 && CryptographicOperations.FixedTimeEquals(key, digest)) found = Convert.ToHexString(key);
        }
        return found;
    }

    private string List(Dictionary<string, string> query)
    {
        var filter = new DecisionFilter(
            Value: (query.GetValueOrDefault("range") ?? query.GetValueOrDefault("value")) is { } value ? Decision.Canonical(value) ?? value : null,
            Contains: query.GetValueOrDefault("ip"), Type: query.GetValueOrDefault("type"));
        // What it asks about and is no address is in no decision.
        var found = filter.Contains is { } ip && !IPAddress.TryParse(ip, out _) ? [] : guard.Gate.Book.List(filter);
        if (query.GetValueOrDefault("scope") is { } scope) found = [.. found.Where(d => d.Scope.Equals(scope, StringComparison.OrdinalIgnoreCase))];
        return found.Count == 0 ? "null" : Array(found).ToJsonString();
    }

    // The cursor is ours, by key: what this bouncer was told last.
    private string Stream(string key, bool startup, bool isHead)
    {
        var now = guard.Gate.Book.List().ToDictionary(d => d.Id);
        var before = startup ? [] : _seen.GetValueOrDefault(key) ?? [];
        if (!isHead) _seen[key] = now;
        return new JsonObject
        {
            ["deleted"] = OrNull(before.Values.Where(d => !now.ContainsKey(d.Id))),
            ["new"] = OrNull(now.Values.Where(d => !before.ContainsKey(d.Id)).OrderBy(d => d.Id)),
        }.ToJsonString();
    }

    private JsonArray? OrNull(IEnumerable<Decision> decisions) => Array(decisions) is { Count: > 0 } some ? some : null;

    private JsonArray Array(IEnumerable<Decision> decisions) => [.. decisions.Select(d => DecisionCalls.Json(d, clock.GetUtcNow()))];

    private static Dictionary<string, string> Query(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = pair.IndexOf('=', StringComparison.Ordinal);
            found[WebUtility.UrlDecode(cut < 0 ? pair : pair[..cut])] = cut < 0 ? "" : WebUtility.UrlDecode(pair[(cut + 1)..]);
        }
        return found;
    }
}
