using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>A query over a list that is short enough to be looked through each time; its two methods are made of it.</summary>
internal interface IShortQuery
{
    /// <summary>Such as "ContactCard".</summary>
    string Type { get; }

    /// <summary>A constant of <see cref="Capabilities"/>.</summary>
    string Capability { get; }

    /// <summary>Reads what it asks for: filter and sort.</summary>
    FindRecords Read(ArgumentReader reader);
}

/// <summary>Ids of the whole result as it is now, in order, with the log of the records they were found among.</summary>
internal delegate Task<(RecordLog Log, List<string> Ids)> FindRecords(AccountId account, CancellationToken cancel);

/// <summary>TYPE/query (RFC 8620 §5.5).</summary>
internal sealed class ShortQueryMethod(IShortQuery query, JmapLimits limits) : IMethod
{
    public string Name => query.Type + "/query";

    public string Capability => query.Capability;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var (find, window) = (query.Read(reader), QueryWindow.Read(reader));
        reader.End();
        var (log, found) = await find(call.Account, cancel);
        var (start, count) = window.Within(found.Count, found.IndexOf, limits);
        new QueryAnswer(log.State, true, start, found.Skip(start).Take(count), found.Count).Write(call, window, limits);
    }
}

/// <summary>TYPE/queryChanges (RFC 8620 §5.6). Exact enough: extra ids may be said to be removed, so all that have changed and match are
/// put in again.</summary>
internal sealed class ShortQueryChangesMethod(IShortQuery query) : IMethod
{
    public string Name => query.Type + "/queryChanges";

    public string Capability => query.Capability;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var (find, arguments) = (query.Read(reader), QueryChangesArguments.Read(reader));
        reader.End();
        var (log, found) = await find(call.Account, cancel);
        var since = log.Since(new(arguments.SinceQueryState, int.MaxValue));
        var fresh = since.Created.Concat(since.Updated).ToHashSet(StringComparer.Ordinal);
        var added = found.Select((id, index) => new AddedItem(id, index)).Where(item => fresh.Contains(item.Id)).ToList();
        new QueryChangesAnswer(log.State, [.. since.Updated, .. since.Destroyed], added, found.Count).Write(call, arguments);
    }
}

/// <summary>Filter and sort of a short list.</summary>
internal static class ShortQuery
{
    /// <summary>Both methods of a query.</summary>
    public static IEnumerable<IMethod> MethodsOf(IShortQuery query, JmapLimits limits) =>
        [new ShortQueryMethod(query, limits), new ShortQueryChangesMethod(query)];

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
}
