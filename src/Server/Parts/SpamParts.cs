using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// The spam filter and what it learns: DATA/spam.db, the classifier, reputation, correspondents, and the reader of the change log. Damage to
/// spam.db costs what was learned, never mail: without it the filter goes on with the checks that need no memory.
/// </summary>
internal sealed class SpamParts : IAsyncDisposable
{
    public const string FileName = "spam.db";

    // A virus scan may take ten of them.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(12);

    private readonly RunningParts _running = new();
    private readonly SpamAround? _around;
    private readonly AntivirusCheck _antivirus;
    private readonly DnsListCheck? _lists;
    private Greylist? _greylist;

    private SpamParts(SpamAround? around, TimeProvider clock, ILogger log)
    {
        _around = around;
        _antivirus = new(clock, log);
        Traps = new(clock, log);
        if (around is not null) _lists = new(around.Resolver, clock, log);
    }

    /// <summary>For arriving mail: what it decides is remembered as reputation.</summary>
    public SpamFilter Filter { get; private set; } = null!;

    /// <summary>For verbs and /checkv2: asking teaches nothing.</summary>
    public SpamFilter Asked { get; private set; } = null!;

    /// <summary>Null without a running server: nobody asks the DNS then.</summary>
    public MailVerifier? Verifier { get; set; }

    public RulesInForce Rules { get; } = new(RuleSet.BuiltIn);

    /// <summary>Null when spam.db can not be used.</summary>
    public LearnedWords? Words { get; private set; }

    /// <summary>Null as <see cref="Words"/>. Who submits mail tells it whom they write to.</summary>
    public Correspondents? Correspondents { get; private set; }

    /// <summary>Null without a running server.</summary>
    public DnsListCheck? Lists => _lists;

    /// <summary>Null without a store.</summary>
    public SenderLists? Senders { get; private set; }

    public SpamTraps Traps { get; private set; }

    /// <summary>Null without a store.</summary>
    public JunkLearner? Learner { get; private set; }

    /// <param name="store">Null for a verb without a running server: nothing follows the change log then.</param>
    /// <param name="around">Null for a verb without a running server: nobody is asked then.</param>
    public static SpamParts Start(ServerSettings settings, IMailStore? store, TimeProvider clock, ILogger log, SpamAround? around = null)
    {
        var parts = new SpamParts(around, clock, log);
        var checks = new List<ISpamCheck>();
        if (parts._lists is { } lists) checks.Add(lists);
        if (store is not null) checks.Add(new SenderListCheck(parts.Senders = new(store, clock)));
        if (around is not null) checks.Add(parts._antivirus);
        if (Open(settings.Data, store is not null, clock, log) is { } file)
        {
            parts._running.Add(file);
            parts.Words = parts._running.Add(new LearnedWords(file, clock, log));
            parts.Correspondents = new(file, clock);
            var reputation = parts._running.Add(new Reputation(file, clock));
            checks.AddRange([new WordsCheck(parts.Words, startsKnowing: true), new ReputationCheck(reputation), new TrustCheck(parts.Correspondents)]);
            parts._greylist = new(file, reputation, clock);
            parts.Traps = new(clock, log) { Words = parts.Words, Reputation = reputation, Evidence = around?.Evidence };
            parts.Filter = parts.Make(settings, [.. checks, new TrapCheck(), parts._greylist, new ReputationNotes(reputation)], clock, log);
            if (store is not null)
            {
                parts.Learner = parts._running.Add(new JunkLearner(store, parts.Words, parts.Correspondents, reputation, file, clock, log)
                {
                    Enabled = settings.Spam is { Enabled: true, LearnFromJunk: true },
                });
                parts.Learner.Start();
            }
        }
        parts.Asked = parts.Make(settings, checks, clock, log);
        parts.Filter ??= parts.Asked;
        parts.Take(settings, log);
        return parts;
    }

    private SpamFilter Make(ServerSettings settings, IReadOnlyList<ISpamCheck> checks, TimeProvider clock, ILogger log) =>
        new(Options(settings), [.. BuiltInChecks.All(Rules), .. checks], clock, log);

