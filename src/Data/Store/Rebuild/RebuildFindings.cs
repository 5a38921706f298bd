namespace Aviso.Store.Rebuild;

/// <summary>What a rebuild meets on its way, kept for the report.</summary>
internal sealed class RebuildFindings
{
    private const int MostNamed = 10_000;

    public HashSet<long> Stored { get; } = [];

    public HashSet<long> Emails { get; } = [];

    public List<string> Lost { get; } = [];

    public List<string> Marked { get; } = [];

    public List<string> Locked { get; } = [];

    public List<string> Held { get; } = [];

    public List<string> NewUidValidity { get; } = [];

    public int Accounts { get; set; }

    public int Mailboxes { get; set; }

    public int Entries { get; set; }

    public int Queued { get; set; }

    public int LeftOut { get; set; }

    public RebuildReport Report(Knowledge known, BodyCatalogue bodies) => new(
        Accounts, Mailboxes, Entries, Queued, LeftOut, bodies.Lost.Count + bodies.Bodies.Values.Count(body => body.Fault is not null), Unknown(known))
    {
        Lost = Named([.. bodies.Lost, .. Lost]),
        Marked = Named(Marked),
        Locked = Locked,
        Held = Named(Held),
        NewUidValidity = NewUidValidity,
        Notes = known.Notes,
    };

    private static List<string> Unknown(Knowledge known)
    {
        var unknown = new List<string>
        {
            "expunged messages in the undelete window: they are left out, their octets stay until compaction",
            "attempts and replies of queued messages: they are due at once; one whose end was not yet in the journal is sent again",
            "flags, moves and expunges of the last moments before the loss: the journal is not synced with each",
        };
        if (known.KnowsDocuments) return unknown;
        unknown.Add("second factors, passkeys and app passwords may be lacking: accounts without a known second factor are locked until `aviso account totp ADDRESS disable`");
        unknown.Add("Sieve scripts, DKIM keys, the SRS secret, bans, reports, certificates and the ACME account may be lacking or old: see `aviso sieve list`, `aviso dkim list`, `aviso decisions list`");
        unknown.Add("passwords, aliases, domains and grants made by verbs, annotations of mailboxes may be lacking or old");
        return unknown;
    }

    private static IReadOnlyList<string> Named(List<string> all) =>
        all.Count <= MostNamed ? all : [.. all.Take(MostNamed), $"and {all.Count - MostNamed} more"];
}
