namespace Aviso.Spam;

/// <summary>
/// What the two learners say together, as a probability and as points. The weights are those of a logistic regression over what words,
/// grams and rules said of mail that none of them had learned, on the tuning half of the corpus alone (`./dev bench quality --fit`,
/// docs/spam-quality.md): a point of the rules is worth so much of log-odds, and so a point of the learners is too.
/// </summary>
internal static class Opinions
{
    private const double Bias = -0.90;
    private const double WordsWeight = 0.66;
    private const double GramsWeight = 0.60;
    private const double OddsOfPoint = 0.38;

    // The log-odds that alone are worth the tag threshold: one in five hundred good letters of the tuning half has more.
    private const double Threshold = 3.1;
    private const double ThresholdPoints = 6;

    // Learned words alone never refuse, and whatever they say of ham, rules can say more.
    private const double MostSpam = 9;
    private const double MostHam = -5;

    /// <summary>Log-odds of spam by both; by words alone where no grams were learned.</summary>
    public static double OddsOf(WordOpinion opinion) =>
        opinion.Grams is { } grams ? Bias + (WordsWeight * opinion.Words) + (GramsWeight * grams) : opinion.Words;

    /// <summary>How much of <paramref name="score"/> is the words': as much as they are of the log-odds; where the grams gainsay them, all
    /// that they say alone.</summary>
    public static double ByWords(WordOpinion opinion, double score)
    {
        if (opinion.Grams is not { } grams) return score;
        var (byWords, byGrams) = (WordsWeight * opinion.Words, GramsWeight * grams);
        return byWords * byGrams > 0 ? score * byWords / (byWords + byGrams)
            : Math.Clamp(byWords / OddsOfPoint, MostHam, MostSpam) * opinion.Known;
    }

    /// <summary>Log-odds to points.</summary>
    public static double ScoreOf(double odds) => Math.Clamp(ThresholdPoints + ((odds - Threshold) / OddsOfPoint), MostHam, MostSpam);

    /// <summary>How sure that is, in percent.</summary>
    public static double SureOf(double odds) => Math.Min(100 / (1 + Math.Exp(-Math.Abs(odds))), 99.9);
}
