using Aviso.Spam;

namespace Aviso.Settings;

public sealed class SpamSection : SettingsSection
{
    internal static readonly Table<SpamSection> Table = new("Spam filtering.");

    public bool Enabled => Get(EnabledKey);

    private static readonly Key<bool> EnabledKey = new(Table, "enabled", Types.Boolean, true,
        "Filter mail from strangers. Viruses are looked for all the same, where `antivirus.clamd` is set.")
    { Example = "false" };

    public double AddHeader => Get(AddHeaderKey);

    private static readonly Key<double> AddHeaderKey = new(Table, "add_header", Types.Score, 6,
        "From this score on mail is marked and filed in Junk.")
    { Example = "7.5" };

    public double Reject => Get(RejectKey);

    private static readonly Key<double> RejectKey = new(Table, "reject", Types.Score, 15,
        "From this score on mail is refused.")
    { Example = "20" };

    public bool Greylist => Get(GreylistKey);

    private static readonly Key<bool> GreylistKey = new(Table, "greylist", Types.Boolean, default,
        "Defer the first mail of unknown senders: who comes again after `greylist_delay` is known for 36 days. Mail to be marked is not deferred but marked; "
        + "relays, internal networks, proven senders who were good before, and people whom the recipient writes to are never deferred.")
    { Example = "true" };

    /// <summary>Null: of any score.</summary>
    public double? GreylistFrom => Given(GreylistFromKey);

    private static readonly Key<double> GreylistFromKey = new(Table, "greylist_from", Types.Score,
        "Defer only mail of at least this score.")
    { Example = "2", DefaultText = "of any score" };

    public TimeSpan GreylistDelay => Get(GreylistDelayKey);

    private static readonly Key<TimeSpan> GreylistDelayKey = new(Table, "greylist_delay", Types.Duration, TimeSpan.FromMinutes(5),
        "How long a deferred sender has to wait.")
    { Example = "2m" };

    /// <summary>Path of the administrator's rules; null: those that came with the program.</summary>
    public string? Rules => Find(RulesKey);

    private static readonly Key<string> RulesKey = new(Table, "rules", Types.Path,
        "A file of rules that are added to ours, and scores that replace ours; see docs/spam-rules.md.")
    { Example = "/etc/aviso/spam.rules", DefaultText = "only the rules that came with the program" };

    public bool LearnFromJunk => Get(LearnFromJunkKey);

    private static readonly Key<bool> LearnFromJunkKey = new(Table, "learn_from_junk", Types.Boolean, true,
        "Learn from what users move into and out of Junk, and from what they answer.")
    { Example = "false" };

    public IReadOnlyList<string> Allow => Get(AllowKey);

    private static readonly Key<IReadOnlyList<string>> AllowKey = new(Table, "allow", Types.ListOf(Types.Sender), [],
        "Senders whose mail is never junk: addresses, domains (with all below them), @domains (only these), IP addresses and networks. Names only count when SPF or DKIM proves "
        + "them. `aviso spam allow` adds more, for accounts too.")
    { Example = "[partner.example, boss@example.net]" };

    public IReadOnlyList<string> AllowUnproven => Get(AllowUnprovenKey);

    private static readonly Key<IReadOnlyList<string>> AllowUnprovenKey = new(Table, "allow_unproven", Types.ListOf(Types.Sender), [],
        "As `allow`, for senders who cannot prove who they are. Anybody can write in such a name.")
    { Example = "[alarms@device.example]" };

    public IReadOnlyList<string> Block => Get(BlockKey);

    private static readonly Key<IReadOnlyList<string>> BlockKey = new(Table, "block", Types.ListOf(Types.Sender), [],
        "Senders whose mail is refused. `aviso spam block` adds more; what an account blocks goes to its Junk.")
    { Example = "[nuisance.example, 203.0.113.0/24]" };

    public IReadOnlyList<string> Traps => Get(TrapsKey);

    private static readonly Key<IReadOnlyList<string>> TrapsKey = new(Table, "traps", Types.ListOf(Types.AddressPattern), [],
        "Addresses here that no person has and nobody was ever given. Mail to them is taken, teaches the filter what spam is, counts against its source and is delivered to nobody.")
    { Example = "[old-webmaster@example.org]" };

    public AntivirusSection Antivirus => Get(AntivirusKey);

    private static readonly Key<AntivirusSection> AntivirusKey = new(Table, "antivirus", new SectionType<AntivirusSection>(AntivirusSection.Table), new(),
        "Virus scanning.")
    { Example = "{ clamd: \"unix:/run/clamav/clamd.ctl\" }" };

    /// <summary>Null: ours.</summary>
    public IReadOnlyList<DnsListSection>? Lists => Find(ListsKey);

    private static readonly Key<IReadOnlyList<DnsListSection>> ListsKey = new(Table, "lists", Types.ListOf(new SectionType<DnsListSection>(DnsListSection.Table)),
        "Lists of others that are asked by DNS, instead of ours; [] asks nobody. Each must pass a self-test before it is believed. See docs/spam.md.")
    { Example = "[ { zone: zen.spamhaus.org }, { zone: bl.example, ask: [client], codes: [ { answer: 127.0.0.2, symbol: LIST_MINE, score: 2 } ] } ]", DefaultText = string.Join(", ", Aviso.Spam.DnsList.Ours.Select(l => l.Zone)), };

    /// <summary>Relative paths begin in the settings file's folder.</summary>
    internal void Root(string folder)
    {
        if (Rules is { } rules) Set(RulesKey, System.IO.Path.GetFullPath(rules, folder));
    }
}

