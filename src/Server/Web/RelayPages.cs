using Aviso.Base;
using Aviso.Delivery;
using Aviso.Guard;
using Microsoft.AspNetCore.Http;

namespace Aviso.Web;

/// <summary>
/// https://HOSTNAME/relay/events/NAME: the webhook of a relay. What is not proved to be the vendor's is refused in a word and is evidence,
/// as a wrong password is; a vendor that must come again gets 503.
/// </summary>
internal sealed class RelayPages(RelayHooks hooks, Gatekeeper gate)
{
    private const string Below = "/relay/events/";

    // SNS sends 256 KiB at most; Brevo's batches are smaller.
    private const int Most = 512 << 10;

    /// <summary>On kind http behind a proxy that speaks TLS for us.</summary>
    public WebRow Row => new(WebKinds.Public, HostRule.Ours, ["POST"], Below, AnswerAsync)
    {
        MostOctets = Most,
        // A relay without a webhook is no page.
        MayNot = exchange => hooks.Has(NameIn(exchange)) ? null : new(404, WebExchange.Plain, "not found\n"),
    };

    private static string NameIn(WebExchange exchange) => exchange.Request.Path[Below.Length..];

    private async Task AnswerAsync(WebExchange exchange, CancellationToken cancel)
    {
        var (status, text) = (413, "too long");
        try
        {
            using var body = await RequestBody.ReadAsync(exchange.Request.Body, Most, cancel);
            if (body is not null)
            {
                var request = new HookRequest(body.Octets, exchange.Request.Headers.Authorization.ToString());
                var result = await hooks.TakeAsync(NameIn(exchange), request, exchange.Client.ToString(), cancel);
                if (result == HookResult.Refused) gate.Report(new(exchange.Kind, exchange.Client, Reason.LoginFailed), "relay webhook");
                (status, text) = Said(result);
            }
        }
        catch (BadHttpRequestException e)
        {
            (status, text) = (e.StatusCode, "the request is too long or broken off");
        }
        if (status == 503) exchange["Retry-After"] = "60";
        if (status == 401) exchange["WWW-Authenticate"] = "Bearer";
        await exchange.AnswerAsync(status, WebExchange.Plain, text + "\n");
    }

    // 406 is what Mailgun takes as "do not send this again"; SNS and Brevo take any 4xx so, the latter after some more tries.
    private static (int Status, string Text) Said(HookResult result) => result switch
    {
        HookResult.Taken => (200, "taken"),
        HookResult.Again => (406, "taken before"),
        HookResult.Refused => (401, "not proved"),
        HookResult.Stale => (406, "too old"),
        HookResult.Unreadable => (400, "not understood"),
        _ => (503, "later"),
    };
}
