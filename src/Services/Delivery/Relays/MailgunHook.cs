using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// Mailgun's webhooks: a signature over time and token, not over the event. Whoever saw one request could send another event with it, so
/// each token counts once and not for longer than Mailgun tries (8 hours).
/// </summary>
/// <param name="key">The account's HTTP webhook signing key.</param>
internal sealed class MailgunHook(string key, TimeProvider clock) : IRelayHook
{
    private const int MostToken = 200;
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(10);

    public TimeSpan Window => TimeSpan.FromHours(9);

    public Task<HookReading> ReadAsync(HookRequest request, CancellationToken cancel) => Task.FromResult(Read(request));

    private HookReading Read(HookRequest request)
    {
        using var json = HookText.Parse(request.Body);
        if (json is null) return HookReading.No(HookResult.Unreadable, "it is no JSON");
        var root = json.RootElement;
        var (time, token) = (HookText.Text(root, "signature", "timestamp"), HookText.Text(root, "signature", "token"));
        if (!HookText.AreSame(HookText.Text(root, "signature", "signature").ToLowerInvariant(), Sign(key, time, token)))
            return HookReading.No(HookResult.Refused, "the signature is not of our signing key");
        // The signature has no mark between the two: digits of the token must not become digits of the time.
        var (now, at) = (clock.GetUtcNow(), time.Length == 10 ? HookText.Time(time) : null);
        if (at is not { } signed || signed < now - Window || signed > now + Ahead || token.Length is 0 or > MostToken)
            return HookReading.No(HookResult.Stale, $"it was signed at {time}, and {now:u} is now");
        if (HookText.Find(root, "event-data") is not { ValueKind: JsonValueKind.Object } data)
            return HookReading.No(HookResult.Unreadable, "it has no event-data");
        return new(HookResult.Taken, Event(data) is { } heard ? [heard] : [], Token: time + token);
    }

    /// <summary>Hexadecimal digits of the HMAC-SHA256 of time and token.</summary>
    internal static string Sign(string key, string time, string token) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(time + token)));

    private RelayEvent? Event(JsonElement data)
    {
        var reason = HookText.Text(data, "reason");
        RelayEventKind? kind = HookText.Text(data, "event") switch
        {
            "delivered" => RelayEventKind.Delivered,
            "failed" when HookText.Text(data, "severity") == "temporary" => RelayEventKind.Deferred,
            // suppress-bounce, suppress-complaint, suppress-unsubscribe: it never left Mailgun.
            "failed" => reason.StartsWith("suppress-", StringComparison.Ordinal) ? RelayEventKind.Dropped : RelayEventKind.Bounced,
            "rejected" => RelayEventKind.Dropped,
            "complained" => RelayEventKind.Complained,
            _ => null,
        };
        var recipient = HookText.Text(data, "recipient");
        if (kind is not { } known || recipient.Length == 0) return null;
        var said = RelayEvent.OneLine(Said(data, reason));
        return new(known, recipient, [RelayEvent.Plain(HookText.Text(data, "message", "headers", "message-id"))],
            HookText.Time(HookText.Text(data, "timestamp")) ?? clock.GetUtcNow(), said, Status(data, said));
    }

    private static string Said(JsonElement data, string reason)
    {
        var (code, message) = (HookText.Text(data, "delivery-status", "code"), HookText.Text(data, "delivery-status", "message"));
        if (message.Length == 0) message = HookText.Text(data, "delivery-status", "description");
        if (message.Length == 0) message = HookText.Text(data, "reject", "reason");
        return string.Join(' ', ((string[])[reason, code, message]).Where(w => w.Length > 0 && w != "generic"));
    }

    private static EnhancedCode? Status(JsonElement data, string said) =>
        HookText.Code(HookText.Text(data, "delivery-status", "enhanced-code")) ?? HookText.Code(said);
}
