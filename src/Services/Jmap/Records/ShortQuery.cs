using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>/query and /queryChanges over a list that is short enough to be looked through each time (RFC 8620 §5.5, §5.6).</summary>
internal static class ShortQuery
{
    /// <summary>What the filter lets through, in the order asked for; without one, in the list's own.</summary>
    /// <param name="compare">By one property, ascending.</param>
    public static List<T> Find<T, TCondition>(
        IEnumerable<T> all, FilterNode<TCondition>? filter, Func<TCondition, T, bool> holds, IReadOnlyList<Comparator> sort,
        Func<Comparator, T, T, int> compare)
    {
        var found = all.Where(one => filter?.Matches(one, holds) != false);
        IOrderedEnumerable<T>? ordered = null;
        foreach (var by in sort)
        {
            var order = Comparer<T>.Create((a, b) => (by.IsAscending ? 1 : -1) * compare(by, a, b));
            ordered = ordered is null ? found.Order(order) : ordered.ThenBy(static one => one, order);
        }
        return [.. ordered ?? found];
    }

    /// <param name="found">Ids of the whole result.</param>
    public static void Answer(Call call, QueryWindow window, JmapLimits limits, string state, List<string> found)
    {
        var (start, count) = window.Within(found.Count, found.IndexOf, limits);
        new QueryAnswer(state, true, start, found.Skip(start).Take(count), found.Count).Write(call, window, limits);
    }

    /// <summary>Exact enough: RFC 8620 §5.6 lets extra ids be said to be removed, so all that have changed and match are put in
    /// again.</summary>
    /// <param name="found">Ids of the whole result as it is now.</param>
    public static void AnswerChanges(Call call, QueryChangesArguments arguments, RecordLog log, List<string> found)
    {
        var since = log.Since(new(arguments.SinceQueryState, int.MaxValue));
        var fresh = since.Created.Concat(since.Updated).ToHashSet(StringComparer.Ordinal);
        var added = found.Select((id, index) => new AddedItem(id, index)).Where(item => fresh.Contains(item.Id)).ToList();
        new QueryChangesAnswer(log.State, [.. since.Updated, .. since.Destroyed], added, found.Count).Write(call, arguments);
    }
}
