using System.Globalization;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>A FilterCondition of EmailSubmission/query (RFC 8621 §7.3). Times: Unix seconds.</summary>
internal sealed record SubmissionCondition(
    IReadOnlyList<string>? IdentityIds, IReadOnlyList<string>? EmailIds, IReadOnlyList<string>? ThreadIds, string? UndoStatus,
        long? Before, long? After)
{
    public static SubmissionCondition Read(JsonElement value)
    {
        var reader = new ArgumentReader(value, hasAccount: false);
        var read = new SubmissionCondition(
            reader.TextsOrNull("identityIds"), reader.TextsOrNull("emailIds"), reader.TextsOrNull("threadIds"),
                reader.TextOrNull("undoStatus"),
            Date(reader, "before"), Date(reader, "after"));
        reader.End();
        return read;
    }

    public bool Holds(EmailSubmission of) => IdentityIds?.Contains(of.IdentityId) != false && EmailIds?.Contains(of.EmailId) != false
        && ThreadIds?.Contains(of.ThreadId) != false && (UndoStatus is null || UndoStatus == of.UndoText)
        && !(of.SendAt >= Before) && !(of.SendAt < After);

    private static long? Date(ArgumentReader reader, string name) => reader.TextOrNull(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var date) ? date.ToUnixTimeSeconds()
                : throw MethodFailure.InvalidArgument(name, "no UTCDate");
}

/// <summary>What a query of submissions asks for, and its result.</summary>
internal sealed record SubmissionQuery(FilterNode<SubmissionCondition>? Filter, IReadOnlyList<Comparator> Sort)
{
    // The property is called sendAt, the order sentAt (RFC 8621 §7, §7.3).
    public static SubmissionQuery Read(ArgumentReader reader, JmapLimits limits) => new(
        new FilterReader<SubmissionCondition>(limits, SubmissionCondition.Read).Read(reader),
        Comparator.ReadAll(reader, p => p is "emailId" or "threadId" or "sentAt" or "sendAt"));

    /// <summary>Ids.</summary>
    public List<string> Find(IReadOnlyList<EmailSubmission> all) =>
        ShortQuery.Find(all, Filter, static (condition, one) => condition.Holds(one), Sort, Compare).ConvertAll(static s => s.Id);

    private static int Compare(Comparator by, EmailSubmission a, EmailSubmission b) => by.Property switch
    {
        "emailId" => string.CompareOrdinal(a.EmailId, b.EmailId),
        "threadId" => string.CompareOrdinal(a.ThreadId, b.ThreadId),
        _ => a.SendAt.CompareTo(b.SendAt),
    };
}

/// <summary>EmailSubmission/query and /queryChanges (RFC 8621 §7.3, §7.4).</summary>
internal sealed class EmailSubmissionQuery(Submissions submissions, JmapLimits limits) : IShortQuery
{
    public string Type => "EmailSubmission";

    public string Capability => Capabilities.Submission;

    public FindRecords Read(ArgumentReader reader)
    {
        var query = SubmissionQuery.Read(reader, limits);
        return async (account, cancel) =>
        {
            var (log, all) = await submissions.ReadAsync(account, cancel);
            return (log, query.Find(all));
        };
    }
}
