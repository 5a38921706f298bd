using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

/// <summary>Letters of today that stand beside what was learned here.</summary>
public sealed class StartingLettersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-letters-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void They_make_room_for_ham_of_ones_own()
    {
        var counts = new[] { 0, 1000, 3000, 4000, 5000 }.Select(ham => StartingLetters.Beside(ham).Count()).ToList();
        Assert.Equal(counts.OrderDescending(), counts);
        Assert.Equal(counts[0], counts[1]);
        Assert.True(counts[1] > counts[2] && counts[2] > counts[3]);
        Assert.Equal(0, counts[^1]);
    }

    [Fact]
    public void There_are_some_of_both_classes_and_they_stay_small()
    {
        var letters = StartingLetters.Beside(0).ToList();
        Assert.InRange(letters.Count(l => l.IsSpam), 200, 1000);
        Assert.InRange(letters.Count(l => !l.IsSpam), 200, 1000);
        Assert.All(letters, l => Assert.InRange(l.Tokens.Length, 20, TokenSet.Most));
    }

    [Fact]
    public void Packed_they_come_back_as_they_were()
    {
        (bool IsSpam, uint[] Tokens, uint[] Grams)[] letters =
            [(true, [7, 8, 4_000_000_000], [0, 9]), (false, [1, 8], []), (true, [uint.MaxValue], [0])];
        var read = StartingLetters.Read(new MemoryStream(StartingLetters.Make(letters)));
        Assert.Equal(letters.Length, read.Count);
        foreach (var (made, letter) in letters.Zip(read))
        {
            Assert.True(letter.IsInvented);
            Assert.Equal(made.IsSpam, letter.IsSpam);
            Assert.Equal(made.Tokens, letter.Tokens);
            Assert.Equal(made.Grams, LearnedMessages.Unpack(letter.Grams));
        }
    }

    /// <summary>Ham learned here is plain text of people, spam is HTML of today: what is new in a good letter is new, not spam.</summary>
    [Fact]
    public async Task Good_letters_of_today_are_not_spam_because_only_spam_had_html_here()
    {
        using var file = RowFile.Open(Path.Combine(_folder, "spam.db"), TimeProvider.System, NullLogger.Instance);
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        for (var n = 0; n < LearnedWords.Enough; n++)
        {
            words.Learn($"h{n}", false, Letters.Ham(n));
            words.Learn($"s{n}", true, Html(Letters.Spam(n)));
        }
        await words.SettleAsync();
        var filter = new SpamFilter(
            new(), [.. BuiltInChecks.All(new(RuleSet.BuiltIn)), new WordsCheck(words, startsKnowing: true)], TimeProvider.System,
            NullLogger.Instance);
        var scores = new List<(string File, double Score)>();
        foreach (var path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Data", "modern-ham"), "*.eml"))
        {
            var input = SpamMail.Input(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            using (input.Body) scores.Add((Path.GetFileName(path), (await filter.CheckAsync(input, default)).Score));
        }
        var tagged = scores.Where(s => s.Score >= 6).ToList();
        Assert.True(tagged.Count <= scores.Count / 100, string.Join(", ", tagged));
        var spam = Letters.Input(Html(Letters.Spam(9999)));
        using (spam.Body) Assert.True((await filter.CheckAsync(spam, default)).Score >= 6, "spam is spam still");
    }

    private static string Html(string letter)
    {
        var middle = letter.IndexOf("\n\n", StringComparison.Ordinal);
        return $$"""
            {{letter[..middle]}}
            MIME-Version: 1.0
            Content-Type: text/html; charset=utf-8

            <!DOCTYPE html><html><head><meta charset="utf-8"><style>.b{color:#fff}</style></head><body style="margin:0">
            <table width="600" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" style="padding:20px;font-size:16px">
            <p>{{letter[(middle + 2)..]}}</p><a href="https://pay.example/x" style="text-decoration:none">more</a>
            </td></tr></table></body></html>
            """;
    }
}
