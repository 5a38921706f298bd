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
        Assert.NotEmpty(await SymbolsAsync(words, Letters.Spam(9999)));
    }

    [Fact]
    public async Task Tells_apart_what_it_has_learned_and_names_its_reasons()
    {
        using var file = Open();
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        await Letters.TeachAsync(words, LearnedWords.Enough);
        var spam = await SymbolsAsync(words, Letters.Spam(9999));
        Assert.Contains("spam by learned words, most by \"", spam.Single(s => s.Name == "BAYES_SPAM").Reason, StringComparison.Ordinal);
        Assert.Contains("spam by how it is written, most by \"", spam.Single(s => s.Name == "GRAMS_SPAM").Reason, StringComparison.Ordinal);
        Assert.InRange(spam.Sum(s => s.Score), 6, 9);
        var ham = await SymbolsAsync(words, Letters.Ham(9999));
        Assert.All(ham, s => Assert.EndsWith("_HAM", s.Name, StringComparison.Ordinal));
        Assert.InRange(ham.Sum(s => s.Score), -5, -3);
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
        Assert.Contains(await judging, s => s.Name == "BAYES_SPAM");
    }

    [Fact]
    public async Task Outlives_a_restart()
    {
        using (var file = Open())
        using (var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance)) await Letters.TeachAsync(words, 40);
        using var again = Open();
        using var reread = new LearnedWords(again, TimeProvider.System, NullLogger.Instance);
        // The check itself waits for the first training.
        Assert.Contains(await SymbolsAsync(reread, Letters.Spam(9999)), s => s.Name == "BAYES_SPAM");
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

    [Fact]
    public async Task Messages_learned_before_there_were_grams_count_for_the_words_and_the_grams_wait()
    {
        using var file = Open();
        file.Change(batch =>
        {
            for (var n = 0; n < 80; n++)
            {
                var letter = Letters.Context(n % 2 == 0 ? Letters.Ham(n) : Letters.Spam(n));
                using var tokens = new TokenSet();
                MessageTokens.Read(letter.Content, letter.Input.Root, tokens);
                batch.Set(1, 0, BitConverter.GetBytes(n), n % 2, n, LearnedMessages.Pack(tokens.ToArray()));
            }
        });
        using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
        var spam = Assert.Single(await SymbolsAsync(words, Letters.Spam(9999)));
        Assert.Equal("BAYES_SPAM", spam.Name);
        await Letters.TeachAsync(words, 40);
        Assert.Contains(await SymbolsAsync(words, Letters.Spam(9999)), s => s.Name == "GRAMS_SPAM");
    }

    [Fact]
    public void What_is_kept_of_a_message_comes_back_from_the_disk_as_it_was()
    {
        using var file = Open();
        var messages = new LearnedMessages(file, TimeProvider.System);
        var random = new Random(3);
        for (var n = 0; n < 200; n++)
        {
            uint[] Some(int below) =>
                [.. Enumerable.Range(0, random.Next(1, 50)).Select(_ => (uint)random.Next(below)).Distinct().Order()];
            var tokens = Some(n % 2 == 0 ? 100 : int.MaxValue);
            var grams = n % 5 == 0 ? [] : Some(n % 3 == 0 ? 60 : 1 << GramSet.Bits);
            Assert.True(messages.Set(n, "one"u8, n % 2 == 0, tokens, grams));
            var read = Assert.Single(messages.Read(n, 10));
            Assert.Equal(n % 2 == 0, read.IsSpam);
            Assert.Equal(tokens, read.Tokens);
            Assert.Equal(grams, LearnedMessages.Unpack(read.Grams));
        }
    }

    private RowFile Open() => RowFile.Open(Path.Combine(_folder, "spam.db"), TimeProvider.System, NullLogger.Instance);

    private static async Task<IReadOnlyList<SpamSymbol>> SymbolsAsync(LearnedWords words, string text)
    {
        var context = Letters.Context(text);
        await new WordsCheck(words).CheckAsync(context, default);
        return context.Symbols;
    }
}
