using Aviso.Spam;

namespace Aviso.Settings;

/// <summary>One list of others, asked by DNS.</summary>
public sealed class DnsListSection : SettingsSection
{
    public string Zone { get; private set; } = "";

    /// <summary>Empty: what the list of ours with this zone is asked.</summary>
    public IReadOnlyList<ListSubjects> Ask { get; private set; } = [];

    /// <summary>Empty: those of ours with this zone.</summary>
    public IReadOnlyList<ListCodeSection> Codes { get; private set; } = [];

    public string Test { get; private set; } = "";

    /// <summary>Null when the zone is none of ours and codes or questions are missing.</summary>
    internal DnsList? ToList()
    {
        var known = DnsList.Known(Zone);
        if ((Ask.Count == 0 || Codes.Count == 0) && known is null) return null;
        var ask = Ask.Count == 0 ? known!.Ask : Ask.Aggregate(ListSubjects.None, (all, one) => all | one);
        return new(Zone, ask, Codes.Count == 0 ? known!.Codes : [.. Codes.Select(c => new ListCode(c.Answer, c.Symbol, c.Score))], Test.Length == 0 ? known?.Test ?? "" : Test);
    }

    private static readonly WordType<ListSubjects> Subjects = Types.Words("subject", ("client", ListSubjects.Client), ("hops", ListSubjects.Hops),
        ("links", ListSubjects.Links), ("senders", ListSubjects.Senders));

    internal static readonly Table<DnsListSection> Table = new("One list of others, asked by DNS (RFC 5782).",
    [
        new Key<DnsListSection, string>("zone", Types.Domain, s => s.Zone, (s, v) => s.Zone = v, "The name the list is asked under.")
            { Required = true, Example = "zen.spamhaus.org" },
        new Key<DnsListSection, IReadOnlyList<ListSubjects>>("ask", Types.ListOf(Subjects), s => s.Ask, (s, v) => s.Ask = v,
            "What it is asked about. client: the address that sends. hops: addresses in Received fields. links: domains of links. senders: domains of From, Reply-To, the "
            + "envelope sender and valid signatures.") { Example = "[client]", DefaultText = "for the lists that came with the program, theirs" },
        new Key<DnsListSection, IReadOnlyList<ListCodeSection>>("codes", Types.ListOf(new SectionType<ListCodeSection>(ListCodeSection.Table)), s => s.Codes,
            (s, v) => s.Codes = v, "What its answers mean.")
            { Example = "[ { answer: 127.0.0.2, symbol: LIST_MINE, score: 3 } ]", DefaultText = "for the lists that came with the program, theirs" },
        new Key<DnsListSection, string>("test", Types.Domain, s => s.Test, (s, v) => s.Test = v,
            "A domain that is always listed, for the self-test of a list of domains. Lists of addresses are tested with 127.0.0.2 and 127.0.0.1.")
            { Example = "dbltest.com", DefaultText = "TEST, as RFC 5782 has it" },
    ]);
}

/// <summary>What an answer of a list means.</summary>
public sealed class ListCodeSection : SettingsSection
{
    public AnswerMask Answer { get; private set; } = Any;

    public string Symbol { get; private set; } = "";

    public double Score { get; private set; }

    private static readonly AnswerMask Any = AnswerMask.TryParse("127.*.*.*", out var any) ? any : throw new InvalidOperationException();

    private static readonly ScalarType<AnswerMask> Mask = new("answer", "an answer such as 127.0.0.2, 127.0.0.4-7, 127.0.*.3 or 127.0.0.&64",
        r => AnswerMask.TryParse(r.Text, out var mask) ? mask : Parsed.No<AnswerMask>(), m => m.ToString());

    private static readonly ScalarType<string> Name = new("symbol", "a name of capital letters, digits and underscores, at most 40",
        r => r.Text.Length is > 0 and <= 40 && r.Text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_') ? r.Text : Parsed.No<string>(),
        pattern: "^[A-Z0-9_]{1,40}$");

    internal static readonly Table<ListCodeSection> Table = new("What an answer of a list means.",
    [
        new Key<ListCodeSection, AnswerMask>("answer", Mask, s => s.Answer, (s, v) => s.Answer = v,
            "The address it answers. Each number may be a range (4-7), any (*) or bits of which one is set (&64).") { Required = true, Example = "127.0.0.2" },
        new Key<ListCodeSection, string>("symbol", Name, s => s.Symbol, (s, v) => s.Symbol = v, "The name of the finding.") { Required = true, Example = "LIST_MINE" },
        new Key<ListCodeSection, double>("score", Types.Score, s => s.Score, (s, v) => s.Score = v, "Its points; below 0 for lists of good senders.")
            { Required = true, Example = "2.5" },
    ]);
}

public sealed class AntivirusSection : SettingsSection
{
    /// <summary>Null: mail is not scanned.</summary>
    public ClamdAddress? Clamd { get; private set; }

    public SpamAction Action { get; private set; } = SpamAction.Reject;

    /// <summary>Octets.</summary>
    public long MaxSize { get; private set; } = 25L << 20;

    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(5);

    internal static readonly ScalarType<ClamdAddress> Address = new("socket", "unix:/PATH or HOST:PORT",
        r => ClamdAddress.TryParse(r.Text, out var address) ? address : Parsed.No<ClamdAddress>(r.Text.StartsWith('/') ? $"say unix:{r.Text}" : null));

    internal static readonly Table<AntivirusSection> Table = new("Scanning mail of strangers for viruses, by clamd.",
    [
        new Key<AntivirusSection, ClamdAddress>("clamd", Address, s => s.Clamd, (s, v) => s.Clamd = v,
            "Where clamd listens. While it cannot be asked, mail is taken unscanned, and its header says so.")
            { Example = "\"unix:/run/clamav/clamd.ctl\"", DefaultText = "mail is not scanned" },
        new Key<AntivirusSection, SpamAction>("action", Types.Words("action", ("reject", SpamAction.Reject), ("tag", SpamAction.Tag)), s => s.Action, (s, v) => s.Action = v,
            "What is done with a virus. reject: refused, with its name. tag: filed in Junk.") { Example = "tag" },
        new Key<AntivirusSection, long>("max_size", Types.Size, s => s.MaxSize, (s, v) => s.MaxSize = v,
            "Larger mail is not scanned. clamd has a limit of its own, StreamMaxLength.") { Example = "50MB" },
        new Key<AntivirusSection, TimeSpan>("timeout", Types.Duration, s => s.Timeout, (s, v) => s.Timeout = v,
            "How long one message is waited for, at most 10s; after that it is taken unscanned.") { Example = "8s" },
    ]);
}
