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
    SpamPart spam, BodySpool spool, Func<Networks> internalNetworks, Func<Networks> proxies, Func<string, AccountId?> account, TimeProvider clock)
{
    // RFC 7239 §4, RFC 9110 §7.6.3, and what proxies say instead.
    private static readonly string[] ProxyFields = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"];

    private const long MostOctets = 64L << 20;
    private const int MostRecipients = 100;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Ask = ["GET", "HEAD", "POST"], Post = ["POST"];

    public IReadOnlyList<WebRow> Rows =>
    [
        Row(Ask, "/ping", exchange => exchange.AnswerAsync(200, WebExchange.Json, "pong\r\n")),
        Row(Ask, "/stat", exchange => exchange.AnswerAsync(200, WebExchange.Json, Stat())),
        .. new[] { "/checkv2", "/symbols", "/check" }.Select(path => Row(Post, path, CheckAsync)),
        Row(Post, "/learnspam", exchange => LearnAsync(exchange, isSpam: true)),
        Row(Post, "/learnham", exchange => LearnAsync(exchange, isSpam: false)),
    ];

    private WebRow Row(string[] methods, string path, Func<WebExchange, Task> answer) =>
        new(WebKinds.Http, HostRule.OursOrNone, methods, path, (exchange, _) => answer(exchange))
        {
            InTheClear = true,
            MayNot = MayNot,
            MostOctets = MostOctets,
        };

    private WebRefusal? MayNot(WebExchange exchange)
    {
        var headers = exchange.Request.Headers;
        if (!IPAddress.IsLoopback(exchange.Client) && !internalNetworks().Contains(exchange.Client)) return No(403, "only for loopback and networks.internal");
        if (proxies().Contains(exchange.Client)) return No(403, "not for networks.proxies: ask directly");
        if (ProxyFields.Any(headers.ContainsKey)) return No(403, "not through a proxy: ask directly");
        // A page in somebody's browser must not teach the filter.
        return headers.Origin.Count > 0 || headers.ContainsKey("Sec-Fetch-Site") ? No(403, "not for browsers") : null;
    }

    /// <summary>The message that was sent; null when there is none, and that has been answered.</summary>
    private async Task<SpamInput?> MessageAsync(WebExchange exchange)
    {
        var headers = exchange.Request.Headers;
        WebRefusal why;
        if (headers["Compression"].Count > 0 || headers.ContentEncoding.Count > 0) why = No(415, "send the message as it is, not compressed");
        else
        {
            try
            {
                if (await ReadAsync(exchange.Request.Body, exchange.Aborted) is { Length: > 0 } octets) return SpamMessage.Read(octets, spool);
                why = No(400, "the request holds no message");
            }
            catch (BadHttpRequestException e)
            {
                why = No(e.StatusCode, e.Message);
            }
        }
        await exchange.AnswerAsync(why);
        return null;
    }

    private async Task LearnAsync(WebExchange exchange, bool isSpam)
    {
        if (await MessageAsync(exchange) is not { } input) return;
        using var body = input.Body;
        await exchange.AnswerAsync(Learn(input, exchange.Request, isSpam));
    }

    private async Task CheckAsync(WebExchange exchange)
    {
        if (await MessageAsync(exchange) is not { } input) return;
        using var body = input.Body;
        await exchange.AnswerAsync(200, WebExchange.Json, await CheckAsync(With(input, exchange.Request), exchange.Aborted));
    }

    private WebRefusal Learn(SpamInput input, IHttpRequestFeature request, bool isSpam)
    {
        if (spam.Words is not { } words) return No(503, "what is learned can not be kept");
        var owner = request.Headers["User"].ToString() is { Length: > 0 } user ? account(user) : default(AccountId);
        if (owner is null) return No(404, "no such account");
        var content = new SpamContext(input, default).Content;
        var isNew = words.Learn(owner.Value, SpamMessage.KeyOf(input), isSpam, content, input.Root);
        // Rspamd's own answer to what it has learned already.
        return isNew ? new(200, WebExchange.Json, new JsonObject { ["success"] = true }.ToJsonString()) : No(208, "this message is learned already");
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
        var started = clock.GetTimestamp();
        var verdict = await spam.AskAsync(input, cancel);
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
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
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
        : verdict.Owed.Count > 0 ? "soft reject"
        : verdict is { Action: SpamAction.Tag, IsAsked: true } || score >= verdict.Required ? "add header"
        : verdict.Action == SpamAction.Greylist ? "greylist" : "no action";

    private string Stat()
    {
        var (ham, junk) = spam.Words?.Learned ?? default;
        return new JsonObject
        {
            ["version"] = BuildInfo.Version,
            ["read_only"] = false,
            ["scanned"] = 0,
            ["learned"] = ham + junk,
            ["actions"] = new JsonObject(),
            ["statfiles"] = new JsonArray(Statfile("BAYES_HAM", "ham", ham), Statfile("BAYES_SPAM", "spam", junk)),
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

    private static WebRefusal No(int status, string why) => new(status, WebExchange.Json, new JsonObject { ["error"] = why }.ToJsonString(Relaxed));

    private static string Bare(string? address) => (address ?? "").Trim().TrimStart('<').TrimEnd('>');
}
