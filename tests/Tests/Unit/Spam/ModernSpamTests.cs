using System.Globalization;
using Aviso.Spam;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

/// <summary>
/// Fraud and phishing as they are sent today (Data/modern-spam, all invented), judged by the rules alone: nothing learned, nothing known of
/// the sender, no lists. Rules are not meant to tag these by themselves, but to see them.
/// </summary>
public sealed class ModernSpamTests
{
    [Fact]
    public async Task Rules_alone_notice_modern_fraud_and_learned_words_have_to_do_the_rest()
    {
        var filter = new SpamFilter(new(), BuiltInChecks.All(new(RuleSet.BuiltIn)), TimeProvider.System, NullLogger.Instance);
        var verdicts = new List<(string File, SpamVerdict Verdict)>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Data", "modern-spam"), "*.eml").Order(
            StringComparer.Ordinal))
            verdicts.Add((Path.GetFileName(file), await filter.CheckAsync(
                SpamMail.Input(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)), default)));
        foreach (var (file, verdict) in verdicts.OrderBy(v => v.Verdict.Score)) TestContext.Current.TestOutputHelper!.WriteLine(
            Line(file, verdict));
        Assert.True(verdicts.Count >= 35, $"only {verdicts.Count} messages");
        Assert.All(verdicts, v => Assert.Empty(v.Verdict.Skipped));
        Assert.All(verdicts, v => Assert.True(v.Verdict.Score >= 0.8, Line(v.File, v.Verdict)));
        Assert.True(verdicts.Count(v => v.Verdict.Score >= 2) >= verdicts.Count * 8 / 10, "fewer than eight of ten get two points");
        Assert.True(verdicts.Count(v => v.Verdict.Score >= 6) >= verdicts.Count * 2 / 10, "fewer than two of ten are tagged");
    }

    private static string Line(string file, SpamVerdict verdict) => string.Create(CultureInfo.InvariantCulture,
        $"{verdict.Score:0.00} {file}: {string.Join(", ", verdict.Symbols.Where(s => s.Score != 0).Select(s => $"{s.Name} {s.Score} ({s.Reason})"))}");
}
