using System.Text;
using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>
/// The weights that bring the two learners and the rules together (Opinions.cs): a logistic regression over what they say of mail that none
/// of them learned. Cross-validation within the tuning half, so that no message is judged by who knows it.
/// </summary>
internal sealed partial class Quality
{
    private const int Folds = 5;

    private async Task FitAsync()
    {
        var half = corpus.Where(m => m.IsForTuning && !SpamCorpus.Disputed.Contains(m.Id)).ToArray();
        new Random(500).Shuffle(half);
        var said = new List<Said>();
        for (var fold = 0; fold < Folds; fold++)
        {
            var (learn, _) = Draw(half.Where((_, i) => i % Folds != fold), 500 + fold);
            said.AddRange(await SayAsync(learn, [.. half.Where((_, i) => i % Folds == fold)]));
        }
        var weights = Fit(said);
        Console.WriteLine(Line($"{said.Count} judgements: log-odds = {weights[0]:0.000} + {weights[1]:0.000} words")
            + Line($" + {weights[2]:0.000} grams + {weights[3]:0.000} points of rules"));
        Console.WriteLine(Calibration(said, weights));
        var ham = said.Where(s => !s.IsSpam).Select(s => s.Odds(weights)).OrderDescending().ToArray();
        var at = ham[(int)(0.002 * ham.Length)];
        var caught = said.Count(s => s.IsSpam && s.Odds(weights) > at) / (double)said.Count(s => s.IsSpam);
        Console.WriteLine(Line($"0.2 % of ham is above log-odds of {at:0.00}, {caught:0.0%} of spam and phishing"));
    }

    private async Task<List<Said>> SayAsync(IReadOnlyList<CorpusMessage> learn, IReadOnlyList<CorpusMessage> judge)
    {
        using var rows = RowFile.Open(Path.Combine(folder, Path.GetRandomFileName()), TimeProvider.System, NullLogger.Instance);
        using var words = new LearnedWords(rows, TimeProvider.System, NullLogger.Instance);
        Learn(words, learn);
        await words.SettleAsync();
        var rules = new SpamFilter(new(), BuiltInChecks.All(Rules), TimeProvider.System, NullLogger.Instance);
        var said = new List<Said>();
        var spent = TimeSpan.Zero;
        foreach (var message in judge)
        {
            var input = SpamCorpus.Input(message, _spool);
            using (input.Body)
            {
                using var tokens = new TokenSet();
                using var grams = new GramSet();
                var content = new SpamContext(input, default).Content;
                MessageTokens.Read(content, input.Root, tokens);
                var before = Environment.CpuUsage.TotalTime;
                grams.Read(content);
                grams.Explain(words.Grams!, []);
                var opinion = words.Judge(tokens.Tokens, grams.Places)!.Value;
                spent += Environment.CpuUsage.TotalTime - before;
                said.Add(new(message.IsSpam, opinion.Words, opinion.Grams ?? 0, (await rules.CheckAsync(input, default)).Score));
            }
        }
        Console.WriteLine(Line($"the second learner took {spent.TotalMicroseconds / judge.Count:0} us of CPU a message"));
        return said;
    }

    /// <summary>Bias and weights by gradient descent; the problem is convex and small.</summary>
    private static double[] Fit(List<Said> said)
    {
        var weights = new double[4];
        for (var step = 0; step < 5000; step++)
        {
            var slope = new double[4];
            foreach (var one in said)
            {
                var error = (one.IsSpam ? 1 : 0) - (1 / (1 + Math.Exp(-one.Odds(weights))));
                slope[0] += error;
                slope[1] += error * one.Words;
                slope[2] += error * one.Grams;
                slope[3] += error * one.Rules;
            }
            for (var i = 0; i < 4; i++) weights[i] += 0.5 * ((slope[i] / said.Count) - (i == 0 ? 0 : 1e-4 * weights[i]));
        }
        return weights;
    }

    // What was said in so many percent, and how many of these were spam.
    private static string Calibration(List<Said> said, double[] weights)
    {
        var text = new StringBuilder("| said | messages | spam |\n|---|---|---|\n");
        double[] edges = [0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.01];
        for (var i = 0; i + 1 < edges.Length; i++)
        {
            var within = said.Where(s => 1 / (1 + Math.Exp(-s.Odds(weights))) is var p && p >= edges[i] && p < edges[i + 1]).ToList();
            var share = within.Count(s => s.IsSpam) / Math.Max(1.0, within.Count);
            text.Append(Line($"| {edges[i]:0%} to {Math.Min(1, edges[i + 1]):0%} | {within.Count} | {share:0.0%} |\n"));
        }
        return text.ToString();
    }

    private readonly record struct Said(bool IsSpam, double Words, double Grams, double Rules)
    {
        public double Odds(double[] weights) => weights[0] + (weights[1] * Words) + (weights[2] * Grams) + (weights[3] * Rules);
    }
}
