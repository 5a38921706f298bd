using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 8620 §5.5.</summary>
internal enum FilterOperator
{
    And, Or, Not,
}

/// <summary>A filter: a tree of operators with conditions of the type at its ends.</summary>
internal abstract record FilterNode<TCondition>
{
    private FilterNode()
    {
    }

    public sealed record Condition(TCondition Value) : FilterNode<TCondition>;

    public sealed record Operator(FilterOperator Kind, IReadOnlyList<FilterNode<TCondition>> Conditions) : FilterNode<TCondition>;

    public bool Matches<TRecord>(TRecord record, Func<TCondition, TRecord, bool> holds) => this switch
    {
        Condition condition => holds(condition.Value, record),
        Operator { Kind: FilterOperator.And } all => all.Conditions.All(c => c.Matches(record, holds)),
        Operator { Kind: FilterOperator.Or } any => any.Conditions.Any(c => c.Matches(record, holds)),
        Operator none => !none.Conditions.Any(c => c.Matches(record, holds)),
        _ => false,
    };

    /// <summary>Conditions of the whole tree, in the order they are written.</summary>
    public IEnumerable<TCondition> AllConditions() => this switch
    {
        Condition condition => [condition.Value],
        Operator all => all.Conditions.SelectMany(c => c.AllConditions()),
        _ => [],
    };
}

/// <summary>Reads a filter within limits.</summary>
/// <param name="condition">Reads one condition, an object without operator; fails with invalidArguments or unsupportedFilter.</param>
internal sealed class FilterReader<TCondition>(JmapLimits limits, Func<JsonElement, TCondition> condition)
{
    private int _nodes;

    /// <summary>Null: no filter.</summary>
    public FilterNode<TCondition>? Read(ArgumentReader reader) => reader.Find("filter") is { } filter ? Read(filter, 1) : null;

    private FilterNode<TCondition> Read(JsonElement value, int depth)
    {
        if (value.ValueKind != JsonValueKind.Object) throw MethodFailure.InvalidArgument("filter", "a condition is no object");
        if (++_nodes > limits.MaxFilterNodes) throw TooLarge($"more than {limits.MaxFilterNodes} conditions");
        if (!value.TryGetProperty("operator"u8, out var kind)) return new FilterNode<TCondition>.Condition(condition(value));
        if (depth > limits.MaxFilterDepth) throw TooLarge($"more than {limits.MaxFilterDepth} operators inside of one another");
        if (!value.TryGetProperty("conditions"u8, out var list) || list.ValueKind != JsonValueKind.Array || value.GetPropertyCount() != 2)
            throw MethodFailure.InvalidArgument("filter", "an operator has a list of conditions and nothing else");
        var conditions = new List<FilterNode<TCondition>>();
        foreach (var one in list.EnumerateArray()) conditions.Add(Read(one, depth + 1));
        return new FilterNode<TCondition>.Operator(KindOf(kind), conditions);
    }

    private static FilterOperator KindOf(JsonElement kind) => (kind.ValueKind == JsonValueKind.String ? kind.GetString() : null) switch
    {
        "AND" => FilterOperator.And,
        "OR" => FilterOperator.Or,
        "NOT" => FilterOperator.Not,
        _ => throw Unknown(),
    };

    private static MethodFailure Unknown() => MethodFailure.InvalidArgument("filter", "an operator is AND, OR or NOT");

    private static MethodFailure TooLarge(string why) => new("unsupportedFilter", why);
}
