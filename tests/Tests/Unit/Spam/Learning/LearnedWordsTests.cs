using System.Text;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

public sealed class LearnedWordsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-words-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Is_silent_until_enough_of_both_classes_is_learned()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, LearnedWords.AtLeast - 1);
        Assert.Empty(await SymbolsAsync(words, Letters.Spam(9999)));
        await Letters.TeachAsync(words, LearnedWords.AtLeast);
        Assert.Single(await SymbolsAsync(words, Letters.Spam(9999)));
    }

    [Fact]
    public async Task Tells_apart_what_it_has_learned_and_names_its_reasons()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, LearnedWords.Enough);
        var spam = Assert.Single(await SymbolsAsync(words, Letters.Spam(9999)));
        Assert.Equal("BAYES_SPAM", spam.Name);
        Assert.InRange(spam.Score, 6, 9);
        Assert.Contains("spam by learned words, most by \"", spam.Reason, StringComparison.Ordinal);
        var ham = Assert.Single(await SymbolsAsync(words, Letters.Ham(9999)));
        Assert.Equal("BAYES_HAM", ham.Name);
        Assert.InRange(ham.Score, -5, -3);
    }

    [Fact]
    public async Task A_message_counts_once_and_a_changed_mind_replaces_what_was_said()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, 40);
        Assert.False(words.Learn("s1", true, Letters.Spam(1)));
        await words.SettleAsync();
        Assert.Equal((40, 40), words.Learned);
        Assert.True(words.Learn("s1", false, Letters.Spam(1)));
        await words.SettleAsync();
        Assert.Equal((41, 39), words.Learned);
        Assert.False(words.Said(default, "s1"u8));
    }

    [Fact]
    public async Task What_is_learned_and_taken_back_leaves_no_trace()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, 60);
        var before = await SymbolsAsync(words, Letters.Ham(7777));
        words.Learn("wrong", true, Letters.Ham(7777));
        await words.SettleAsync();
        Assert.NotEqual(before.Sum(s => s.Score), (await SymbolsAsync(words, Letters.Ham(7777))).Sum(s => s.Score));
        Assert.True(words.Forget(default, "wrong"u8));
        await words.SettleAsync();
        Assert.Equal(before, await SymbolsAsync(words, Letters.Ham(7777)));
    }

    [Fact]
    public async Task While_it_trains_anew_the_last_model_judges_and_nobody_waits()
    {
        using var file = Open();
        // The clock stands still, so the pause before the training never ends.
        using var words = new LearnedWords(file, new ManualClock(), NullLogger.Instance);
        await Letters.TeachAsync(words, 40);
        words.Learn("more", true, Letters.Spam(8888));
        var judging = SymbolsAsync(words, Letters.Spam(9999));
        Assert.True(judging.IsCompleted);
        Assert.Equal("BAYES_SPAM", Assert.Single(await judging).Name);
    }

    [Fact]
    public async Task Outlives_a_restart()
    {
        using (var file = Open())
        using (var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance)) await Letters.TeachAsync(words, 40);
        using var again = Open();
        using var reread = new LearnedWords(again, TimeProvider.System, NullLogger.Instance);
        // The check itself waits for the first training.
        Assert.Equal("BAYES_SPAM", Assert.Single(await SymbolsAsync(reread, Letters.Spam(9999))).Name);
    }

    [Fact]
    public async Task An_account_of_another_mind_gets_its_own_score_and_the_others_keep_theirs()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, LearnedWords.Enough);
        var alice = new AccountId(7);
        for (var n = 0; n < 40; n++)
        {
            var letter = Letters.Context(Letters.Spam(5000 + n));
            words.Learn(alice, Encoding.ASCII.GetBytes($"own{n}"), isSpam: false, letter.Content, letter.Input.Root);
        }
        await words.SettleAsync();
        var input = Letters.Input(Letters.Spam(9999)) with { Accounts = [alice, new(8)] };
        var filter = new SpamFilter(new(), [new WordsCheck(words)], TimeProvider.System, NullLogger.Instance);
        await filter.CheckAsync(input, default);
        // Its own model is read in the background after the first message.
        SpamVerdict verdict;
        do verdict = await filter.CheckAsync(input, default);
        while (verdict.PerAccount is null);
        Assert.True(verdict.ScoreFor(alice) < verdict.Score - 1, $"{verdict.ScoreFor(alice)} of {verdict.Score}");
        Assert.Equal(verdict.Score, verdict.ScoreFor(new(8)));
    }

    [Fact]
    public void A_damaged_file_is_moved_aside_and_made_anew()
    {
        var path = Path.Combine(_folder, "spam.db");
        File.WriteAllText(path, new string('x', 10_000));
        using var file = RowFile.Open(path, new TestClock(), NullLogger.Instance);
        Assert.True(File.Exists(file.MovedTo));
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        Assert.True(words.Learn("a", true, Letters.Spam(1)));
    }

    [Fact]
    public void Packed_tokens_come_back_as_they_were()
    {
        uint[] tokens = [0, 1, 127, 128, 300, 70_000, uint.MaxValue - 1, uint.MaxValue];
        Assert.Equal(tokens, LearnedMessages.Unpack(LearnedMessages.Pack(tokens)));
        Assert.Empty(LearnedMessages.Unpack([]));
    }

    private RowFile Open() => RowFile.Open(Path.Combine(_folder, "spam.db"), TimeProvider.System, NullLogger.Instance);

    private static async Task<IReadOnlyList<SpamSymbol>> SymbolsAsync(LearnedWords words, string text)
    {
        var context = Letters.Context(text);
        await new WordsCheck(words).CheckAsync(context, default);
        return context.Symbols;
    }
}
