namespace Aviso.Spam;

/// <summary>What a DNS list is asked about.</summary>
[Flags]
public enum ListSubjects
{
    None = 0,

    /// <summary>The address of the client.</summary>
    Client = 1,

    /// <summary>Addresses in Received fields: machines that had the message before.</summary>
    Hops = 2,

    /// <summary>Domains of links.</summary>
    Links = 4,

    /// <summary>Domains of From, Reply-To, the envelope sender and valid signatures.</summary>
    Senders = 8,
}

/// <summary>What an answer of a list means.</summary>
/// <param name="Symbol">Upper-case letters, digits and underscores.</param>
/// <param name="Score">Below 0 for lists of good senders.</param>
public sealed record ListCode(AnswerMask Answer, string Symbol, double Score);

/// <summary>One list of others, asked by DNS (RFC 5782).</summary>
/// <param name="Zone">ASCII, without the last dot.</param>
/// <param name="Test">A domain that is always listed, or "" for the RFC's: 127.0.0.2 for addresses, TEST for domains.</param>
public sealed record DnsList(string Zone, ListSubjects Ask, IReadOnlyList<ListCode> Codes, string Test = "")
{
    /// <summary>
    /// Lists that small sites may ask without an account. Each counts on a resolver of one's own: most refuse those that everybody uses.
    /// </summary>
    public static IReadOnlyList<DnsList> Ours { get; } =
    [
        new("zen.spamhaus.org", ListSubjects.Client,
        [
            Code("127.0.0.2", "LIST_SBL", 3.5), Code("127.0.0.3", "LIST_CSS", 3), Code("127.0.0.4-7", "LIST_XBL", 3.5),
                Code("127.0.0.9", "LIST_DROP", 5),
            Code("127.0.0.10-11", "LIST_PBL", 2),
        ]),
        new("bl.spamcop.net", ListSubjects.Client, [Code("127.0.0.2", "LIST_SPAMCOP", 2)]),
        new("psbl.surriel.com", ListSubjects.Client, [Code("127.0.0.2", "LIST_PSBL", 1.5)]),
        new("list.dnswl.org", ListSubjects.Client,
        [
            Code("127.0.*.0", "GOODLIST_NONE", -0.1), Code("127.0.*.1", "GOODLIST_LOW", -0.5), Code("127.0.*.2", "GOODLIST_MEDIUM", -1.5),
                Code("127.0.*.3", "GOODLIST_HIGH", -3),
        ]),
        new("dbl.spamhaus.org", ListSubjects.Links | ListSubjects.Senders,
        [
            Code("127.0.1.2", "LIST_DBL", 4), Code("127.0.1.4", "LIST_DBL_PHISH", 5), Code("127.0.1.5", "LIST_DBL_MALWARE", 5),
                Code("127.0.1.6", "LIST_DBL_BOTNET", 5),
            Code("127.0.1.102-106", "LIST_DBL_ABUSED", 1.5),
        ], "dbltest.com"),
        new("multi.surbl.org", ListSubjects.Links,
        [
            Code("127.0.0.&8", "LIST_SURBL_PHISH", 4), Code("127.0.0.&16", "LIST_SURBL_MALWARE", 4), Code("127.0.0.&64", "LIST_SURBL", 3),
                Code("127.0.0.&128", "LIST_SURBL_CRACKED", 1.5),
        ], "test.surbl.org"),
        new("multi.uribl.com", ListSubjects.Links, [Code("127.0.0.&2", "LIST_URIBL", 3), Code("127.0.0.&4", "LIST_URIBL_GREY", 0.5)],
            "test.uribl.com"),
    ];

    /// <summary>The list of ours with this zone, or null.</summary>
    public static DnsList? Known(string zone) => Ours.FirstOrDefault(l => l.Zone.Equals(zone, StringComparison.OrdinalIgnoreCase));

    private static ListCode Code(string answer, string symbol, double score) =>
        AnswerMask.TryParse(answer, out var mask) ? new(mask, symbol, score) : throw new FormatException(answer);
}
