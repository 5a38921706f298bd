using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Jmap;

/// <summary>A PatchObject (RFC 8620 §5.3): pointers and the values that go there, null to take away.</summary>
internal sealed class PatchObject
{
    private const int Most = 10_000;

    private PatchObject(IReadOnlyList<PatchEntry> entries) => Entries = entries;

    /// <summary>In the order of their pointers, token by token.</summary>
    public IReadOnlyList<PatchEntry> Entries { get; }

    /// <summary>False when it breaks a rule that holds for whatever it is applied to.</summary>
    public static bool TryRead(JsonElement value, out PatchObject patch, out SetError error)
    {
        patch = new([]);
        error = SetError.InvalidPatch("a patch is an object");
        if (value.ValueKind != JsonValueKind.Object) return false;
        if (value.GetPropertyCount() > Most) return No($"more than {Most} patches", out error);
        var entries = new List<PatchEntry>(value.GetPropertyCount());
        foreach (var one in value.EnumerateObject())
        {
            if (!JsonPointer.TryTokens(one.Name, out var tokens)) return No($"{one.Name} is no pointer", out error);
            entries.Add(new(one.Name, tokens, one.Value));
        }
        entries.Sort(static (a, b) => Compare(a.Tokens, b.Tokens));
        // Whatever lies between a pointer and one that begins with it begins with it too.
        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i].Tokens.AsSpan().StartsWith(entries[i - 1].Tokens))
                return No($"{entries[i - 1].Pointer} is the beginning of {entries[i].Pointer}", out error);
        }
        patch = new(entries);
        return true;
    }

    /// <summary>Changes the object as the patch says. False when a pointer leads nowhere; then the object is spoiled.</summary>
    public bool TryApply(JsonObject target, out SetError error)
    {
        error = SetError.InvalidPatch("");
        foreach (var entry in Entries)
        {
            JsonNode? parent = target;
            foreach (var token in entry.Tokens[..^1])
            {
                if (parent is JsonArray) return No($"{entry.Pointer} points into a list", out error);
                if (parent is not JsonObject inner || !inner.TryGetPropertyValue(token, out parent) || parent is null)
                    return No($"{entry.Pointer} has no parent", out error);
            }
            if (parent is JsonArray) return No($"{entry.Pointer} points into a list", out error);
            if (parent is not JsonObject owner) return No($"{entry.Pointer} has no parent", out error);
            if (entry.Value.ValueKind == JsonValueKind.Null) owner.Remove(entry.Tokens[^1]);
            else owner[entry.Tokens[^1]] = Node(entry.Value);
        }
        return true;
    }

    private static JsonNode? Node(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value.Clone()),
        JsonValueKind.Array => JsonArray.Create(value.Clone()),
        _ => JsonValue.Create(value.Clone()),
    };

    private static bool No(string why, out SetError error)
    {
        error = SetError.InvalidPatch(why);
        return false;
    }

    private static int Compare(string[] a, string[] b)
    {
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
            if (string.CompareOrdinal(a[i], b[i]) is not 0 and var order) return order;
        return a.Length - b.Length;
    }
}

/// <summary>One patch.</summary>
/// <param name="Pointer">As it was written.</param>
/// <param name="Tokens">At least one.</param>
/// <param name="Value">Null is written JSON null: back to the default, or away.</param>
internal sealed record PatchEntry(string Pointer, string[] Tokens, JsonElement Value);
