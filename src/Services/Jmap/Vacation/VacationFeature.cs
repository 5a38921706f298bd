using System.Globalization;
using System.Text.Json;
using Aviso.Accounts;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>VacationResponse (RFC 8621 §8).</summary>
internal static class VacationFeature
{
    public static Feature Of(VacationReplies replies, JmapLimits limits) => new(
        new(Capabilities.VacationResponse) { IsFor = static user => user.SeesMail },
        [new VacationResponseGet(replies, limits), new VacationResponseSet(replies, limits)]);
}

/// <summary>The state of an account's vacation response.</summary>
internal sealed class VacationStates(VacationReplies replies) : IStateSource
{
    public string Type => VacationObject.Type;

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) =>
        (await replies.ReadAsync(account, cancel)).State;
}

/// <summary>A reply as JMAP knows it: one object an account.</summary>
internal static class VacationObject
{
    public const string Type = "VacationResponse", Id = "singleton";

    public static readonly IReadOnlyList<string> Properties =
        ["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"];

    // What vacation makes of a subject is no longer (RFC 5230 §5.2).
    private const int MostSubject = 500, MostBody = 256 * 1024;

    // RFC 8620 §1.4: no fraction of a second that is zero.
    private const string UtcDate = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    public static void Write(VacationReply reply, Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("isEnabled")) writer.WriteBoolean("isEnabled"u8, reply.IsEnabled);
        if (wants("fromDate")) writer.WriteString("fromDate"u8, reply.From?.ToString(UtcDate, CultureInfo.InvariantCulture));
        if (wants("toDate")) writer.WriteString("toDate"u8, reply.To?.ToString(UtcDate, CultureInfo.InvariantCulture));
        if (wants("subject")) writer.WriteString("subject"u8, reply.Subject);
        if (wants("textBody")) writer.WriteString("textBody"u8, reply.Text);
        if (wants("htmlBody")) writer.WriteString("htmlBody"u8, reply.Html);
        writer.WriteEndObject();
    }

    /// <summary>The same with one property of a client's.</summary>
    /// <exception cref="SetFailure">invalidProperties.</exception>
    public static VacationReply With(VacationReply reply, string property, JsonElement value) => property switch
    {
        "isEnabled" when value.ValueKind is JsonValueKind.True or JsonValueKind.False => reply with { IsEnabled = value.GetBoolean() },
        "isEnabled" => throw Wrong(property, "neither true nor false"),
        "fromDate" => reply with { From = Date(property, value) },
        "toDate" => reply with { To = Date(property, value) },
        "subject" => reply with { Subject = Text(property, value, MostSubject) },
        "textBody" => reply with { Text = Text(property, value, MostBody) },
        "htmlBody" => reply with { Html = Text(property, value, MostBody) },
        "id" when value.ValueKind == JsonValueKind.String && value.ValueEquals(Id) => reply,
        "id" => throw Wrong(property, "cannot be changed"),
        _ => throw Wrong(property, "not known"),
    };

    private static DateTimeOffset? Date(string property, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParseExact(value.GetString(),
            ["yyyy-MM-dd'T'HH:mm:ss'Z'", UtcDate], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date : throw Wrong(property, "no UTCDate");
    }

    private static string? Text(string property, JsonElement value, int most)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.String) throw Wrong(property, "no string");
        var text = value.GetString() ?? "";
        if (text.Length > most) throw Wrong(property, $"longer than {most} characters");
        // RFC 5228 §2.1: no script holds it.
        return text.Contains('\0', StringComparison.Ordinal) ? throw Wrong(property, "has a NUL in it") : text;
    }

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
