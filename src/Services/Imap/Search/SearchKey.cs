using Aviso.Store;

namespace Aviso.Imap;

internal enum SearchKind
{
    All, And, Or, Not, Numbers, Uids, System, Keyword, Recent, Old, New,
    Before, On, Since, SavedBefore, SavedOn, SavedSince, SentBefore, SentOn, SentSince,
    Larger, Smaller, Older, Younger, SaveDateSupported, ModSeq, EmailId, ThreadId,
    From, To, Cc, Bcc, Subject, Header, Body, Text,
}

/// <summary>One RFC 9051 §6.4.4 search key, and what was prepared for it before the messages are looked at.</summary>
internal sealed record SearchKey(SearchKind Kind)
{
    public IReadOnlyList<SearchKey> Keys { get; init; } = [];

    public SequenceSet? Set { get; init; }

    public SystemFlags Flag { get; init; }

    /// <summary>Keyword, header value, text to find.</summary>
    public string Value { get; init; } = "";

    /// <summary>Header field name.</summary>
    public string Field { get; init; } = "";

    /// <summary>Size, age in seconds, day since 1970, modseq, id.</summary>
    public long Number { get; init; }

    public List<(int First, int Last)> Ranges { get; set; } = [];

    public UInt128 KeywordMask { get; set; }

    /// <summary>Null: no help from the index, look at all.</summary>
    public SearchCandidates? Candidates { get; set; }

    /// <summary>This key and all below it; the work is the number of keys, however deep they stand.</summary>
    public List<SearchKey> All()
    {
        var all = new List<SearchKey> { this };
        for (var i = 0; i < all.Count; i++) all.AddRange(all[i].Keys);
        return all;
    }
}

/// <summary>RETURN options (RFC 9051 §6.4.4, RFC 9394, RFC 5267).</summary>
internal sealed record SearchReturn(bool Min, bool Max, bool All, bool Count, bool Save, PartialRange? Partial)
{
    /// <summary>RFC 5267 §4.3: later changes of the result are told.</summary>
    public bool Update { get; init; }

    public static SearchReturn Nothing { get; } = new(false, false, false, false, false, null);

    /// <summary>MIN, MAX or both, and nothing else that tells results.</summary>
    public bool OnlyEnds => (Min || Max) && !All && !Count && Partial is null;

    public bool OnlySave => Save && !Min && !Max && !All && !Count && Partial is null;
}

/// <param name="Return">Null: no RETURN was given.</param>
/// <param name="BadCharset">The charset is none of ours: nothing else was read.</param>
internal sealed record SearchRequest(SearchReturn? Return, SearchKey Key, bool BadCharset)
{
    /// <summary>SEARCH named a charset; SORT and THREAD always do.</summary>
    public bool HasCharset { get; init; }
}
