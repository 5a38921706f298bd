using Aviso.Net;
using Aviso.Spam;

namespace Aviso.Settings;

/// <summary>One list of others, asked by DNS.</summary>
public sealed class DnsListSection : SettingsSection
{
    internal static readonly Table<DnsListSection> Table = new("One list of others, asked by DNS (RFC 5782).");

    private static readonly WordType<ListSubjects> Subjects = Types.Words("subject", ("client", ListSubjects.Client), ("hops", ListSubjects.Hops),
        ("links", ListSubjects.Links), ("senders", ListSubjects.Senders));

    public string Zone => Get(ZoneKey);

    private static readonly Key<string> ZoneKey = new(Table, "zone", Types.Domain, "",
        "The name the list is asked under.")
    { Required = true, Example = "zen.spamhaus.org" };

    /// <summary>Empty: what the list of ours with this zone is asked.</summary>
    public IReadOnlyList<ListSubjects> Ask => Get(AskKey);

    private static readonly Key<IReadOnlyList<ListSubjects>> AskKey = new(Table, "ask", Types.ListOf(Subjects), [],
        "What it is asked about. client: the address that sends. hops: addresses in Received fields. links: domains of links. senders: domains of From, Reply-To, the "
        + "envelope sender and valid signatures.")
    { Example = "[client]", DefaultText = "for the lists that came with the program, theirs" };

    /// <summary>Empty: those of ours with this zone.</summary>
    public IReadOnlyList<ListCodeSection> Codes => Get(CodesKey);

    private static readonly Key<IReadOnlyList<ListCodeSection>> CodesKey = new(Table, "codes", Types.ListOf(new SectionType<ListCodeSection>(ListCodeSection.Table)), [],
        "What its answers mean.")
    { Example = "[ { answer: 127.0.0.2, symbol: LIST_MINE, score: 3 } ]", DefaultText = "for the lists that came with the program, theirs" };

    public string Test => Get(TestKey);

    private static readonly Key<string> TestKey = new(Table, "test", Types.Domain, "",
        "A domain that is always listed, for the self-test of a list of domains. Lists of addresses are tested with 127.0.0.2 and 127.0.0.1.")
    { Example = "dbltest.com", DefaultText = "TEST, as RFC 5782 has it" };

    /// <summary>Null when the zone is none of ours and codes or questions are missing.</summary>
    internal DnsList? ToList()
    {
        var known = DnsList.Known(Zone);
        if ((Ask.Count == 0 || Codes.Count == 0) && known is null) return null;
        var ask = Ask.Count == 0 ? known!.Ask : Ask.Aggregate(ListSubjects.None, (all, one) => all | one);
        return new(Zone, ask, Codes.Count == 0 ? known!.Codes : [.. Codes.Select(c => new ListCode(c.Answer, c.Symbol, c.Score))], Test.Length == 0 ? known?.Test ?? "" : Test);
    }
}

/// <summary>What an answer of a list means.</summary>
public sealed class ListCodeSection : SettingsSection
{
    internal static readonly Table<ListCodeSection> Table = new("What an answer of a list means.");

    private static readonly AnswerMask Any = AnswerMask.TryParse("127.*.*.*", out var any) ? any : throw new InvalidOperationException();

    private static readonly ScalarType<AnswerMask> Mask = new("answer", "an answer such as 127.0.0.2, 127.0.0.4-7, 127.0.*.3 or 127.0.0.&64",
        r => AnswerMask.TryParse(r.Text, out var mask) ? mask : Parsed.No<AnswerMask>(), m => m.ToString());

    private static readonly ScalarType<string> Name = new("symbol", "a name of capital letters, digits and underscores, at most 40",
        r => r.Text.Length is > 0 and <= 40 && r.Text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_') ? r.Text : Parsed.No<string>(),
        pattern: "^[A-Z0-9_]{1,40}$");

    public AnswerMask Answer => Get(AnswerKey);

    private static readonly Key<AnswerMask> AnswerKey = new(Table, "answer", Mask, Any,
        "The address it answers. Each number may be a range (4-7), any (*) or bits of which one is set (&64).")
    { Required = true, Example = "127.0.0.2" };

    public string Symbol => Get(SymbolKey);

    private static readonly Key<string> SymbolKey = new(Table, "symbol", Name, "",
        "The name of the finding.")
    { Required = true, Example = "LIST_MINE" };

    public double Score => Get(ScoreKey);

    private static readonly Key<double> ScoreKey = new(Table, "score", Types.Score, default,
        "Its points; below 0 for lists of good senders.")
    { Required = true, Example = "2.5" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class SpamListsChecks
{
    private const int MostLists = 30;

    public static void SpamListsAreWhole(SpamSection spam, Problems problems)
    {
        foreach (var list in spam.Lists ?? [])
        {
            if (list.Zone.Length > 0 && list.ToList() is null)
                SettingsChecks.Say(problems, list, "zone", $"{list.Zone} is no list that came with the program: say what it is asked (`ask`) and what its answers mean (`codes`)");
        }
        if (spam.Lists is { Count: > MostLists }) SettingsChecks.Say(problems, spam, "lists", $"has more than {MostLists} lists");
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class SpamListsMapping
{
    public static DnsListOptions DnsLists(ServerSettings settings, Func<string, bool> isOwnDomain)
    {
        var ours = new Networks([.. settings.Networks.Internal, .. settings.Networks.Proxies, .. settings.Networks.TrustedRelays]);
        return new()
        {
            Lists = settings.Spam.Lists is { } given ? [.. given.Select(l => l.ToList()).OfType<DnsList>()] : DnsList.Ours,
            IsOwnAddress = ours.Contains,
            IsOwnDomain = isOwnDomain,
        };
    }
}
