using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Learning;

/// <summary>What the filter knows on its first day.</summary>
public sealed class StartingWordsTests
{
    [Theory]
    [InlineData("Your mailbox is full. Click here to verify your account or it will be deactivated within 24 hours.", true)]
    [InlineData("Ihr Paket konnte nicht zugestellt werden. Bitte bezahlen Sie die Zollgebühr über den folgenden Link.", true)]
    [InlineData("Votre compte a été suspendu, veuillez confirmer votre identité et mettre à jour vos coordonnées bancaires.", true)]
    [InlineData("Уважаемый клиент, ваш аккаунт будет отключён, нажмите здесь, чтобы подтвердить аккаунт.", true)]
    [InlineData("Hi Ben, are you free on Sunday? We could go for a walk and have lunch at our place. Love, Anna", false)]
    [InlineData("Liebe Eltern, das Training beginnt am Freitag um 17 Uhr, bitte Hallenschuhe mitbringen. Viele Grüße", false)]
    [InlineData("Bonjour, voici le compte rendu de la réunion, pouvez-vous relire le document avant mardi ? Cordialement", false)]
    public async Task The_filter_knows_the_commonest_letters_before_it_learned_any(string text, bool isSpam)
    {
        var symbols = (await JudgeAsync(text, known: 0)).Symbols;
        Assert.Equal(isSpam, symbols.Any(s => s is { Name: "START_SPAM", Score: >= 1 }));
        Assert.Equal(!isSpam, symbols.Any(s => s is { Name: "START_HAM", Score: < 0 and >= -1 }));
    }

    [Fact]
    public async Task It_fades_as_the_filter_learns_here_and_is_gone_when_it_has_learned_enough()
    {
        const string Fraud = "Your mailbox is full. Click here to verify your account or it will be deactivated within 24 hours.";
        double Start(SpamVerdict verdict) => verdict.Symbols.Where(s => s.Name == "START_SPAM").Sum(s => s.Score);
        var (first, some, enough) = (Start(await JudgeAsync(Fraud, 0)), Start(await JudgeAsync(Fraud, 50)), Start(await JudgeAsync(Fraud, LearnedWords.Enough)));
        Assert.True(first > some && some > 0, $"{first} {some}");
        Assert.Equal(0, enough);
    }

    [Fact]
    public void What_is_shipped_is_small() => Assert.True(StartingWords.Shipped is not null);

    private static async Task<SpamVerdict> JudgeAsync(string text, int known)
    {
        var folder = Directory.CreateTempSubdirectory("aviso-start-").FullName;
        try
        {
            using var file = RowFile.Open(Path.Combine(folder, "spam.db"), TimeProvider.System, NullLogger.Instance);
            using var words = new LearnedWords(file, TimeProvider.System, NullLogger.Instance);
            for (var i = 0; i < 2 * known; i++)
            {
                using var input = Input($"a letter of number {i}");
                words.Learn(default, BitConverter.GetBytes(i), i % 2 == 0, new SpamContext(input.Value, default).Content, input.Value.Root);
            }
            await words.SettleAsync();
            var filter = new SpamFilter(new(), [new WordsCheck(words, startsKnowing: true)], TimeProvider.System, NullLogger.Instance);
            using var letter = Input(text);
            return await filter.CheckAsync(letter.Value, TestContext.Current.CancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Held Input(string text) => new(SpamMail.Around(text, subject: "x"));

    private sealed record Held(SpamInput Value) : IDisposable
    {
        public void Dispose() => Value.Body.Dispose();
    }
}
