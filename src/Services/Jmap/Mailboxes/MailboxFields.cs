using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What a client sets of a mailbox, checked by itself; what the rest of the tree allows is the store's to say.</summary>
internal sealed class MailboxFields
{
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    /// <summary>Why it may not be; then nothing else counts.</summary>
    public SetError? Error { get; private set; }

    /// <summary>The object as it was given, or as it is after the patch.</summary>
    public required JsonObject Node { get; init; }

    public string Name { get; private set; } = "";

    public string? ParentId { get; private set; }

    public SpecialUse Use { get; private set; }

    public int SortOrder { get; private set; }

    /// <summary>RFC 8621 §2: true for what a user makes.</summary>
    public bool IsSubscribed { get; private set; } = true;

    /// <summary>Was it given; of an update: did it change.</summary>
    public bool Has(string property) => _given.Contains(property);

    public static MailboxFields OfCreate(JsonElement value)
    {
        var node = JsonObject.Create(value.Clone()) ?? new JsonObject();
        var fields = new MailboxFields { Node = node };
        foreach (var (name, _) in node)
        {
            if (!MailboxObject.Settable.Contains(name)) return fields.No(name, "no property that can be set");
            fields._given.Add(name);
        }
        fields.Read(node);
        return fields;
    }

    public static MailboxFields OfUpdate(JsonObject before, JsonObject after)
    {
        var fields = new MailboxFields { Node = after };
        foreach (var name in before.Select(static one => one.Key).Union(after.Select(static one => one.Key)))
        {
            if (JsonNode.DeepEquals(before[name], after[name])) continue;
            if (!MailboxObject.Settable.Contains(name)) return fields.No(name, "no property that can be set");
            fields._given.Add(name);
        }
        fields.Read(after);
        return fields;
    }

    /// <summary>What the server set, and what it took by default (RFC 8620 §5.3).</summary>
    public void WriteCreated(Utf8JsonWriter writer, NewMailbox made)
    {
        if (Nfc.Normalize(Name) is var name && name != Name) writer.WriteString("name"u8, name);
        if (!Has("parentId")) writer.WriteNull("parentId"u8);
        if (!Has("role")) writer.WriteNull("role"u8);
        if (!Has("sortOrder")) writer.WriteNumber("sortOrder"u8, made.SortOrder);
        if (!Has("isSubscribed")) writer.WriteBoolean("isSubscribed"u8, made.Subscribed);
        foreach (var count in MailboxObject.Counts) writer.WriteNumber(count, 0);
        MailboxObject.WriteRights(writer, isInbox: false);
    }

    /// <summary>Writes the name that it has now; null when it is the one that was sent.</summary>
    public Action<Utf8JsonWriter>? Normalized(string? sent) =>
        sent is null || Nfc.Normalize(sent) == sent ? null : writer => writer.WriteString("name"u8, Nfc.Normalize(sent));

    private void Read(JsonObject node)
    {
        if (Text(node, "name") is not { } name) No("name", "missing, or no string");
        else Name = name;
        if (node["parentId"] is not null && Text(node, "parentId") is null) No("parentId", "neither an id nor null");
        ParentId = Text(node, "parentId");
        if (node["role"] is not null && Text(node, "role") is null) No("role", "neither a string nor null");
        if (!MailboxRoles.TryParse(Text(node, "role"), out var use)) No("role", "no role that a mailbox can have");
        Use = use;
        if (node["sortOrder"] is { } order)
        {
            var isNumber = order.GetValueKind() == JsonValueKind.Number;
            if (isNumber && order.AsValue().TryGetValue<int>(out var value) && value >= 0) SortOrder = value;
            else No("sortOrder", "no integer from 0 to 2^31-1");
        }
        if (node["isSubscribed"] is not { } subscribed) return;
        var kind = subscribed.GetValueKind();
        if (kind is JsonValueKind.True or JsonValueKind.False) IsSubscribed = kind == JsonValueKind.True;
        else No("isSubscribed", "neither true nor false");
    }

    private MailboxFields No(string property, string why)
    {
        Error ??= SetError.InvalidProperty(property, why);
        return this;
    }

    private static string? Text(JsonObject of, string name) =>
        of[name] is { } value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
