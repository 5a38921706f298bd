using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Net;
using Aviso.Server;
using Aviso.Spam;
using Aviso.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Aviso.Web;

/// <summary>
/// The questions rspamc and other tools ask of Rspamd, in the same words: POST /checkv2, /learnspam and /learnham with a message, GET /ping and
/// /stat. For loopback and the networks that are ours only, and never for a page in a browser or through a proxy.
/// </summary>
/// <param name="proxies">networks.proxies: behind one of these may be anybody, also where it is one of ours.</param>
internal sealed class RspamdPages(
    SpamParts parts, BodySpoolSource spool, Func<Networks> internalNetworks, Func<Networks> proxies, Func<string, AccountId?> account)
{
    // RFC 7239 §4, RFC 9110 §7.6.3, and what proxies say instead.
    private static readonly string[] ProxyFields = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"];

    private const long MostOctets = 64L << 20;
    private const int MostRecipients = 100;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static bool Knows(string path) => path is "/checkv2" or "/symbols" or "/check" or "/learnspam" or "/learnham" or "/ping" or "/stat";

    public async Task<(int Status, string Body)> AnswerAsync(IFeatureCollection context, IHttpRequestFeature request, CancellationToken cancel)
    {
        var from = context.Get<IHttpConnectionFeature>()?.RemoteIpAddress;
        if (from is null || !(IPAddress.IsLoopback(Networks.Normal(from)) || internalNetworks().Contains(from))) return No(403, "only for loopback and networks.internal");
        if (proxies().Contains(from)) return No(403, "not for networks.proxies: ask directly");
        if (ProxyFields.Any(request.Headers.ContainsKey)) return No(403, "not through a proxy: ask directly");
        // A page in somebody's browser must not teach the filter.
        if (request.Headers.Origin.Count > 0 || request.Headers.ContainsKey("Sec-Fetch-Site")) return No(403, "not for browsers");
        switch (request.Path)
        {
            case "/ping":
                return (200, "pong\r\n");
            case "/stat":
                return (200, Stat());
        }
        if (request.Method != "POST") return No(405, "POST a message");
        if (request.Headers["Compression"].Count > 0 || request.Headers.ContentEncoding.Count > 0) return No(415, "send the message as it is, not compressed");
        if (context.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostOctets;
        byte[] octets;
        try
        {
            octets = await ReadAsync(request.Body, cancel);
        }
        catch (BadHttpRequestException e)
        {
            return No(e.StatusCode, e.Message);
        }
        if (octets.Length == 0) return No(400, "the request holds no message");
        var input = SpamMessage.Read(octets, spool());
        using var body = input.Body;
        return request.Path is "/learnspam" or "/learnham" ? Learn(input, request) : (200, await CheckAsync(With(input, request), cancel));
    }

    private (int, string) Learn(SpamInput input, IHttpRequestFeature request)
    {
        if (parts.Words is not { } words) return No(503, "what is learned can not be kept");
        var owner = request.Headers["User"].ToString() is { Length: > 0 } user ? account(user) : default(AccountId);
        if (owner is null) return No(404, "no such account");
        var content = new SpamContext(input, default).Content;
        var isNew = words.Learn(owner.Value, SpamMessage.KeyOf(input), request.Path == "/learnspam", content, input.Root);
        // Rspamd's own answer to what it has learned already.
        return isNew ? (200, new JsonObject { ["success"] = true }.ToJsonString()) : No(208, "this message is learned already");
    }

    /// <summary>What the caller says of how the message came.</summary>
    private SpamInput With(SpamInput input, IHttpRequestFeature request)
    {
        var headers = request.Headers;
        var recipients = headers["Rcpt"].Concat(headers["Deliver-To"]).OfType<string>().SelectMany(r => r.Split(',')).Select(Bare)
            .Where(r => r.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase).Take(MostRecipients).ToList();
        return input with
        {
            Client = IPAddress.TryParse(headers["IP"].ToString(), out var ip) ? Networks.Normal(ip) : null,
            Helo = headers["Helo"].ToString(),
            Sender = MailAddress.TryParse(Bare(headers.From.ToString()), out var from) ? from : default,
            Recipients = recipients,
            Accounts = [.. recipients.Select(account).OfType<AccountId>().Distinct()],
            IsInternal = IPAddress.TryParse(headers["IP"].ToString(), out var client) && internalNetworks().Contains(client),
            IsSubmission = headers["User"].ToString().Length > 0,
        };
    }

    private async Task<string> CheckAsync(SpamInput input, CancellationToken cancel)
    {
        var started = TimeProvider.System.GetTimestamp();
        var verdict = await parts.AskAsync(input, cancel);
        var owner = input.Accounts.Count == 1 ? input.Accounts[0] : default;
        var symbols = new JsonObject();
        foreach (var symbol in verdict.SymbolsFor(owner))
        {
            // A finding that only counts for this account may have the name of one that counts for all.
            symbols[symbols.ContainsKey(symbol.Name) ? symbol.Name + "_OWN" : symbol.Name] = new JsonObject
            {
                ["name"] = symbol.Name,
                ["score"] = symbol.Score,
                ["metric_score"] = symbol.Score,
                ["description"] = symbol.Reason,
            };
        }
        var header = new SpamContext(input, default).Content.Header;
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var answer = new JsonObject
        {
            ["is_skipped"] = false,
            ["score"] = verdict.ScoreFor(owner),
            ["required_score"] = verdict.Required,
            ["action"] = Action(verdict, verdict.ScoreFor(owner)),
            ["thresholds"] = new JsonObject { ["reject"] = verdict.RejectAt, ["add header"] = verdict.Required },
            ["symbols"] = symbols,
            ["messages"] = new JsonObject(),
            ["message-id"] = header.Find("message-id") is { } id ? id.Text.Trim().Trim('<', '>') : "undef",
            ["time_real"] = seconds,
            ["scan_time"] = seconds,
        };
        if (verdict.Skipped.Count > 0) answer["skipped"] = new JsonArray([.. verdict.Skipped.Select(s => (JsonNode)s)]);
        return answer.ToJsonString(Relaxed);
    }

    private static string Action(SpamVerdict verdict, double score) =>
        verdict.Action == SpamAction.Reject || score >= verdict.RejectAt ? "reject"
        : verdict.Action == SpamAction.Tag && score >= verdict.Required || score >= verdict.Required ? "add header"
        : verdict.Action == SpamAction.Greylist ? "greylist" : "no action";

    private string Stat()
    {
        var (ham, spam) = parts.Words?.Learned ?? default;
        return new JsonObject
        {
            ["version"] = BuildInfo.Version,
            ["read_only"] = false,
            ["scanned"] = 0,
            ["learned"] = ham + spam,
            ["actions"] = new JsonObject(),
            ["statfiles"] = new JsonArray(Statfile("BAYES_HAM", "ham", ham), Statfile("BAYES_SPAM", "spam", spam)),
        }.ToJsonString();
    }

    private static JsonObject Statfile(string symbol, string kind, int learned) =>
        new() { ["revision"] = learned, ["used"] = 0, ["total"] = 0, ["size"] = 0, ["symbol"] = symbol, ["type"] = kind, ["languages"] = 0, ["users"] = 1 };

    private static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancel)
    {
        var all = new MemoryStream();
        await body.CopyToAsync(all, cancel);
        return all.ToArray();
    }

    private static (int, string) No(int status, string why) => (status, new JsonObject { ["error"] = why }.ToJsonString(Relaxed));

    private static string Bare(string? address) => (address ?? "").Trim().TrimStart('<').TrimEnd('>');
}

/// <summary>Where request bodies are spooled.</summary>
internal delegate Base.BodySpool BodySpoolSource();
