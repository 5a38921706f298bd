using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests;
using Aviso.Tests.Unit.Spam;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>
/// How well the filter tells spam from ham on mail it has not seen: learns 1,000 ham and 1,000 spam of one half of the corpus and judges
/// the other, without DNS, beside Rspamd with the same. `./dev bench quality [--tune] [--fit] [--first-day] [--make-start] [--write]
/// [--no-peer] [--misses]`; --tune stays within the half that settings are chosen on and asks no Rspamd; --fit fits what brings the
/// learners together, on the same half.
/// </summary>
internal sealed partial class Quality(IReadOnlyList<CorpusMessage> corpus, string folder)
{
    private const int Learned = 1000;
    private const int Rounds = 3;
    private const double Tag = 6;

    private readonly BodySpool _spool = new(folder, 1L << 30);

    public static async Task RunAsync(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("aviso-quality-").FullName;
        try
        {
            if (args.Contains("--make-start"))
            {
                await StartLetters.MakeAsync(folder);
                return;
            }
            var quality = new Quality(await SpamCorpus.LoadAsync(), folder);
            if (args.Contains("--fit")) await quality.FitAsync();
            else if (args.Contains("--first-day")) await quality.FirstDayAsync(args.Contains("--misses"));
            else if (args.Contains("--tune")) await quality.TuneAsync(args.Contains("--misses"));
            else await quality.ReportAsync(args.Contains("--write"), args.Contains("--misses"), args.Contains("--no-peer"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task TuneAsync(bool misses)
    {
        var results = new List<Judged>();
        for (var round = 0; round < Rounds; round++)
        {
            var (learn, rest) = Draw(corpus.Where(m => m.IsForTuning), round);
            results.AddRange(await JudgeAsync(learn, rest));
        }
        Console.WriteLine(Summary("tuning half", results) + Undisputed(results));
        Console.WriteLine(BySource(results));
        Console.WriteLine(await UnseenAsync([.. corpus.Where(m => m.IsForTuning)]));
        var (known, _) = Draw(corpus.Where(m => m.IsForTuning), 100);
        var (ham, spam) = (await JudgeAsync(known, Modern()), await JudgeAsync(known, Modern("modern-spam", isSpam: true)));
        Console.WriteLine(Line($"today: {Share(ham)} of ham tagged, highest {ham.Max(m => m.Score):0.0}; {Share(spam)} of spam"));
        if (misses) Misses(results);
    }

    /// <summary>With nothing learned: the rules alone, and with what is shipped.</summary>
    private async Task FirstDayAsync(bool misses)
    {
        CorpusMessage[] all = [.. corpus, .. Modern(), .. Modern("modern-spam", isSpam: true)];
        foreach (var start in new[] { null, StartingWords.Shipped })
        {
            var judged = await JudgeWithAsync([], all, start);
            Console.WriteLine($"## {(start is null ? "rules alone" : "with starting knowledge")}\n\n{Summary("first day", judged)}\n{BySource(judged)}");
            if (misses && start is not null) Misses(judged);
        }
        var (bare, known) = (await JudgeWithAsync([], Modern(), null, proven: true), await JudgeAsync([], Modern(), proven: true));
        Console.WriteLine($"proven modern ham: {bare.Count(m => m.Score >= Tag)} tagged, highest {bare.Max(m => m.Score):0.0}; with starting knowledge {known.Count(m => m.Score >= Tag)}, {known.Max(m => m.Score):0.0}");
    }

    /// <param name="noPeer">Rspamd is not asked; its table stays as it is.</param>
    private async Task ReportAsync(bool write, bool misses, bool noPeer)
    {
        var results = new List<Judged>();
        CorpusMessage[] others = [.. corpus.Where(m => !m.IsForTuning)];
        var lessons = Enumerable.Range(0, Rounds).Select(round => Draw(corpus.Where(m => m.IsForTuning), 100 + round).Learn).ToList();
        foreach (var learn in lessons) results.AddRange(await JudgeAsync(learn, others));
        var theirs = noPeer ? OnThePage(PeerTable) : Summary(PeerTable, await JudgedByRspamdAsync(lessons, others));
        var unseen = await UnseenAsync(corpus);
        var (known, _) = Draw(corpus.Where(m => m.IsForTuning), 100);
        var (modern, proven) = (await JudgeAsync(known, Modern()), await JudgeAsync(known, Modern(), proven: true));
        var page = $"{Summary("the other half", results)}{Undisputed(results)}\n{theirs}\n{BySource(results)}\n{ByYear(results)}\n"
            + $"{unseen}\n"
            + Line($"Of the {modern.Count} invented good messages of today (`tests/Tests/Data/modern-ham`) {modern.Count(m => m.Score >= Tag)} are tagged with the words of the first draw, the highest has {modern.Max(m => m.Score):0.0}; when SPF, DKIM and DMARC prove their senders, {proven.Count(m => m.Score >= Tag)} and {proven.Max(m => m.Score):0.0}.\n");
        Console.WriteLine(page);
        if (misses) Misses(results);
        if (write) Write(page);
    }

    private const string PeerTable = "the same, Rspamd with the same learned";

    private static async Task<List<Judged>> JudgedByRspamdAsync(
        IEnumerable<IReadOnlyList<CorpusMessage>> lessons, IReadOnlyList<CorpusMessage> others)
    {
        var judged = new List<Judged>();
        await using var rspamd = await RspamdPeer.StartAsync();
        foreach (var learn in lessons)
        {
            await rspamd.ForgetAsync();
            await rspamd.LearnAsync(learn);
            judged.AddRange((await rspamd.ScoresAsync(others)).Select(s => new Judged(s.Message, s.Score, [])));
        }
        return judged;
    }

    /// <summary>Learns from all sources but one and judges that one.</summary>
    private async Task<string> UnseenAsync(IReadOnlyList<CorpusMessage> of)
    {
        var table = new StringBuilder("| source left out of learning | messages | tagged |\n|---|---|---|\n");
        foreach (var source in of.Select(m => m.Source).Distinct().Order(StringComparer.Ordinal))
        {
            var (learn, _) = Draw(of.Where(m => m.Source != source), 200);
            var judged = await JudgeAsync(learn, [.. of.Where(m => m.Source == source)]);
            table.Append(Line($"| {source} | {judged.Count} | {Share(judged)} |\n"));
        }
        return table.ToString();
    }

    private static CorpusMessage[] Modern(string kind = "modern-ham", bool isSpam = false) =>
        [.. Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "Tests", "Data", kind), "*.eml").Order(StringComparer.Ordinal)
            .Select(file => new CorpusMessage(Path.GetFileNameWithoutExtension(file), kind, isSpam, 2026, File.ReadAllBytes(file)))];

    /// <summary>Learns and judges. The filter has no DNS, no authentication and no client address: files on a disk.</summary>
    private async Task<List<Judged>> JudgeAsync(IReadOnlyList<CorpusMessage> learn, IReadOnlyList<CorpusMessage> judge,
        bool proven = false) =>
        await JudgeWithAsync(learn, judge, StartingWords.Shipped, proven);

    private async Task<List<Judged>> JudgeWithAsync(
        IReadOnlyList<CorpusMessage> learn, IReadOnlyList<CorpusMessage> judge, StartingWords? start, bool proven = false)
    {
        var file = Path.Combine(folder, Path.GetRandomFileName());
        using var rows = RowFile.Open(file, TimeProvider.System, NullLogger.Instance);
        using var words = new LearnedWords(rows, TimeProvider.System, NullLogger.Instance);
        Learn(words, learn);
        await words.SettleAsync();
        var filter = new SpamFilter(new(), Checks(words, start), TimeProvider.System, NullLogger.Instance);
        var judged = new List<Judged>();
        foreach (var message in judge)
        {
            var input = SpamCorpus.Input(message, _spool);
            using (input.Body)
            {
                var verdict = await filter.CheckAsync(proven ? ProvenMail.Of(input) : input, CancellationToken.None);
                judged.Add(new(message, verdict.Score, verdict.Symbols));
            }
        }
        return judged;
    }

    private void Learn(LearnedWords words, IReadOnlyList<CorpusMessage> learn)
    {
        foreach (var message in learn)
        {
            var input = SpamCorpus.Input(message, _spool);
            using (input.Body)
                words.Learn(default, Encoding.ASCII.GetBytes(message.Id), message.IsSpam,
                    new SpamContext(input, default).Content, input.Root);
        }
    }

    private static readonly RulesInForce Rules = new(RuleSet.BuiltIn);

    /// <summary>All that works without a network and without what came before.</summary>
    private static IEnumerable<ISpamCheck> Checks(LearnedWords words, StartingWords? start) =>
        [.. BuiltInChecks.All(Rules), new WordsCheck(words) { Start = start }];

    /// <summary>1,000 of each class by lot, and what is left.</summary>
    private static (List<CorpusMessage> Learn, List<CorpusMessage> Others) Draw(IEnumerable<CorpusMessage> from, int seed)
    {
        var pool = from.ToArray();
        new Random(seed).Shuffle(pool);
        var learn = pool.Where(m => m.IsSpam).Take(Learned).Concat(pool.Where(m => !m.IsSpam).Take(Learned)).ToList();
        var taken = learn.ToHashSet();
        return (learn, [.. pool.Where(m => !taken.Contains(m))]);
    }

    private static string Summary(string what, List<Judged> results)
    {
        var text = new StringBuilder($"| {what} | ham tagged | spam caught | phishing caught |\n|---|---|---|---|\n");
        var ham = results.Where(r => !r.Message.IsSpam).ToList();
        var (spam, phish) = SpamAndPhishing(results);
        text.Append(Line($"| at {Tag:0.0} (of {ham.Count}, {spam.Count}, {phish.Count} judgements) | {Share(ham)} | {Share(spam)} | {Share(phish)} |\n"));
        var byScore = ham.Select(r => r.Score).OrderDescending().ToArray();
        foreach (var rate in new[] { 0.001, 0.002, 0.005, 0.01 })
        {
            var at = byScore[(int)(rate * byScore.Length)];
            text.Append(Line($"| where {rate:0.0%} of ham is above: {at:0.00} | {rate:0.0%} | {Share(spam, at)} | {Share(phish, at)} |\n"));
        }
        return text.ToString();
    }

    private static (List<Judged> Spam, List<Judged> Phishing) SpamAndPhishing(List<Judged> results)
    {
        var bad = results.Where(r => r.Message.IsSpam).ToLookup(r => r.Message.Source.Contains("phish", StringComparison.Ordinal));
        return ([.. bad[false]], [.. bad[true]]);
    }

    private static string Undisputed(List<Judged> results)
    {
        var ham = results.Where(r => !r.Message.IsSpam && !SpamCorpus.Disputed.Contains(r.Message.Id)).ToList();
        var (spam, phish) = SpamAndPhishing(results);
        var at = ham.Select(r => r.Score).OrderDescending().ElementAt((int)(0.002 * ham.Count));
        return Line($"| ham without the disputed letters ({ham.Count}) | {Share(ham)} | | |\n| where 0.2% of that is above: {at:0.00} | 0.2% | {Share(spam, at)} | {Share(phish, at)} |\n");
    }

    private static string BySource(List<Judged> results)
    {
        var text = new StringBuilder("| source | judgements | tagged | median score | lowest and highest tenth |\n|---|---|---|---|---|\n");
        foreach (var group in results.GroupBy(r => r.Message.Source).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var scores = group.Select(r => r.Score).Order().ToArray();
            text.Append(Line($"| {group.Key} | {scores.Length} | {Share([.. group])} | {scores[scores.Length / 2]:0.0} | {scores[scores.Length / 10]:0.0} to {scores[scores.Length * 9 / 10]:0.0} |\n"));
        }
        return text.ToString();
    }

    private static string ByYear(List<Judged> results)
    {
        var text = new StringBuilder("| year | ham | tagged | spam and phishing | tagged |\n|---|---|---|---|---|\n");
        foreach (var group in results.GroupBy(r => r.Message.Year).OrderBy(g => g.Key))
        {
            var ham = group.Where(r => !r.Message.IsSpam).ToList();
            var spam = group.Where(r => r.Message.IsSpam).ToList();
            if (ham.Count + spam.Count < 5 * Rounds) continue;
            text.Append(Line($"| {(group.Key == 0 ? "none or unreadable" : group.Key)} | {ham.Count} | {Share(ham)} | {spam.Count} | {Share(spam)} |\n"));
        }
        return text.ToString();
    }

    private static void Misses(List<Judged> results)
    {
        foreach (var (message, score, symbols) in results.Where(r => r.Message.IsSpam != r.Score >= Tag).DistinctBy(r => r.Message.Id)
            .OrderBy(r => r.Message.Source, StringComparer.Ordinal).ThenBy(r => r.Score))
        {
            Console.WriteLine(Line($"{message.Source}/{message.Id} {message.Year} {score:0.0}"));
            foreach (var symbol in symbols.OrderByDescending(s => Math.Abs(s.Score)).Take(4))
                Console.WriteLine(Line($"    {symbol.Score:0.0} {symbol.Name}: {symbol.Reason}"));
        }
    }

    private static string PagePath => Path.Combine(Checkout.Root, "docs", "spam-quality.md");

    // A table as it stands: the peer's figures change with the peer alone.
    private static string OnThePage(string table)
    {
        var text = File.ReadAllText(PagePath);
        var from = text.IndexOf($"| {table} |", StringComparison.Ordinal);
        return from < 0 ? "" : text[from..(text.IndexOf("\n\n", from, StringComparison.Ordinal) + 1)];
    }

    private static void Write(string page)
    {
        const string Begin = "<!-- measured -->\n";
        const string End = "<!-- end -->\n";
        var path = PagePath;
        var text = File.ReadAllText(path);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        File.WriteAllText(path, text[..from] + page + text[to..]);
    }

    private static string Share(List<Judged> results, double at = Tag) => results.Count == 0 ? "-"
        : Line($"{(double)results.Count(r => r.Score >= at) / results.Count:0.00%}");

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Judged(CorpusMessage Message, double Score, IReadOnlyList<SpamSymbol> Symbols);
}
