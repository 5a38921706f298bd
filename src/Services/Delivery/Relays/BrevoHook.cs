using System.Text;
using System.Text.Json;

namespace Aviso.Delivery;

/// <summary>
/// Brevo's transactional webhooks. Brevo signs nothing: it sends what its webhook was given, a bearer token (`auth`) or a user name and
/// password in the URL; the token or password is the secret. A request has one event, or a list of them (batched webhooks).
/// </summary>
internal sealed class BrevoHook(string secret, TimeProvider clock) : IRelayHook
{
    private const int MostEvents = 1000;

    public TimeSpan Window => TimeSpan.FromDays(1);

    public Task<HookReading> ReadAsync(HookRequest request, CancellationToken cancel) => Task.FromResult(Read(request));

    private HookReading Read(HookRequest request)
    {
        if (!HookText.AreSame(Given(request.Authorization), secret))
            return HookReading.No(HookResult.Refused, request.Authorization.Length > 0 ? "the token is another" : "it has no token");
        using var json = HookText.Parse(request.Body);
        if (json is null) return HookReading.No(HookResult.Unreadable, "it is no JSON");
        var root = json.RootElement;
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > MostEvents)
            return HookReading.No(HookResult.Unreadable, $"it has more than {MostEvents} events");
        IEnumerable<JsonElement> items = root.ValueKind == JsonValueKind.Array ? root.EnumerateArray() : [root];
        if (root.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)) return HookReading.No(HookResult.Unreadable,
            "it is no event");
        // Events of opening and clicking, and those that do not exist yet, are nobody's loss.
        return new(HookResult.Taken, [.. items.Select(Event).OfType<RelayEvent>()]);
    }

    private RelayEvent? Event(JsonElement item)
    {
        RelayEventKind? kind = HookText.Text(item, "event") switch
        {
            "delivered" => RelayEventKind.Delivered,
            "deferred" => RelayEventKind.Deferred,
            // Brevo tries no longer after either of them.
            "hard_bounce" or "soft_bounce" => RelayEventKind.Bounced,
            "blocked" or "invalid_email" or "error" => RelayEventKind.Dropped,
            "spam" or "complaint" => RelayEventKind.Complained,
            _ => null,
        };
        var (email, reason) = (HookText.Text(item, "email"), RelayEvent.OneLine(HookText.Text(item, "reason")));
        if (kind is not { } known || email.Length == 0) return null;
        return new(known, email, [RelayEvent.Plain(HookText.Text(item, "message-id"))],
            HookText.Time(HookText.Text(item, "ts_event")) ?? clock.GetUtcNow(), reason, HookText.Code(reason));
    }

    private static string Given(string authorization)
    {
        var (scheme, value) = authorization.IndexOf(' ') is var at and > 0 ? (authorization[..at], authorization[(at + 1)..].Trim()) : ("",
            "");
        if (scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) return value;
        if (!scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) return "";
        var octets = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, octets, out var length)) return "";
        // RFC 7617 §2: user-id ":" password; a colon may stand in the password only.
        var text = Encoding.UTF8.GetString(octets, 0, length);
        return text.IndexOf(':') is var colon and >= 0 ? text[(colon + 1)..] : "";
    }
}
