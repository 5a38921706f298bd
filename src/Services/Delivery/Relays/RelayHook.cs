using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>What became of a request to a webhook; the words are in the metric.</summary>
public enum HookResult
{
    /// <summary>Proved, new, done.</summary>
    Taken,

    /// <summary>Proved, and it was done before.</summary>
    Again,

    /// <summary>Nothing proves that the vendor sent it.</summary>
    Refused,

    /// <summary>Proved, and so old that it may be a copy.</summary>
    Stale,

    /// <summary>It is not what the vendor documents.</summary>
    Unreadable,

    /// <summary>Our fault, or too much at once: the vendor shall come again.</summary>
    Failed,
}

/// <param name="Authorization">The header field as sent; empty without one.</param>
public sealed record HookRequest(ReadOnlyMemory<byte> Body, string Authorization);

/// <summary>A request as it was read.</summary>
/// <param name="Token">What names this request among all of the relay, for who must not take it twice; null: events are compared
/// only.</param>
public sealed record HookReading(HookResult Result, IReadOnlyList<RelayEvent> Events, string Problem = "", string? Token = null)
{
    public static HookReading No(HookResult result, string problem) => new(result, [], problem);
}

/// <summary>Proves and reads what one vendor posts to the webhook of one relay.</summary>
public interface IRelayHook
{
    /// <summary>How long a request may be under way; its token is remembered as long.</summary>
    TimeSpan Window { get; }

    /// <summary>Never throws for what is in the request.</summary>
    Task<HookReading> ReadAsync(HookRequest request, CancellationToken cancel);
}

/// <summary>What the hooks of all vendors need: fields of JSON that may be missing or of another kind, and comparing secrets.</summary>
internal static class HookText
{
    /// <summary>Null when it is no JSON.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, new() { MaxDepth = 32 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A text or number below these names; empty when there is none.</summary>
    public static string Text(JsonElement from, string name, params ReadOnlySpan<string> names)
    {
        if (Find(from, [name, .. names]) is not { } found) return "";
        return found.ValueKind switch
        {
            JsonValueKind.String => Text(found),
            JsonValueKind.Number => found.GetRawText(),
            _ => "",
        };
    }

    /// <summary>Empty when it is no string, or holds half of a surrogate pair, which is no text.</summary>
    public static string Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    public static JsonElement? Find(JsonElement from, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out from)) return null;
        return from;
    }

    public static IEnumerable<JsonElement> Items(JsonElement from, params ReadOnlySpan<string> names) =>
        Find(from, names) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>Unix seconds or milliseconds, whole or with a fraction.</summary>
    public static DateTimeOffset? Time(string number)
    {
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) return null;
        if (value > 100_000_000_000) value /= 1000;
        return value is > 0 and < 100_000_000_000 ? DateTimeOffset.FromUnixTimeMilliseconds((long)(value * 1000)) : null;
    }

    /// <summary>RFC 3339, or RFC 5322 as Mailgun writes it.</summary>
    public static DateTimeOffset? Date(string text) => DateTimeOffset.TryParse(
        text.Replace(" UTC", " GMT", StringComparison.Ordinal), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date : null;

    /// <summary>The first RFC 3463 code in a reply; null without one.</summary>
    public static EnhancedCode? Code(string said)
    {
        foreach (var word in said.Split([' ', ';', '-', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries).Take(8))
        {
            var numbers = word.Split('.');
            if (numbers.Length == 3 && numbers[0] is "4" or "5" && numbers.Length == 3 && short.TryParse(numbers[1], out var subject)
                && short.TryParse(numbers[2], out var detail) && subject is >= 0 and < 1000 && detail is >= 0 and < 1000)
                return new(numbers[0][0] - '0', subject, detail);
        }
        return null;
    }

    /// <summary>Compared in a time that says nothing of where they differ, nor of how long the secret is.</summary>
    public static bool AreSame(string given, string secret) => given.Length > 0 && secret.Length > 0
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)),
            SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
