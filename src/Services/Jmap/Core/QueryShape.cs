using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 8620 §5.5: by what to sort.</summary>
/// <param name="Collation">Of <see cref="Capabilities.Collations"/>.</param>
/// <param name="Whole">For what a type adds, such as keyword (RFC 8621 §4.4.2).</param>
internal sealed record Comparator(string Property, bool IsAscending, string Collation, JsonElement Whole)
{
    private const int Most = 16;

    /// <param name="isSortable">Can the type be sorted by this property.</param>
    public static IReadOnlyList<Comparator> ReadAll(ArgumentReader reader, Func<string, bool> isSortable)
    {
        if (reader.Find("sort") is not { } list) return [];
        if (list.ValueKind != JsonValueKind.Array) throw MethodFailure.InvalidArgument("sort", "no list");
        var all = list.EnumerateArray().Select(Read).ToList();
        if (all.FirstOrDefault(c => !isSortable(c.Property)) is { } other)
            throw new MethodFailure("unsupportedSort", $"not sorted by {other.Property}");
        if (all.FirstOrDefault(c => !Capabilities.Collations.Contains(c.Collation)) is { } foreign)
            throw new MethodFailure("unsupportedSort", $"there is no collation {foreign.Collation}");
        return all.Count <= Most ? all : throw new MethodFailure("unsupportedSort", $"more than {Most} comparators");
    }

    private static Comparator Read(JsonElement one)
    {
        if (one.ValueKind != JsonValueKind.Object) throw MethodFailure.InvalidArgument("sort", "a comparator is no object");
        var reader = new ArgumentReader(one);
        var collation = reader.TextOrNull("collation") ?? Capabilities.Collations[0];
        return new(reader.Text("property"), reader.Flag("isAscending", true), collation, one);
    }
}

/// <summary>The arguments of /query that say which part of the result is wanted (RFC 8620 §5.5).</summary>
/// <param name="Limit">Null: as many as this server gives.</param>
internal sealed record QueryWindow(long Position, string? Anchor, long AnchorOffset, long? Limit, bool CalculateTotal)
{
    public static QueryWindow Read(ArgumentReader reader) => new(
        reader.Int("position", 0), reader.TextOrNull("anchor"), reader.Int("anchorOffset", 0), reader.UnsignedOrNull("limit"),
        reader.Flag("calculateTotal", false));

    /// <summary>Where the part begins and how long it is.</summary>
    /// <param name="total">Length of the whole result.</param>
    /// <param name="indexOf">Index of an id in the result, or -1.</param>
    public (int Start, int Count) Within(int total, Func<string, int> indexOf, JmapLimits limits)
    {
        var start = Position;
        if (Anchor is not null)
        {
            var at = indexOf(Anchor);
            if (at < 0) throw new MethodFailure("anchorNotFound");
            start = Math.Max(0, at + AnchorOffset);
        }
        else if (start < 0)
        {
            start = Math.Max(0, start + total);
        }
        if (start >= total) return ((int)Math.Min(start, int.MaxValue), 0);
        return ((int)start, (int)Math.Min(total - start, Math.Min(Limit ?? limits.MaxIdsInQuery, limits.MaxIdsInQuery)));
    }
}

/// <summary>The answer of /query.</summary>
/// <param name="Position">Index of the first id in the whole result.</param>
internal sealed record QueryAnswer(string QueryState, bool CanCalculateChanges, int Position, IEnumerable<string> Ids, int Total)
{
    public void Write(Call call, QueryWindow window, JmapLimits limits)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        writer.WriteString("queryState"u8, QueryState);
        writer.WriteBoolean("canCalculateChanges"u8, CanCalculateChanges);
        writer.WriteNumber("position"u8, Position);
        if (window.CalculateTotal) writer.WriteNumber("total"u8, Total);
        // Only where it is ours and not the client's.
        if (window.Limit is null || window.Limit > limits.MaxIdsInQuery) writer.WriteNumber("limit"u8, limits.MaxIdsInQuery);
        writer.WriteTexts("ids"u8, Ids);
        writer.WriteEndObject();
    }
}