    private SpamFilterOptions Options(ServerSettings settings) =>
        new() { Rules = Rules, Tag = settings.Spam.AddHeader, Reject = settings.Spam.Reject, Budget = Budget };

    /// <summary>
    /// Judges a message of a file or a request; where it is said from whom it came, with what the DNS says of that. Asking teaches nothing.
    /// </summary>
    public async ValueTask<SpamVerdict> AskAsync(SpamInput input, CancellationToken cancel)
    {
        if (Verifier is { } verifier && input is { Client: { } client, IsSubmission: false })
            input = input with { Auth = await verifier.VerifyAsync(new(client, input.Helo, input.Sender, input.Body) { SignaturesOnly = input.IsInternal }, cancel) };
        return await Asked.CheckAsync(input, cancel);
    }

    /// <summary>Takes the administrator's rules; what is wrong with them leaves those that were in force.</summary>
    public void Take(ServerSettings settings, ILogger log)
    {
        TakeLists(settings);
        Filter.Options = Asked.Options = Options(settings);
        var spam = settings.Spam;
        Senders?.Declare([.. Entries(spam.Allow, true), .. Entries(spam.AllowUnproven, false)], [.. Entries(spam.Block, false)]);
        Traps.Declare(spam.Traps.Concat(settings.Aliases.Where(a => a.Trap).Select(a => a.Address)));
        _antivirus.Options = new() { Clamd = spam.Antivirus.Clamd, Action = spam.Antivirus.Action, MaxSize = spam.Antivirus.MaxSize, Patience = spam.Antivirus.Timeout };
        if (_greylist is not null) _greylist.Options = new() { Enabled = spam.Greylist, From = spam.GreylistFrom, Tag = spam.AddHeader, Delay = spam.GreylistDelay };
        else if (spam.Greylist && _around is not null) log.LogError("{File} can not be used: nobody is greylisted", FileName);
        if (settings.Spam.Rules is not { } path)
        {
            Rules.Rules = RuleSet.BuiltIn;
            return;
        }
        try
        {
            var rules = RuleSet.WithFile(File.ReadAllText(path), out var problems);
            foreach (var problem in problems) log.LogError("{File}: {Problem}", path, problem);
            if (rules is not null && problems.Count == 0) Rules.Rules = rules;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError("{File} cannot be read, the rules stay as they were: {Problem}", path, e.Message);
        }
    }

    /// <summary>Reads what verbs have added to the lists of senders.</summary>
    public Task LoadAsync(CancellationToken cancel) => Senders?.LoadAsync(cancel) ?? Task.CompletedTask;

    private static IEnumerable<SenderEntry> Entries(IEnumerable<string> texts, bool needsProof) => texts.Select(t => SenderEntry.Parse(t, needsProof, out _)).OfType<SenderEntry>();

    private void TakeLists(ServerSettings settings)
    {
        if (_lists is null || _around is not { } around) return;
        var ours = new Networks([.. settings.Networks.Internal, .. settings.Networks.Proxies, .. settings.Networks.TrustedRelays]);
        _lists.Options = new()
        {
            Lists = settings.Spam.Lists is { } given ? [.. given.Select(l => l.ToList()!)] : DnsList.Ours,
            IsOwnAddress = ours.Contains,
            IsOwnDomain = around.IsOwnDomain,
        };
    }

    // A verb makes no file where there is none.
    private static RowFile? Open(string data, bool make, TimeProvider clock, ILogger log)
    {
        var path = Path.Combine(data, FileName);
        if (!make && !File.Exists(path)) return null;
        try
        {
            return RowFile.Open(path, clock, log);
        }
        catch (IOException e)
        {
            log.LogError(e, "{File} can not be used: the spam filter goes on without what was learned", path);
            return null;
        }
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();
}

/// <summary>What the filter of a running server asks of its surroundings.</summary>
internal sealed record SpamAround(IResolver Resolver, Func<string, bool> IsOwnDomain, IEvidence Evidence);
