using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>The suppression lists of three vendors as their documents say, in memory: pages, 401 without the key, 404 for what is not
/// there.</summary>
internal sealed class FakeVendorApi : HttpMessageHandler
{
    public const string Key = "the-key";

    /// <summary>By list: blocked (Brevo), bounces, complaints, unsubscribes (Mailgun), suppressed (SES).</summary>
    public Dictionary<string, List<string>> Lists { get; } = [];

    public int Page { get; set; } = 100;

    /// <summary>Answered instead of all.</summary>
    public int? Fails { get; set; }

    public List<string> Asked { get; } = [];

    public FakeVendorApi Put(string list, params string[] addresses)
    {
        if (!Lists.TryGetValue(list, out var there)) Lists[list] = there = [];
        there.AddRange(addresses);
        return this;
    }

    /// <param name="authorization">What proves the key: the header api-key or Authorization.</param>
    public (int Status, string Body) Answer(string method, string pathAndQuery, string authorization)
    {
        Asked.Add($"{method} {pathAndQuery}");
        if (Fails is { } status) return (status, "{\"message\":\"not now\"}");
        var (path, query) = pathAndQuery.Split('?') is [var p, var q] ? (p, q) : (pathAndQuery, "");
        var words = path.Trim('/').Split('/');
        if (path.Contains("smtp/blockedContacts", StringComparison.Ordinal))
            return authorization == Key ? Brevo(method, words, query) : (401, "{\"code\":\"unauthorized\"}");
        if (path.Contains("/suppression/addresses", StringComparison.Ordinal))
            return authorization.StartsWith($"AWS4-HMAC-SHA256 Credential={Key}/", StringComparison.Ordinal)
                ? Ses(method, words, query) : (403, "{\"message\":\"The security token is invalid.\"}");
        return authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("api:" + Key))
            ? Mailgun(method, words, query) : (401, "Forbidden");
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var key = request.Headers.TryGetValues("api-key", out var brevo) ? brevo.First()
            : request.Headers.TryGetValues("Authorization", out var other) ? other.First() : "";
        var (status, body) = Answer(request.Method.Method, request.RequestUri!.PathAndQuery, key);
        return Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) });
    }

    private (int Status, string Body) Brevo(string method, string[] words, string query)
    {
        if (method == "DELETE") return Remove("blocked", words[^1], 204);
        var (limit, offset) = (int.Parse(Of(query, "limit"), null), int.Parse(Of(query, "offset"), null));
        if (limit > 100) return (400, "{\"code\":\"out_of_range\"}");
        return (200, new JsonObject
        {
            ["count"] = All("blocked").Count,
            ["contacts"] = new JsonArray([.. All("blocked").Skip(offset).Take(limit).Select(a => (JsonNode)new JsonObject
            {
                ["email"] = a,
                ["senderEmail"] = "alice@example.org",
                ["reason"] = new JsonObject { ["code"] = "hardBounce", ["message"] = "Blocked : hard bounce" },
                ["blockedAt"] = "2026-05-01T12:30:00Z",
            })]),
        }.ToJsonString());
    }

    private (int Status, string Body) Mailgun(string method, string[] words, string query)
    {
        var list = words.First(w => w is "bounces" or "complaints" or "unsubscribes");
        if (method == "DELETE") return Remove(list, words[^1], 200);
        var at = Of(query, "page") is { Length: > 0 } page ? int.Parse(page, null) : 0;
        var url = $"https://api.mailgun.test/v3/example.org/{list}?limit={Page}&page={at + Page}";
        return (200, new JsonObject
        {
            ["items"] = new JsonArray([.. All(list).Skip(at).Take(Page).Select(a => (JsonNode)new JsonObject
            {
                ["address"] = a,
                ["code"] = "550",
                ["error"] = "No such mailbox",
                ["created_at"] = "Fri, 21 Oct 2011 11:02:55 UTC",
            })]),
            // The last page names a next one as well.
            ["paging"] = new JsonObject { ["next"] = url },
        }.ToJsonString());
    }

    private (int Status, string Body) Ses(string method, string[] words, string query)
    {
        if (method == "DELETE") return Remove("suppressed", words[^1], 200);
        var at = Of(query, "NextToken") is { Length: > 0 } token ? int.Parse(token, null) : 0;
        var answer = new JsonObject
        {
            ["SuppressedDestinationSummaries"] = new JsonArray([.. All("suppressed").Skip(at).Take(Page).Select(a =>
                (JsonNode)new JsonObject
            {
                ["EmailAddress"] = a,
                ["Reason"] = "BOUNCE",
                ["LastUpdateTime"] = 1.777e9,
            })]),
        };
        if (at + Page < All("suppressed").Count) answer["NextToken"] = $"{at + Page}";
        return (200, answer.ToJsonString());
    }

    private (int Status, string Body) Remove(string list, string escaped, int status) =>
        All(list).Remove(Uri.UnescapeDataString(escaped)) ? (status, "") : (404, "{\"code\":\"document_not_found\"}");

    private List<string> All(string list) => Lists.TryGetValue(list, out var there) ? there : [];

    private static string Of(string query, string name) =>
        query.Split('&').Where(p => p.StartsWith(name + "=", StringComparison.Ordinal)).Select(p => p[(name.Length + 1)..])
            .FirstOrDefault("");
}
