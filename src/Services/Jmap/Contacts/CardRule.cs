using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>What is wrong with a card, by the paths of the properties; more than a few are not told.</summary>
internal sealed class CardFaults
{
    private const int Most = 20;

    private readonly List<(string Path, string Why)> _all = [];

    public void Add(string path, string why)
    {
        if (_all.Count < Most) _all.Add((path, why));
    }

    /// <summary>Null when nothing is.</summary>
    public SetError? Error => _all.Count == 0 ? null : new("invalidProperties", string.Join("; ", _all.Select(f => $"{f.Path}: {f.Why}")))
    {
        Properties = [.. _all.Select(static f => f.Path).Distinct(StringComparer.Ordinal)],
    };
}

/// <summary>What a value must be.</summary>
/// <param name="path">Where it stands: names with slashes between them, beginning at the card.</param>
internal delegate void CardRule(JsonElement value, string path, CardFaults faults);

/// <summary>A property of an object and what its value must be.</summary>
internal sealed record CardProperty(string Name, CardRule Rule, bool IsMandatory = false);

/// <summary>The types that the properties of RFC 9553 are made of (§1.3, §1.4).</summary>
internal static class CardRules
{
    private const int MostId = 255;

    public static void Text(JsonElement value, string path, CardFaults faults)
    {
        if (value.ValueKind != JsonValueKind.String) faults.Add(path, "no string");
    }

    public static void Full(JsonElement value, string path, CardFaults faults)
    {
        if (value.ValueKind != JsonValueKind.String || value.ValueEquals("")) faults.Add(path, "empty, or no string");
    }

    public static void Flag(JsonElement value, string path, CardFaults faults)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) faults.Add(path, "neither true nor false");
    }

    public static void Date(JsonElement value, string path, CardFaults faults)
    {
        if (value.ValueKind != JsonValueKind.String || !CardDates.TryParse(value.GetString(), out _)) faults.Add(path, "no UTCDateTime");
    }

    public static void Id(JsonElement value, string path, CardFaults faults)
    {
        if (value.ValueKind != JsonValueKind.String || !IsId(value.GetString() ?? "")) faults.Add(path, "no Id");
    }

    public static CardRule One(params string[] texts) => (value, path, faults) =>
    {
        if (value.ValueKind != JsonValueKind.String || !texts.Contains(value.GetString()))
            faults.Add(path, $"not {string.Join(" or ", texts)}");
    };

    public static CardRule Unsigned(long from, long to) => (value, path, faults) =>
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number < from || number > to)
            faults.Add(path, $"no integer from {from} to {to}");
    };

    /// <summary>String[Boolean]: a set, all values true.</summary>
    public static void Set(JsonElement value, string path, CardFaults faults) => Map(static (one, at, all) =>
    {
        if (one.ValueKind != JsonValueKind.True) all.Add(at, "not true");
    })(value, path, faults);

    /// <summary>A map with any keys.</summary>
    public static CardRule Map(CardRule each) => (value, path, faults) =>
    {
        if (value.ValueKind != JsonValueKind.Object) faults.Add(path, "no object");
        else foreach (var one in value.EnumerateObject()) each(one.Value, Below(path, one.Name), faults);
    };

    /// <summary>A map whose keys are ids (RFC 9553 §1.4.1).</summary>
    public static CardRule Ids(CardRule each) => (value, path, faults) =>
    {
        Map(each)(value, path, faults);
        if (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any(static p => !IsId(p.Name)))
            faults.Add(path, "a key is no Id: 1 to 255 letters, digits, - and _");
    };

    public static CardRule List(CardRule each) => (value, path, faults) =>
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            faults.Add(path, "no list");
            return;
        }
        var index = 0;
        foreach (var one in value.EnumerateArray()) each(one, $"{path}/{index++}", faults);
    };

    /// <summary>An object of this type; properties that are not named may be anything.</summary>
    public static CardRule Object(string type, params CardProperty[] properties)
    {
        var known = properties.Append(new("@type", One(type))).DistinctBy(static p => p.Name)
            .ToDictionary(static p => p.Name, StringComparer.Ordinal);
        var mandatory = properties.Where(static p => p.IsMandatory).ToList();
        return (value, path, faults) =>
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                faults.Add(path, "no object");
                return;
            }
            foreach (var one in value.EnumerateObject())
                if (known.TryGetValue(one.Name, out var property)) property.Rule(one.Value, Below(path, one.Name), faults);
            foreach (var one in mandatory)
                if (!value.TryGetProperty(one.Name, out _)) faults.Add(Below(path, one.Name), "missing");
        };
    }

    /// <summary>An object in which one of these must be.</summary>
    public static CardRule AtLeast(CardRule rule, params string[] names) => (value, path, faults) =>
    {
        rule(value, path, faults);
        if (value.ValueKind == JsonValueKind.Object && !names.Any(name => value.TryGetProperty(name, out _)))
            faults.Add(path, $"neither {string.Join(" nor ", names)}");
    };

    // RFC 6901 §3
    private static string Below(string path, string name)
    {
        name = name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
        return path.Length == 0 ? name : $"{path}/{name}";
    }

    private static bool IsId(string text) =>
        text.Length is > 0 and <= MostId && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
