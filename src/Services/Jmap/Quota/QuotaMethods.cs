using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 9425.</summary>
internal static class QuotaFeature
{
    public static Feature Of(Quotas quotas, JmapLimits limits) => new(new(Capabilities.Quota),
        [new QuotaGet(quotas, limits), new QuotaChanges(quotas, limits), new QuotaQuery(quotas, limits),
            new QuotaQueryChanges(quotas, limits)]);

    /// <summary>RFC 9425 §4.1: what the client knows no type of is not shown to it.</summary>
    public static async Task<IReadOnlyList<Quota>> ReadAsync(Quotas quotas, Call call, CancellationToken cancel) =>
        call.Uses(Capabilities.Mail) ? await quotas.ReadAsync(call.Account, cancel) : [];
}

/// <summary>Quota/get (RFC 9425 §4.2).</summary>
internal sealed class QuotaGet(Quotas quotas, JmapLimits limits) : IMethod
{
    public string Name => "Quota/get";

    public string Capability => Capabilities.Quota;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, Quota.Properties.Contains);
        reader.End();
        var all = await QuotaFeature.ReadAsync(quotas, call, cancel);
        GetAnswer.Write(call, get, limits, Quotas.StateOf(all), all, static q => q.Id, q => q.Write(call.Answer, get.Wants));
    }
}

/// <summary>Quota/changes (RFC 9425 §4.3).</summary>
internal sealed class QuotaChanges(Quotas quotas, JmapLimits limits) : IMethod
{
    public string Name => "Quota/changes";

    public string Capability => Capabilities.Quota;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        var (old, all) = (Quotas.Of(arguments.SinceState), await QuotaFeature.ReadAsync(quotas, call, cancel));
        var changed = all.Where(q => old.TryGetValue(q.Id, out var was) && was != (q.Used, q.HardLimit)).ToList();
        var answer = new ChangesAnswer(arguments.SinceState, Quotas.StateOf(all))
        {
            Created = [.. all.Where(q => !old.ContainsKey(q.Id)).Select(q => q.Id)],
            Updated = [.. changed.Select(q => q.Id)],
            Destroyed = [.. old.Keys.Except(all.Select(q => q.Id))],
        };
        // Two quotas at most: there is no state in between.
        if (answer.Created.Count + answer.Updated.Count + answer.Destroyed.Count > arguments.MaxChanges)
            throw MethodFailure.CannotCalculateChanges();
        var onlyUsed = changed.Count > 0 && changed.All(q => old[q.Id].Limit == q.HardLimit);
        answer.Write(call, writer => writer.WriteTextsOrNull("updatedProperties"u8, onlyUsed ? ["used"] : []));
    }
}

/// <summary>A FilterCondition of Quota/query (RFC 9425 §4.4).</summary>
internal sealed record QuotaCondition(string? Name, string? Scope, string? ResourceType, string? Type)
{
    public static QuotaCondition Read(JsonElement value)
    {
        var reader = new ArgumentReader(value, hasAccount: false);
        var read = new QuotaCondition(
            reader.TextOrNull("name"), reader.TextOrNull("scope"), reader.TextOrNull("resourceType"), reader.TextOrNull("type"));
        reader.End();
        return read;
    }

    public bool Holds(Quota of) =>
        (Name is null || of.Name.Contains(Name, StringComparison.OrdinalIgnoreCase)) && Scope is null or Quota.Scope
        && (ResourceType is null || ResourceType == of.Resource) && (Type is null || Quota.Types.Contains(Type));

    public static List<Quota> Find(FilterNode<QuotaCondition>? filter, IReadOnlyList<Comparator> sort, IReadOnlyList<Quota> all)
    {
        var found = all.Where(q => filter?.Matches(q, (condition, one) => condition.Holds(one)) != false).ToList();
        foreach (var by in sort.Reverse())
        {
            var order = by.Property == "used" ? found.OrderBy(q => q.Used) : found.OrderBy(q => q.Name, StringComparer.OrdinalIgnoreCase);
            found = by.IsAscending ? [.. order] : [.. order.Reverse()];
        }
        return found;
    }
}

/// <summary>Quota/query (RFC 9425 §4.4).</summary>
internal sealed class QuotaQuery(Quotas quotas, JmapLimits limits) : IMethod
{
    public string Name => "Quota/query";

    public string Capability => Capabilities.Quota;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var filter = new FilterReader<QuotaCondition>(limits, QuotaCondition.Read).Read(reader);
        var (sort, window) = (Comparator.ReadAll(reader, p => p is "name" or "used"), QueryWindow.Read(reader));
        reader.End();
        var all = await QuotaFeature.ReadAsync(quotas, call, cancel);
        var found = QuotaCondition.Find(filter, sort, all);
        var (start, count) = window.Within(found.Count, id => found.FindIndex(q => q.Id == id), limits);
        new QueryAnswer(Quotas.StateOf(all), true, start, found.Skip(start).Take(count).Select(q => q.Id), found.Count).Write(
            call, window, limits);
    }
}

/// <summary>Quota/queryChanges (RFC 9425 §4.5).</summary>
internal sealed class QuotaQueryChanges(Quotas quotas, JmapLimits limits) : IMethod
{
    public string Name => "Quota/queryChanges";

    public string Capability => Capabilities.Quota;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var filter = new FilterReader<QuotaCondition>(limits, QuotaCondition.Read).Read(reader);
        var (sort, arguments) = (Comparator.ReadAll(reader, p => p is "name" or "used"), QueryChangesArguments.Read(reader));
        reader.End();
        var (old, all) = (Quotas.Of(arguments.SinceQueryState), await QuotaFeature.ReadAsync(quotas, call, cancel));
        var found = QuotaCondition.Find(filter, sort, all);
        // RFC 8620 §5.6: whatever changed may have moved.
        var moved = all.Where(q => !old.TryGetValue(q.Id, out var was) || was != (q.Used, q.HardLimit)).Select(q => q.Id).ToHashSet(
            StringComparer.Ordinal);
        var removed = old.Keys.Where(id => moved.Contains(id) || all.All(q => q.Id != id)).ToList();
        var added = found.Select((q, index) => new AddedItem(q.Id, index)).Where(item => moved.Contains(item.Id)).ToList();
        new QueryChangesAnswer(Quotas.StateOf(all), removed, added, found.Count).Write(call, arguments);
    }
}