public sealed class AntivirusSection : SettingsSection
{
    internal static readonly Table<AntivirusSection> Table = new("Scanning mail of strangers for viruses, by clamd.");

    internal static readonly ScalarType<ClamdAddress> Address = new("socket", "unix:/PATH or HOST:PORT",
        r => ClamdAddress.TryParse(r.Text, out var address) ? address : Parsed.No<ClamdAddress>(r.Text.StartsWith('/') ? $"say unix:{r.Text}" : null));

    /// <summary>Null: mail is not scanned.</summary>
    public ClamdAddress? Clamd => Find(ClamdKey);

    private static readonly Key<ClamdAddress> ClamdKey = new(Table, "clamd", Address,
        "Where clamd listens. It is asked whether `spam.enabled` is set or not; what happens while it cannot be asked says `unreachable`.")
    { Example = "\"unix:/run/clamav/clamd.ctl\"", DefaultText = "mail is not scanned" };

    public SpamAction Action => Get(ActionKey);

    private static readonly Key<SpamAction> ActionKey = new(Table, "action", Types.Words("action", ("reject", SpamAction.Reject), ("tag", SpamAction.Tag)), SpamAction.Reject,
        "What is done with a virus. reject: refused, with its name. tag: filed in Junk.")
    { Example = "tag" };

    /// <summary>Octets.</summary>
    public long MaxSize => Get(MaxSizeKey);

    private static readonly Key<long> MaxSizeKey = new(Table, "max_size", Types.Size, 25L << 20,
        "Larger mail is not scanned. clamd has a limit of its own, StreamMaxLength.")
    { Example = "50MB" };

    public TimeSpan Timeout => Get(TimeoutKey);

    private static readonly Key<TimeSpan> TimeoutKey = new(Table, "timeout", Types.Duration, TimeSpan.FromSeconds(5),
        "How long one message is waited for, at most 10s. Then clamd counts as away, or, when it answers others meanwhile, the message as too "
        + "much for it: that is filed in Junk.")
    { Example = "8s" };

    public Unscanned Unreachable => Get(UnreachableKey);

    private static readonly Key<Unscanned> UnreachableKey = new(Table, "unreachable",
        Types.Words("word", ("defer", Unscanned.Defer), ("accept", Unscanned.Accept)), Unscanned.Defer,
        "What is done with mail while clamd cannot be asked. defer: put off (451), so that it comes again. "
        + "accept: taken unscanned, which its header says.")
    { Example = "accept" };

    public TimeSpan DeferFor => Get(DeferForKey);

    private static readonly Key<TimeSpan> DeferForKey = new(Table, "defer_for", Types.Duration, TimeSpan.FromDays(1),
        "How long clamd may be away before mail is taken unscanned after all, with an error in the log: "
        + "senders give up after one to five days.")
    { Example = "3d" };
}

/// <summary>What the keys of this file must agree on, among themselves and with others.</summary>
internal static class SpamChecks
{
    public static void LimitsRise(SpamSection spam, Problems problems)
    {
        if (spam.Antivirus.Timeout > TimeSpan.FromSeconds(10))
            SettingsChecks.Say(problems, spam.Antivirus, "timeout", "must be at most 10s: a sender waits meanwhile");
        if (spam.GreylistFrom >= spam.AddHeader)
            SettingsChecks.Say(problems, spam, "greylist_from", "must be below `add_header`: mail to be marked is not deferred");
        if (spam.AddHeader >= spam.Reject)
            SettingsChecks.Say(problems, spam, spam.Has("reject") ? "reject" : "add_header", "must be above `add_header`: mail to be marked would be refused");
    }

    public static void TrapsAreNobodys(ServerSettings settings, Problems problems)
    {
        for (var i = 0; i < settings.Spam.Traps.Count; i++)
        {
            var (trap, key) = (settings.Spam.Traps[i], $"traps[{i}]");
            if (!DomainsChecks.IsDeclared(settings, trap)) SettingsChecks.Say(problems, settings.Spam, key, DomainsChecks.NotDeclared(settings, trap));
            if (settings.Accounts.FirstOrDefault(a => a.Address.Equals(trap, StringComparison.OrdinalIgnoreCase)) is { } account)
                SettingsChecks.Say(problems, settings.Spam, key, $"{trap} is an account on line {account.PlaceOf("address").Line}: somebody has it");
            else if (settings.Aliases.FirstOrDefault(a => !a.Trap && a.Address.Equals(trap, StringComparison.OrdinalIgnoreCase)) is { } alias)
                SettingsChecks.Say(problems, settings.Spam, key, $"{trap} is an alias on line {alias.PlaceOf("address").Line}: its mail would go to somebody");
        }
    }
}

/// <summary>What this part of the file says, in the words of those who do it.</summary>
internal static class SpamMapping
{
    public static AntivirusOptions Antivirus(ServerSettings settings) => new()
    {
        Clamd = settings.Spam.Antivirus.Clamd,
        Action = settings.Spam.Antivirus.Action,
        MaxSize = settings.Spam.Antivirus.MaxSize,
        Patience = settings.Spam.Antivirus.Timeout,
        Unreachable = settings.Spam.Antivirus.Unreachable,
        DeferFor = settings.Spam.Antivirus.DeferFor,
    };

    public static GreylistOptions Greylist(ServerSettings settings) => new()
    {
        Enabled = settings.Spam.Greylist,
        From = settings.Spam.GreylistFrom,
        Tag = settings.Spam.AddHeader,
        Delay = settings.Spam.GreylistDelay,
    };
}
