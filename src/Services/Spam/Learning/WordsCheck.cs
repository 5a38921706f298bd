using System.Globalization;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>
/// BAYES_SPAM and BAYES_HAM: what the words and the make of the message say, by what was learned. The name is the one administrators know
/// from other filters. GRAMS_SPAM and GRAMS_HAM are what the second learner changes: how it is written, octet by octet. BAYES_OWN is what a
/// single account's own learning changes.
/// </summary>
public sealed class WordsCheck(LearnedWords words, bool startsKnowing = false) : ISpamCheck
{
    // What was shipped speaks in a low voice: it never saw mail of this place.
    private const double MostStartSpam = 5.5;
    private const double MostStartHam = -1;
    private const double StartScale = 0.7;
    private const double StartFrom = 1;

    private const int Named = 6;
    private const int NamedGrams = 4;

    public string Name => "bayes";

    public async ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        if (!words.Ready.IsCompleted) await words.Ready.WaitAsync(cancel);
        Check(context);
    }

    private void Check(SpamContext context)
    {
        var known = words.Known;
        if (known == 0 && Start is null) return;
        using var tokens = new TokenSet();
        MessageTokens.Read(context.Content, context.Input.Root, tokens);
        if (known < 1 && Start is { } start) Begin(context, start.Judge(tokens.Tokens), 1 - known);
        if (words.Learned is { Spam: 0, Ham: 0 }) return;
        using var grams = new GramSet();
        grams.Read(context.Content);
        if (words.Judge(tokens.Tokens, grams.Places) is not { } opinion) return;
        var odds = Opinions.OddsOf(opinion);
        var score = Opinions.ScoreOf(odds) * opinion.Known;
        var byWords = Opinions.ByWords(opinion, score);
        if (Math.Abs(byWords) >= 0.1)
            context.Add(byWords > 0 ? "BAYES_SPAM" : "BAYES_HAM", Math.Round(byWords, 2), Reason(tokens, opinion.Words));
        if (Math.Abs(score - byWords) >= 0.1 && words.Grams is { } model)
        {
            var reason = Reason(grams, model, opinion.Grams ?? 0, odds);
            context.Add(score > byWords ? "GRAMS_SPAM" : "GRAMS_HAM", Math.Round(score - byWords, 2), reason);
        }
        foreach (var account in context.Input.Accounts) Own(context, account, tokens, opinion, score);
    }

    /// <summary>What is known before anything was learned; null for nothing.</summary>
    internal StartingWords? Start { get; init; } = startsKnowing ? StartingWords.Shipped : null;

    private static void Begin(SpamContext context, double odds, double share)
    {
        var beyond = Math.Abs(odds) - StartFrom;
        if (beyond <= 0) return;
        var score = Math.Round((odds > 0 ? MostStartSpam : MostStartHam) * (1 - Math.Exp(-beyond / StartScale)) * share, 2);
        if (score >= 0.1) context.Add("START_SPAM", score, "its words are those of frauds and advertising everywhere; this fades as the filter learns here");
        else if (score <= -0.1) context.Add("START_HAM", score, "its words are those of ordinary letters; this fades as the filter learns here");
    }

    private void Own(SpamContext context, AccountId account, TokenSet tokens, WordOpinion opinion, double score)
    {
        var correction = words.Correction(account, tokens.Tokens);
        var own = Math.Round((Opinions.ScoreOf(Opinions.OddsOf(opinion) + correction) * opinion.Known) - score, 2);
        if (Math.Abs(own) >= 0.1) context.AddFor(account, "BAYES_OWN", own, "what this account itself moved into and out of Junk");
    }

    private string Reason(TokenSet tokens, double odds)
    {
        var shares = new float[tokens.Count];
        words.Explain(tokens.Tokens, shares);
        var order = Enumerable.Range(0, shares.Length).ToArray();
        var side = odds > 0 ? 1 : -1;
        // The strongest few of some thousand: no need to sort them all.
        var best = new PriorityQueue<int, float>(Named + 1);
        foreach (var i in order)
        {
            best.Enqueue(i, shares[i] * side);
            if (best.Count > Named) best.Dequeue();
        }
        var named = new List<string>(Named);
        while (best.TryDequeue(out var i, out var share))
        {
            if (share > 0 && tokens.NameOf(i) is { Length: > 0 } name) named.Insert(0, $"\"{name.Trim()}\"");
        }
        return $"{Sure(odds)} by learned words, most by {string.Join(", ", named)}";
    }

    private static string Reason(GramSet grams, GramModel model, double byGrams, double both)
    {
        var sums = new List<(Range Word, float Sum)>();
        grams.Explain(model, sums);
        var side = byGrams > 0 ? 1 : -1;
        var named = sums.Where(s => s.Sum * side > 0).OrderByDescending(s => s.Sum * side).Take(NamedGrams)
            .Select(s => $"\"{grams.Show(s.Word)}\"");
        return $"{Sure(byGrams)} by how it is written, most by {string.Join(", ", named)}; with the words {Sure(both)}";
    }

    private static string Sure(double odds) =>
        string.Create(CultureInfo.InvariantCulture, $"{Opinions.SureOf(odds):0.#} % {(odds > 0 ? "spam" : "ham")}");
}
