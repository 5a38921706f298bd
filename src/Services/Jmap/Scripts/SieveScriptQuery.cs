using System.Text.Json;
using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>A FilterCondition of SieveScript/query (RFC 9661 §2.5).</summary>
internal sealed record ScriptCondition(string? Name, bool? IsActive)
{
    public static ScriptCondition Read(JsonElement value)
    {
        var reader = new ArgumentReader(value, hasAccount: false);
        var name = reader.TextOrNull("name");
        var read = new ScriptCondition(name, reader.Find("isActive") is null ? null : reader.Flag("isActive", false));
        reader.End();
        return read;
    }

    public bool Holds(KeptScript of) =>
        (Name is null || of.Name.Contains(Name, StringComparison.Ordinal)) && (IsActive is null || IsActive == of.IsActive);
}

/// <summary>What a query of scripts asks for, and its result.</summary>
internal sealed record ScriptQuery(FilterNode<ScriptCondition>? Filter, IReadOnlyList<Comparator> Sort)
{
    public static ScriptQuery Read(ArgumentReader reader, JmapLimits limits) => new(
        new FilterReader<ScriptCondition>(limits, ScriptCondition.Read).Read(reader),
        Comparator.ReadAll(reader, static p => p is "name" or "isActive"));

    /// <summary>Ids.</summary>
    public List<string> Find(IReadOnlyList<KeptScript> all) =>
        ShortQuery.Find(all, Filter, static (condition, one) => condition.Holds(one), Sort, Compare).ConvertAll(static s => s.Id);

    private static int Compare(Comparator by, KeptScript a, KeptScript b) =>
        by.Property == "name" ? Collation.Find(by.Collation).CompareTexts(a.Name, b.Name) : a.IsActive.CompareTo(b.IsActive);
}

/// <summary>SieveScript/query and /queryChanges (RFC 9661 §2.5, RFC 8620 §5.6).</summary>
internal sealed class SieveScriptQuery(SieveScripts scripts, JmapLimits limits) : IShortQuery
{
    public string Type => SieveScriptObject.Type;

    public string Capability => Capabilities.Sieve;

    public FindRecords Read(ArgumentReader reader)
    {
        var query = ScriptQuery.Read(reader, limits);
        return async (account, cancel) =>
        {
            var kept = await scripts.ReadAsync(account, cancel);
            return (kept.Log, query.Find(kept.All));
        };
    }
}
