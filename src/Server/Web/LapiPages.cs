using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Web;

/// <summary>
/// What CrowdSec's bouncers ask of a local API, so that a firewall reads our decisions: /v1/decisions, /v1/decisions/stream with a
/// cursor for each key, and metrics that are taken and forgotten. Only with a key of guard.bouncers. What automation may not ban here
/// (own networks, who has just logged in) is not told either.
/// </summary>
/// <param name="bouncers">Their keys, as the settings say now.</param>
internal sealed class LapiPages(Gatekeeper gate, Func<IReadOnlyList<Secret>> bouncers, TimeProvider clock, ILogger log)
{
    private const string Null = "null";
    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);
    private long _mayWarnAt = long.MinValue;
    private readonly ConcurrentDictionary<string, Dictionary<string, Decision>> _told = new(StringComparer.Ordinal);

    public IReadOnlyList<WebRow> Rows =>
    [
        Row(WebRow.Read, "/health", exchange => exchange.AnswerAsync(200, WebExchange.Json, "{\"status\":\"up\"}")) with { MayNot = null },
        Row(WebRow.Read, "/v1/decisions", ListAsync),
        Row(WebRow.Read, "/v1/decisions/stream", StreamAsync),
        Row(["POST"], "/v1/usage-metrics", exchange => exchange.AnswerAsync(201, WebExchange.Json, "")),
    ];

    private WebRow Row(string[] methods, string path, Func<WebExchange, Task> answer) =>
        new(WebKinds.Public, HostRule.Any, methods, path, (exchange, _) => answer(exchange))
        {
            IsOn = () => bouncers().Count > 0,
            InTheClear = true,
            MayNot = exchange => KeyOf(exchange) is null ? Refused(exchange) : null,
        };

    private Task ListAsync(WebExchange exchange)
    {
        Pulled(exchange);
        var (status, body) = List(Query(exchange.Request.QueryString));
        return exchange.AnswerAsync(status, WebExchange.Json, body);
    }

    private Task StreamAsync(WebExchange exchange)
    {
        var key = Pulled(exchange);
        return exchange.AnswerAsync(200, WebExchange.Json, Stream(key, Query(exchange.Request.QueryString), exchange.Request.Method == "HEAD"));
    }

    private string Pulled(WebExchange exchange)
    {
        if (KeyOf(exchange) is not var (key, at)) return "";
        WebMeters.BouncerPulled(at, clock.GetUtcNow());
        return key;
    }

    /// <summary>The digest of the key and its place in guard.bouncers.</summary>
    private (string Key, int At)? KeyOf(WebExchange exchange)
    {
        var given = exchange.Request.Headers["X-Api-Key"].ToString();
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(given));
        (string, int)? found = null;
        foreach (var (key, at) in bouncers().Select((b, at) => (SHA256.HashData(Encoding.UTF8.GetBytes(b.Reveal())), at)))
        {
            if (given.Length > 0 && CryptographicOperations.FixedTimeEquals(key, digest)) found = (Convert.ToHexString(key), at);
        }
        return found;
    }

    // The key that was given may be one of another program: it is never said.
    private WebRefusal Refused(WebExchange exchange)
    {
        var client = exchange.Client;
        WebMeters.BouncerRefused();
        var (now, due) = (clock.GetTimestamp(), Volatile.Read(ref _mayWarnAt));
        var warns = now >= due && Interlocked.CompareExchange(ref _mayWarnAt, now + (long)(WarnEvery.TotalSeconds * clock.TimestampFrequency), due) == due;
        if (warns) log.BouncerWithoutKey(client);
        // About our own machines the gate writes a line each time.
        if (warns || !gate.IsExempt(client)) gate.Report(new(exchange.Kind, client, Reason.LoginFailed), "bouncer");
        return new(403, WebExchange.Json, "{\"message\":\"access forbidden\"}");
    }

    private (int Status, string Body) List(Dictionary<string, string> query)
    {
        string? around = null;
        if (query.GetValueOrDefault("ip") is { } ip)
        {
            if (!IPAddress.TryParse(ip, out var address)) return (400, Message($"unable to convert '{ip}' to int: invalid address: invalid ip address / range"));
            around = Networks.Normal(address).ToString();
        }
        var exact = query.GetValueOrDefault("value") is { } given ? Decision.Canonical(given) ?? given : null;
        var found = Wanted(query, new(Value: exact, Covers: around));
        if (query.GetValueOrDefault("range") is { } range)
        {
            if (Decision.Canonical(range) is not { } value || !Networks.TryParse(value, out var asked)) return (400, Message($"unable to convert '{range}' to int: invalid address: invalid ip address / range"));
            // contains=false: what lies inside of it; else what covers it.
            found = query.GetValueOrDefault("contains") == "false" ? found.Where(d => Covers(asked, d.Network)) : found.Where(d => Covers(d.Network, asked));
        }
        if (query.GetValueOrDefault("type") is { } type) found = found.Where(d => d.Type == type);
        var now = clock.GetUtcNow();
        return (200, new JsonArray([.. found.Select(d => (JsonNode)LapiDecision.Json(d, now))]) is { Count: > 0 } some ? some.ToJsonString() : Null);
    }

    // The cursor is ours, by key: what this bouncer was told last. A value with several decisions is told once, with the longest, and
    // is over when the last of them is; dedup=false tells each.
    private string Stream(string key, Dictionary<string, string> query, bool isHead)
    {
        var each = query.GetValueOrDefault("dedup") == "false";
        var now = new Dictionary<string, Decision>(StringComparer.Ordinal);
        foreach (var decision in Wanted(query))
        {
            var name = each ? $"{decision.Id}" : $"{decision.Type} {decision.Value}";
            if (!now.TryGetValue(name, out var other) || other.Until < decision.Until) now[name] = decision;
        }
        var before = query.GetValueOrDefault("startup") == "true" ? [] : _told.GetValueOrDefault(key) ?? [];
        if (!isHead) _told[key] = now;
        var at = clock.GetUtcNow();
        return new JsonObject
        {
            ["deleted"] = OrNull(before.Where(b => !now.ContainsKey(b.Key)).Select(b => b.Value with { Until = b.Value.Until < at ? b.Value.Until : at.AddSeconds(-1) }), at),
            ["new"] = OrNull(now.Where(n => !before.TryGetValue(n.Key, out var b) || b.Id != n.Value.Id).Select(n => n.Value).OrderBy(d => d.Id), at),
        }.ToJsonString();
    }

    private IEnumerable<Decision> Wanted(Dictionary<string, string> query, DecisionFilter? filter = null)
    {
        var found = gate.Book.List(filter).Where(d => !gate.Spares(d));
        if ((query.GetValueOrDefault("scopes") ?? query.GetValueOrDefault("scope")) is { Length: > 0 } scopes)
            found = found.Where(d => Words(scopes).Contains(d.Scope, StringComparer.OrdinalIgnoreCase));
        if (query.GetValueOrDefault("origins") is { Length: > 0 } origins) found = found.Where(d => Words(origins).Contains(d.Origin, StringComparer.OrdinalIgnoreCase));
        if (query.GetValueOrDefault("scenarios_containing") is { Length: > 0 } some)
            found = found.Where(d => Words(some).Any(w => d.Scenario.Contains(w, StringComparison.OrdinalIgnoreCase)));
        if (query.GetValueOrDefault("scenarios_not_containing") is { Length: > 0 } others)
            found = found.Where(d => !Words(others).Any(w => d.Scenario.Contains(w, StringComparison.OrdinalIgnoreCase)));
        return found;
    }

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool Covers(IPNetwork outer, IPNetwork inner) => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    private static string Message(string text) => new JsonObject { ["message"] = text }.ToJsonString();

    private static JsonArray? OrNull(IEnumerable<Decision> decisions, DateTimeOffset now) =>
        new JsonArray([.. decisions.Select(d => (JsonNode)LapiDecision.Json(d, now))]) is { Count: > 0 } some ? some : null;

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
