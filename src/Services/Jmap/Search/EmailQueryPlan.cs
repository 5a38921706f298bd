using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>What a query asks for: which emails, and in which order (RFC 8620 §5.5).</summary>
/// <param name="Filter">Null: all. Of one condition, all its properties must hold.</param>
/// <param name="Sort">Where it leaves two emails equal, the newer one is first.</param>
/// <param name="Name">Two plans with one name ask the same.</param>
internal sealed record EmailQueryPlan(
    FilterNode<IReadOnlyList<EmailCondition>>? Filter, IReadOnlyList<EmailComparator> Sort, string Name)
{
    /// <summary>The emails that match may be others, or stand elsewhere, when emails change that were there before (RFC 8620
    /// §5.6).</summary>
    public bool IsMutable => Conditions.Any(static c => c.IsMutable) || Sort.Any(static c => c.IsMutable);

    /// <summary>Whether an email matches, or where it stands, depends on the others of its thread.</summary>
    public bool IsAboutThreads => Conditions.Any(static c => c.IsAboutThread) || Sort.Any(static c => c.IsAboutThread);

    /// <summary>In the order in which the picture of the account has them, or that turned round.</summary>
    public bool IsByReceived => Sort is [] or [{ Property: SortProperty.ReceivedAt }];

    /// <summary>What stands equal is newest first, unless the order asked for is by age.</summary>
    public bool IsOldestFirst => Sort.FirstOrDefault(static c => c.Property == SortProperty.ReceivedAt)?.IsAscending == true;

    private IEnumerable<EmailCondition> Conditions => Filter?.AllConditions().SelectMany(static all => all) ?? [];

    public static EmailQueryPlan Read(ArgumentReader reader, JmapLimits limits)
    {
        var filter = new FilterReader<IReadOnlyList<EmailCondition>>(limits, EmailConditionReader.Read).Read(reader);
        var sort = EmailComparator.ReadAll(reader);
        return new(filter, sort, NameOf(reader.Find("filter"), reader.Find("sort")));
    }

    // Filters may be long: their name is not.
    private static string NameOf(JsonElement? filter, JsonElement? sort) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{filter?.GetRawText()}\n{sort?.GetRawText()}")));
}
