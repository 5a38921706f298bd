using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// Lists come from elsewhere and can fail in ways that look like "everybody left". A list that cannot be read or is empty, and in
/// a reload one that loses more than a third, is not believed: the old one stays and an event says so (design.md section 5). What
/// was believed last is kept as a fact (addresses and targets, never secrets), so this also holds after a restart; a readable list
/// that shrank is believed at start, since a person restarted.
/// </summary>
internal sealed class ListSafety<T>(string kind, Func<T, string> key, Func<T, JsonItem> write, Func<string, JsonItem, T> read)
    where T : class
{
    private string _name = "";
    private IReadOnlyList<T>? _believed;
    private string _written = "";

    /// <summary>What is in use.</summary>
    public IReadOnlyList<T> Believed => _believed ?? [];

    /// <summary>The items to use. Problem is null when they are those just read. Null: nothing to go by.</summary>
    public (IReadOnlyList<T>? Items, string? Problem) Settle(ListReading<T> reading, IReadOnlyList<FactRow> facts)
    {
        var atStart = _name != reading.Name;
        var old = atStart ? Stored(reading.Name, facts) : _believed;
        var problem = Doubt(reading, old, atStart);
        return problem is null ? (reading.Items, null) : (old, problem);
    }

    /// <summary>Remembers what is in use now; the row to write, or null when it is written already.</summary>
    public FactRow? Believe(string name, IReadOnlyList<T> items, long now)
    {
        (_name, _believed) = (name, items);
        var text = JsonSerializer.Serialize([.. items.Select(write)], ListJson.Default.JsonItemArray);
        if (text == _written) return null;
        _written = text;
        return new(kind, name, text, now);
    }

    private string? Doubt(ListReading<T> reading, IReadOnlyList<T>? old, bool atStart)
    {
        if (reading.Items is not { } items) return $"{reading.Name} cannot be read; the old list stays. {reading.Problem}";
        if (old is not { Count: > 0 }) return null;
        if (items.Count == 0) return $"{reading.Name} is empty; the old list of {old.Count} stays";
        var now = items.Select(key).ToHashSet();
        var lost = old.Count(o => !now.Contains(key(o)));
        return lost * 3 > old.Count && !atStart
            ? $"{reading.Name} loses {lost} of {old.Count} entries; the old list stays until a restart confirms the new one" : null;
    }

    private IReadOnlyList<T>? Stored(string name, IReadOnlyList<FactRow> facts)
    {
        if (facts.FirstOrDefault(f => f.Key == name) is not { } fact) return null;
        _written = fact.Value;
        return JsonSerializer.Deserialize(fact.Value, ListJson.Default.JsonItemArray)?.Select(i => read(name, i)).ToList();
    }
}

/// <summary>One entry of a believed list as kept: a for address, l for line, t for targets.</summary>
internal sealed record JsonItem(string A, int L, IReadOnlyList<string>? T);

[JsonSerializable(typeof(JsonItem[]))]
internal sealed partial class ListJson : JsonSerializerContext;
