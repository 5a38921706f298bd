using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Doctor;

/// <summary>Looks for a probe as a JMAP client does: session, then Email/query (RFC 8620 §2, RFC 8621 §4.4).</summary>
internal sealed class JmapLook(ProbeOptions options, HttpClient http)
{
    private const string Mail = "urn:ietf:params:jmap:mail";

    /// <exception cref="ProbeException">It is not found there, or nobody gets in.</exception>
    public async Task FindAsync(ProbeArrival arrival, string password, CancellationToken cancel)
    {
        var at = options.Jmap!;
        var login = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Account.Wire}:{password}")));
        try
        {
            var session = await AskAsync(new(HttpMethod.Get, at) { Headers = { Authorization = login } }, cancel);
            if (session["apiUrl"]?.GetValue<string>() is not { } api
                || session["primaryAccounts"]?[Mail]?.GetValue<string>() is not { } account)
                throw Fault($"the session at {at} names no mail account");
            var query = new JsonArray("Email/query", new JsonObject
            {
                ["accountId"] = account,
                ["filter"] = new JsonObject { ["subject"] = arrival.Marker },
            }, "0");
            var body = new JsonObject
            {
                ["using"] = new JsonArray("urn:ietf:params:jmap:core", Mail),
                ["methodCalls"] = new JsonArray(query),
            };
            // The session names the host of the request, which may lead elsewhere than the address that was asked for.
            var answer = await AskAsync(new(HttpMethod.Post, new Uri(at, api))
            {
                Headers = { Authorization = login },
                Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
            }, cancel);
            if (answer["methodResponses"]?[0]?[1]?["ids"] is not JsonArray { Count: 1 })
                throw Fault($"Email/query does not find it although it is stored: {Start(answer)}");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException or IOException)
        {
            throw Fault($"{at}: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Fault($"no answer from {at} in {http.Timeout.TotalSeconds:0} s");
        }
    }

    private async Task<JsonNode> AskAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using (request)
        {
            using var answer = await http.SendAsync(request, cancel);
            var text = await answer.Content.ReadAsStringAsync(cancel);
            if (!answer.IsSuccessStatusCode) throw Fault($"{request.RequestUri} answers {(int)answer.StatusCode}");
            return JsonNode.Parse(text) ?? throw Fault($"{request.RequestUri} answers nothing");
        }
    }

    private static string Start(JsonNode answer) => answer.ToJsonString() is { Length: > 200 } text ? text[..200] : answer.ToJsonString();

    private static ProbeException Fault(string text) => new(ProbeStage.Jmap, text);
}
