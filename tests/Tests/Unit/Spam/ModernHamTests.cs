using Aviso.Spam;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

/// <summary>Good mail as companies, clubs and people send it today (Data/modern-ham, all invented): the rules alone leave it in the
/// inbox.</summary>
public sealed class ModernHamTests
{
    // Learned words and reputation take off more in life; a message this near would be tagged by one more bad sign.
    private const double Near = 4;

    private sealed class November : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 10, 12, 0, 0, TimeSpan.Zero);
    }

    [Fact]
    public async Task No_modern_good_message_comes_near_the_threshold()
    {
        var filter = new SpamFilter(
            new(), [new KnownSender(), .. BuiltInChecks.All(new(RuleSet.BuiltIn))], new November(), NullLogger.Instance);
        var verdicts = new List<(string File, SpamVerdict Verdict)>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Data", "modern-ham"), "*.eml").Order(
            StringComparer.Ordinal))
            verdicts.Add((Path.GetFileName(file), await filter.CheckAsync(
                ProvenMail.Of(SpamMail.Input(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))), default)));
        Assert.True(verdicts.Count >= 100, $"only {verdicts.Count} messages");
        Assert.All(verdicts, v => Assert.Empty(v.Verdict.Skipped));
        verdicts.Sort((a, b) => b.Verdict.Score.CompareTo(a.Verdict.Score));
        foreach (var (file, verdict) in verdicts.Take(10)) TestContext.Current.TestOutputHelper!.WriteLine(Line(file, verdict));
        Assert.All(verdicts, v => Assert.True(v.Verdict.Score < Near && v.Verdict.Action == SpamAction.Accept, Line(v.File, v.Verdict)));
    }

    [Fact]
    public async Task No_modern_good_message_is_tagged_when_its_sender_writes_for_the_first_time()
    {
        var filter = new SpamFilter(new(), BuiltInChecks.All(new(RuleSet.BuiltIn)), new November(), NullLogger.Instance);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Data", "modern-ham"), "*.eml"))
        {
            var verdict = await filter.CheckAsync(
                ProvenMail.Of(SpamMail.Input(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))), default);
            Assert.True(verdict.Action == SpamAction.Accept, Line(Path.GetFileName(file), verdict));
        }
    }

    private static string Line(string file, SpamVerdict verdict) =>
        $"{verdict.Score:0.00} {file}: {string.Join(", ", verdict.Symbols.Where(s => s.Score != 0).Select(s => $"{s.Name} {s.Score} ({s.Reason})"))}";
}
