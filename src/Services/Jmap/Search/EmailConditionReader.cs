using System.Globalization;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Reads a FilterCondition of Email (RFC 8621 §4.4.1): all of its properties must hold; none is always true.</summary>
internal static class EmailConditionReader
{
    private const int MostMailboxes = 10_000;

    /// <exception cref="MethodFailure">unsupportedFilter for a property that there is not, invalidArguments for a value of another
    /// type.</exception>
    public static IReadOnlyList<EmailCondition> Read(JsonElement condition)
    {
        var all = new List<EmailCondition>();
        foreach (var property in condition.EnumerateObject()) all.Add(One(property.Name, property.Value));
        return all;
    }

    private static EmailCondition One(string name, JsonElement value) => name switch
    {
        "inMailbox" => new(ConditionKind.InMailbox) { Mailboxes = Mailbox(name, value) is { } id ? [id] : [] },
        "inMailboxOtherThan" => new(ConditionKind.InMailboxOtherThan) { Mailboxes = Mailboxes(name, value) },
        "before" => new(ConditionKind.Before) { Number = Seconds(name, value) },
        "after" => new(ConditionKind.After) { Number = Seconds(name, value) },
        "minSize" => new(ConditionKind.MinSize) { Number = Unsigned(name, value) },
        "maxSize" => new(ConditionKind.MaxSize) { Number = Unsigned(name, value) },
        "allInThreadHaveKeyword" => new(ConditionKind.AllInThreadHaveKeyword) { Name = Text(name, value) },
        "someInThreadHaveKeyword" => new(ConditionKind.SomeInThreadHaveKeyword) { Name = Text(name, value) },
        "noneInThreadHaveKeyword" => new(ConditionKind.NoneInThreadHaveKeyword) { Name = Text(name, value) },
        "hasKeyword" => new(ConditionKind.HasKeyword) { Name = Text(name, value) },
        "notKeyword" => new(ConditionKind.NotKeyword) { Name = Text(name, value) },
        "hasAttachment" => new(ConditionKind.HasAttachment) { Flag = Flag(name, value) },
        "text" => Searching(ConditionKind.Text, name, value),
        "from" => Searching(ConditionKind.From, name, value),
        "to" => Searching(ConditionKind.To, name, value),
        "cc" => Searching(ConditionKind.Cc, name, value),
        "bcc" => Searching(ConditionKind.Bcc, name, value),
        "subject" => Searching(ConditionKind.Subject, name, value),
        "body" => Searching(ConditionKind.Body, name, value),
        "header" => Header(name, value),
        _ => throw new MethodFailure("unsupportedFilter", $"there is no condition {name}"),
    };

    private static EmailCondition Searching(ConditionKind kind, string name, JsonElement value) =>
        new(kind) { Terms = SearchTerms.Parse(Text(name, value)) };

    // One element or two: the field's name, and the text to look for.
    private static EmailCondition Header(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is not (1 or 2)) throw Wrong(
            name, "a list of one or two strings");
        return new(ConditionKind.Header)
        {
            Name = Text(name, value[0]),
            Terms = value.GetArrayLength() == 2 ? SearchTerms.Parse(Text(name, value[1])) : [],
        };
    }

    private static List<MailboxId> Mailboxes(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name, "a list of ids");
        if (value.GetArrayLength() > MostMailboxes) throw new MethodFailure(
            "unsupportedFilter", $"{name} has more than {MostMailboxes} ids");
        return [.. value.EnumerateArray().Select(one => Mailbox(name, one)).OfType<MailboxId>()];
    }

    // No mailbox has an id that is not one of ours.
    private static MailboxId? Mailbox(string name, JsonElement value) =>
        RecordId.TryParse(Text(name, value), out var id) ? new MailboxId(id) : null;

    // UTCDate (RFC 8620 §1.4). Emails come at whole seconds: before and after mean the same for the next whole one.
    private static long Seconds(string name, JsonElement value)
    {
        var text = Text(name, value);
        if (text.EndsWith('Z') && text.Contains('T', StringComparison.Ordinal) && DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var date))
            return date.ToUnixTimeSeconds() + (date.Ticks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);
        throw Wrong(name, "a UTCDate");
    }

    private static long Unsigned(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : throw Wrong(
            name, "an UnsignedInt");

    private static bool Flag(string name, JsonElement value) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false");

    private static string Text(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { } text ? text : throw Wrong(name, "a string");

    private static MethodFailure Wrong(string name, string wanted) => MethodFailure.InvalidArgument("filter", $"{name} is not {wanted}");
}
