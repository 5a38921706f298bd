using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Dns;
using Xunit;

namespace Aviso.Tests.Unit.Net.Acme;

/// <summary>
/// What is documented of Cloudflare's API, as far as it is used: zones by name, records of a zone in pages and in any order, one change at
/// a
/// time and batches of which all or nothing happens. It gives TXT back cut and quoted in its own way, and refuses when it is asked too
/// often.
/// </summary>
internal sealed class FakeCloudflare(string zone, Random? random = null) : HttpMessageHandler
{
    private int _next = 100;

    /// <summary>Records as they are given back, by id.</summary>
    public List<JsonObject> Records { get; } = [];

    /// <summary>How many requests in a row are answered 429.</summary>
    public int TooMany { get; set; }

    public int Most { get; set; } = 200;

    public int PageSize { get; set; } = 1000;

    public int Requests { get; private set; }

    public string Texts(string name) => string.Join('|', Records.Where(r => Text(r, "name") == name)
        .Select(r => RecordText.Unquote(Text(r, "content"))));

    public FakeCloudflare Put(string type, string name, string content, int? priority = null, bool proxied = false)
    {
        Add(new() { ["type"] = type, ["name"] = name, ["content"] = content, ["priority"] = priority, ["proxied"] = proxied });
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests++;
        if (TooMany > 0)
        {
            TooMany--;
            var wait = Json(HttpStatusCode.TooManyRequests, No(971, "Please wait and consider throttling your request speed"));
            wait.Headers.RetryAfter = new(TimeSpan.FromMilliseconds(1));
            return wait;
        }
        if (request.Headers.Authorization?.ToString() != "Bearer secret") return Json(HttpStatusCode.Forbidden,
            No(9109, "Invalid access token"));
        var (path, query) = (request.RequestUri!.AbsolutePath, System.Web.HttpUtility.ParseQueryString(request.RequestUri.Query));
        if (path == "/client/v4/zones") return Json(HttpStatusCode.OK, Yes(new JsonArray([.. query["name"] == zone
            ? [new JsonObject { ["id"] = "z1", ["name"] = zone, ["plan"] = new JsonObject { ["name"] = "Free Website" } }]
                : Array.Empty<JsonNode>()])));
        Assert.StartsWith("/client/v4/zones/z1/dns_records", path, StringComparison.Ordinal);
        if (request.Method == HttpMethod.Delete) return Remove(path[(path.LastIndexOf('/') + 1)..]) ? Json(HttpStatusCode.OK,
            Yes(new JsonObject()))
            : Json(HttpStatusCode.NotFound, No(81044, "Record does not exist."));
        if (request.Method == HttpMethod.Get) return List(query["name"], int.Parse(query["page"] ?? "1", null));
        var body = (JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
        if (path.EndsWith("/batch", StringComparison.Ordinal)) return Batch(body);
        return Add(body) is { } problem ? Json(HttpStatusCode.BadRequest, problem) : Json(HttpStatusCode.OK,
            Yes(new JsonObject { ["id"] = Text(Records[^1], "id") }));
    }

    private HttpResponseMessage List(string? name, int page)
    {
        var found = Records.Where(r => name is null || Text(r, "name") == name).OrderBy(r => random is null ? 0 : int.Parse(Text(r, "id"),
            null) * 7919 % 101).ToArray();
        var shown = found.Skip((page - 1) * PageSize).Take(PageSize).Select(r => (JsonNode)r.DeepClone()).ToArray();
        var answer = Yes(new JsonArray(shown));
        answer["result_info"] = new JsonObject
        {
            ["page"] = page,
            ["per_page"] = PageSize,
            ["total_pages"] = (found.Length
            + PageSize - 1) / PageSize,
            ["total_count"] = found.Length
        };
        return Json(HttpStatusCode.OK, answer);
    }

    // One transaction: deletes, patches, puts, posts.
    private HttpResponseMessage Batch(JsonObject body)
    {
        var before = Records.ToList();
        foreach (var gone in body["deletes"] as JsonArray ?? [])
            if (!Remove(Text((JsonObject)gone!, "id"))) return Undo(No(81044, "Record does not exist."));
        foreach (var made in body["posts"] as JsonArray ?? [])
            if (Add((JsonObject)made!.DeepClone()) is { } problem) return Undo(problem);
        return Json(HttpStatusCode.OK, Yes(new JsonObject()));

        HttpResponseMessage Undo(JsonObject problem)
        {
            Records.Clear();
            Records.AddRange(before);
            return Json(HttpStatusCode.BadRequest, problem);
        }
    }

    private bool Remove(string id) => Records.RemoveAll(r => Text(r, "id") == id) == 1;

    private JsonObject? Add(JsonObject made)
    {
        var (type, name) = (Text(made, "type"), Text(made, "name").ToLowerInvariant());
        if (name != zone && !name.EndsWith("." + zone, StringComparison.Ordinal)) return No(9000, "DNS name is invalid.");
        if (Records.Count >= Most) return No(81045, "The record quota has been exceeded.");
        made["name"] = name;
        if (type == "TXT") made["content"] = Cut(RecordText.Unquote(Text(made, "content")));
        if (type is "SRV" or "TLSA" or "CAA")
        {
            if (made["data"] is not JsonObject data) return No(9101, "data is required");
            made["content"] = string.Join('\t', data.Select(d => d.Value!.ToString()));
        }
        if (Records.Any(r => Text(r, "type") == type && Text(r, "name") == name && Text(r, "content") == Text(made, "content"))) return No(
            81058, "An identical record already exists.");
        if (Records.Any(r => Text(r, "name") == name && (type == "CNAME" || Text(r, "type") == "CNAME"))) return No(81053,
            "An A, AAAA, or CNAME record with that host already exists.");
        made["id"] = $"{_next++}";
        Records.Add(made);
        return null;
    }

    // Long content comes back in strings of 255 octets, or cut elsewhere.
    private string Cut(string text) => string.Join(' ', text.Chunk(random?.Next(20, 256) ?? 255)
        .Select(c => $"\"{new string(c).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    private static string Text(JsonObject from, string name) => from[name]?.ToString() ?? "";

    private static JsonObject Yes(JsonNode result) => new() { ["success"] = true, ["errors"] = new JsonArray(), ["result"] = result };

    private static JsonObject No(int code, string message) =>
        new()
        {
            ["success"] = false,
            ["errors"] = new JsonArray(new JsonObject { ["code"] = code, ["message"] = message }),
            ["result"] = null
        };

    private static HttpResponseMessage Json(HttpStatusCode status, JsonObject body) =>
        new(status) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8) };
}
