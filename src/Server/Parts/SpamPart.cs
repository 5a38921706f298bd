using Aviso.Accounts;
using Aviso.Dns;
using Aviso.Guard;
using Aviso.Jmap;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>What the filter of a running server asks of its surroundings.</summary>
internal sealed record SpamAround(IMailStore Store, IResolver Resolver, Func<string, bool> IsOwnDomain, IEvidence Evidence, MailVerifier Verifier);

/// <summary>
/// The spam filter and what it learns: DATA/spam.db, the classifier, reputation, correspondents, and the reader of the change log. Damage to
/// spam.db costs what was learned, never mail: without it the filter goes on with the checks that need no memory.
/// </summary>
internal sealed class SpamPart : IPart
{
    // A virus scan may take ten of them.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(12);

    private readonly SpamAround? _around;
    private readonly SpamMemory? _memory;
    private readonly ContactAddresses? _contacts;
    private readonly AntivirusCheck _antivirus;
    private readonly RulesInForce _rules = new(RuleSet.BuiltIn);
    private readonly ILogger _log;

    private SpamPart(ServerSettings settings, SpamAround? around, TimeProvider clock, ILogger log)
    {
        (_around, _log, _antivirus) = (around, log, new(clock, log));
        _memory = SpamMemory.Open(settings.Data, around is not null, clock, log);
        Traps = new(clock, log) { Words = _memory?.Words, Reputation = _memory?.Reputation, Evidence = around?.Evidence };
        var checks = new List<ISpamCheck>();
        if (around is not null)
        {
            checks.AddRange([
                Lists = new DnsListCheck(around.Resolver, clock, log), new SenderListCheck(Senders = new(around.Store, clock)), _antivirus,
            ]);
        }
        if (_memory is not null) checks.AddRange(_memory.Checks);
        if (_memory is not null && around is not null)
        {
            _contacts = new(around.Store);
            _memory.Correspondents.IsContact = _contacts.HasAsync;
        }
        Asked = Make(settings, checks, clock);
        Scanner = new(Options(settings), [_antivirus], clock, log);
        Filter = _memory is null ? Asked : Make(settings, [.. checks, new TrapCheck(), .. _memory.Remembering], clock);
        if (_memory is not null && around is not null)
        {
            Learner = new(around.Store, _memory.Words, _memory.Correspondents, _memory.Reputation, _memory.File, clock, log) { Enabled = Learns(settings) };
            Learner.Start();
        }
        Take(settings);
    }

    public string Name => "spam";

    /// <summary>For arriving mail: what it decides is remembered as reputation.</summary>
    public SpamFilter Filter { get; }

    /// <summary>Looks for viruses only.</summary>
    public SpamFilter Scanner { get; }

    /// <summary>For verbs and /checkv2: asking teaches nothing.</summary>
    public SpamFilter Asked { get; }

    /// <summary>Whoever asks is told what the DNS says too.</summary>
    public bool AsksDns => _around is not null;

    /// <summary>How long the virus scanner has not answered; null: it does, or there is none.</summary>
    public TimeSpan? ScannerSilentFor => _antivirus.SilentFor;

    /// <summary>Null when spam.db can not be used.</summary>
    public LearnedWords? Words => _memory?.Words;

    /// <summary>Null as <see cref="Words"/>. Who submits mail tells it whom they write to.</summary>
    public Correspondents? Correspondents => _memory?.Correspondents;

    /// <summary>Null without a running server.</summary>
    public DnsListCheck? Lists { get; }

    /// <summary>Null without a running server.</summary>
    public SenderLists? Senders { get; }

    public SpamTraps Traps { get; }

    /// <summary>Where everything that was learned is kept; null without spam.db.</summary>
    public RowFile? Learned => _memory?.File;

    /// <summary>Null without a running server, or without spam.db.</summary>
    public JunkLearner? Learner { get; }

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var book = site.The<AccountBook>();
        var around = new SpamAround(site.The<SqliteMailStore>(), site.The<IResolver>(), domain => book.Table.IsLocalDomain(domain),
            site.The<Gatekeeper>(), site.The<MailVerifier>());
        var part = site.Put(new SpamPart(settings, around, site.Clock, site.Log("Spam")));
        // What verbs have added.
        if (part.Senders is { } senders) await senders.LoadAsync(cancel);
        return part;
    }

    /// <summary>Without a running server: nobody is asked, and nothing follows the change log.</summary>
    public static SpamPart Alone(ServerSettings settings, TimeProvider clock, ILogger log) => new(settings, null, clock, log);

    /// <summary>
    /// Judges a message of a file or a request; where it is said from whom it came, with what the DNS says of that. Asking teaches nothing.
    /// </summary>
    public async ValueTask<SpamVerdict> AskAsync(SpamInput input, CancellationToken cancel)
    {
        if (_around is not null && input is { Client: { } client, IsSubmission: false })
        {
            var asked = new AuthInput(client, input.Helo, input.Sender, input.Body) { SignaturesOnly = input.IsInternal };
            input = input with { Auth = await _around.Verifier.VerifyAsync(asked, cancel) };
        }
        return await Asked.CheckAsync(input, cancel);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Take(now);
        if (Learner is { } learner) learner.Enabled = Learns(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        if (Learner is { } learner) await learner.DisposeAsync();
        if (_memory is { } memory) await memory.DisposeAsync();
        _contacts?.Dispose();
    }

    private static bool Learns(ServerSettings settings) => settings.Spam is { Enabled: true, LearnFromJunk: true };

    private SpamFilter Make(ServerSettings settings, IReadOnlyList<ISpamCheck> checks, TimeProvider clock) =>
        new(Options(settings), [.. BuiltInChecks.All(_rules), .. checks], clock, _log);

    private SpamFilterOptions Options(ServerSettings settings) =>
        new() { Rules = _rules, Tag = settings.Spam.AddHeader, Reject = settings.Spam.Reject, Budget = Budget };

    private void Take(ServerSettings settings)
    {
        var spam = settings.Spam;
        if (Lists is not null && _around is not null) Lists.Options = SpamListsMapping.DnsLists(settings, _around.IsOwnDomain);
        Filter.Options = Asked.Options = Scanner.Options = Options(settings);
        Senders?.Declare([.. Entries(spam.Allow, true), .. Entries(spam.AllowUnproven, false)], [.. Entries(spam.Block, false)]);
        Traps.Declare(spam.Traps.Concat(settings.Aliases.Where(a => a.Trap).Select(a => a.Address)));
        _antivirus.Options = SpamMapping.Antivirus(settings);
        if (_memory is not null) _memory.Greylist.Options = SpamMapping.Greylist(settings);
        else if (spam.Greylist && _around is not null) _log.NobodyIsGreylisted(SpamMemory.FileName);
        TakeRules(spam.Rules);
    }

    /// <summary>Takes the administrator's rules; what is wrong with them leaves those that were in force.</summary>
    private void TakeRules(string? path)
    {
        if (path is null)
        {
            _rules.Rules = RuleSet.BuiltIn;
            return;
        }
        try
        {
            var rules = RuleSet.WithFile(File.ReadAllText(path), out var problems);
            foreach (var problem in problems) _log.RuleProblem(path, problem);
            if (rules is not null && problems.Count == 0) _rules.Rules = rules;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.RulesNotRead(path, e.Message);
        }
    }

    private static IEnumerable<SenderEntry> Entries(IEnumerable<string> texts, bool needsProof) =>
        texts.Select(t => SenderEntry.Parse(t, needsProof, out _)).OfType<SenderEntry>();
}
