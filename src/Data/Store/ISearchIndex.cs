namespace Aviso.Store;

/// <summary>The full-text index; its loss costs a rebuild, never mail.</summary>
public interface ISearchIndex
{
    /// <summary>
    /// Emails of the account that may contain <paramref name="text"/> (case folded, any substring), and those not indexed
    /// yet. Null when the index cannot narrow this text (for example shorter than three characters): look at all.
    /// </summary>
    Task<SearchCandidates?> CandidatesAsync(AccountId account, string text, CancellationToken cancel);
}

/// <summary>May match: <paramref name="Hits"/>. Must be looked at: <paramref name="Unindexed"/>.</summary>
public sealed record SearchCandidates(IReadOnlySet<EmailId> Hits, IReadOnlySet<EmailId> Unindexed);
