using System.Buffers;
using System.Text.Json.Nodes;
using Aviso.Base;

namespace Aviso.Settings;

/// <summary>What a key takes: how it is read, shown, and described in the manual and the schema.</summary>
internal abstract class SettingType(string name, string meaning)
{
    /// <summary>One word for the manual.</summary>
    public string Name { get; } = name;

    /// <summary>Completes "must be ...".</summary>
    public string Meaning { get; } = meaning;

    /// <summary>The keys inside, for a map or a list of maps.</summary>
    public virtual ITable? Table => null;

    /// <summary>A value as YAML on one line; references instead of secrets.</summary>
    public abstract string Format(object? value);

    /// <summary>As a JSON Schema.</summary>
    public abstract JsonObject Schema();
}

internal abstract class SettingType<T>(string name, string meaning) : SettingType(name, meaning)
{
    /// <summary>False after reporting what is wrong.</summary>
    public abstract bool TryRead(Node node, string path, Reading reading, out T value);

    /// <summary>A value of its own for each section that does not give one: false where all may share one.</summary>
    public virtual bool TryMake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        value = default;
        return false;
    }
}

/// <summary>A scalar's text after references, or why it has no meaning.</summary>
internal readonly record struct Parsed<T>(bool Ok, T Value, string? Hint)
{
    public static implicit operator Parsed<T>(T value) => new(true, value, null);
}

internal static class Parsed
{
    /// <summary>"must be ..." and then the hint, such as "say 200MB".</summary>
    public static Parsed<T> No<T>(string? hint = null) => new(false, default!, hint);
}

/// <summary>A scalar's text after references.</summary>
/// <param name="Reference">As written, such as <c>env:NAME</c>; null when the text itself stands in the file.</param>
internal readonly record struct Resolved(string Text, string? Reference);

internal sealed class ScalarType<T>(
    string name, string meaning, Func<Resolved, Parsed<T>> parse, Func<T, string>? show = null, string? pattern = null,
    string json = "string", bool hidden = false, bool takesMap = false)
    : SettingType<T>(name, meaning)
{
    public override bool TryRead(Node node, string path, Reading reading, out T value)
    {
        value = default!;
        if (reading.Resolve(node, path, Meaning, takesMap) is not { } resolved) return false;
        var parsed = parse(resolved);
        value = parsed.Value;
        if (parsed.Ok) return true;
        var given = resolved.Reference is { } reference ? $"what {reference} holds is not"
            : hidden ? "what stands here is not" : $"`{Shorten(resolved.Text)}` is not";
        reading.Problems.Add(node.Place, path, $"must be {Meaning}; {given}{(parsed.Hint is { } hint ? ", " + hint : "")}");
        return false;
    }

    public override string Format(object? value) => value is T typed ? Quote(show?.Invoke(typed) ?? typed.ToString()!) : "";

    public override JsonObject Schema()
    {
        var own = new JsonObject { ["type"] = json };
        if (pattern is not null) own["pattern"] = pattern;
        return new() { ["anyOf"] = new JsonArray(own, new JsonObject { ["$ref"] = "#/$defs/reference" }) };
    }

    /// <summary>A text of the same rules from elsewhere; default when it breaks them.</summary>
    public T? Read(string text) => parse(new(text, null)) is { Ok: true } good ? good.Value : default;

    private static string Shorten(string text)
    {
        var clean = new string([.. text.Take(60).Select(c => char.IsControl(c) ? ' ' : c)]);
        return text.Length > 60 ? clean + "..." : clean;
    }

    private static readonly SearchValues<char> QuotedCharacters = SearchValues.Create("#\",[]{}");

    private static string Quote(string text) =>
        text.Length == 0 || "[]{}*&!|>'\"%@`#,?:- ".Contains(text[0]) || text.AsSpan().ContainsAny(QuotedCharacters)
            || text.Contains(": ", StringComparison.Ordinal)
            ? "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\""
            : text;
}

/// <summary>One word of a fixed set; the words are the enum's names in lower case.</summary>
internal sealed class WordType<T>(string name, IReadOnlyDictionary<string, T> words) : SettingType<T>(name,
    "one of " + string.Join(", ", words.Keys)) where T : struct
{
    public override bool TryRead(Node node, string path, Reading reading, out T value)
    {
        value = default;
        if (reading.Resolve(node, path, Meaning) is not { } resolved) return false;
        if (words.TryGetValue(resolved.Text, out value)) return true;
        reading.Problems.Add(node.Place, path,
            resolved.Reference is { } reference ? $"must be {Meaning}; what {reference} holds is not"
                : $"must be {Meaning}; `{resolved.Text}` is not{Nearest.Hint(resolved.Text, words.Keys)}");
        return false;
    }

    public override string Format(object? value) =>
        value is T typed ? words.First(w => EqualityComparer<T>.Default.Equals(w.Value, typed)).Key : "";

    public override JsonObject Schema() => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["enum"] = new JsonArray([.. words.Keys.Select(w => (JsonNode)w)]) },
            new JsonObject { ["$ref"] = "#/$defs/reference" }),
    };
}

internal sealed class ListType<T>(SettingType<T> item) : SettingType<IReadOnlyList<T>>(
    "list of " + item.Name, $"a list ({item.Meaning}, each)")
{
    public override ITable? Table => item.Table;

    public override bool TryRead(Node node, string path, Reading reading, out IReadOnlyList<T> value)
    {
        value = [];
        if (node is BrokenNode) return false;
        if (node is not ListNode list)
        {
            reading.Problems.Add(node.Place, path, item.Table is null
                ? "must be a list: write [ ... ] or one line each with a dash"
                : "must be a list: each item begins with a dash");
            return false;
        }
        var read = new List<T>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            var itemPath = $"{path}[{i}]";
            reading.Found(itemPath, list.Items[i].Place);
            if (item.TryRead(list.Items[i], itemPath, reading, out var one)) read.Add(one);
        }
        value = read;
        return true;
    }

    public override string Format(object? value) =>
        value is IEnumerable<T> items ? "[" + string.Join(", ", items.Select(i => item.Format(i))) + "]" : "[]";

    public override JsonObject Schema() => new() { ["type"] = "array", ["items"] = item.Schema() };
}

/// <summary>One section, not a list of them.</summary>
internal interface ISectionType;

internal sealed class SectionType<T>(Table<T> table) : SettingType<T>("map", "a map of keys"), ISectionType where T : SettingsSection, new()
{
    public override ITable Table => table;

    public override bool TryRead(Node node, string path, Reading reading, out T value)
    {
        value = new T();
        return table.TryRead(node, path, reading, value);
    }

    public override bool TryMake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        value = new T();
        foreach (var key in table.Keys) key.Fill(value);
        return true;
    }

    public override string Format(object? value) => value is T section
        ? "{ " + string.Join(", ", table.Keys.Where(k => !k.IsDefault(section))
            .Select(k => $"{k.Name}: {k.Show(section)}")) + " }"
        : "{}";

    public override JsonObject Schema() => SettingsSchema.OfTable(table);
}
