using Aviso.Spam;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>What the filter remembers, in DATA/spam.db.</summary>
internal sealed class SpamMemory : IAsyncDisposable
{
    public const string FileName = "spam.db";

    private SpamMemory(RowFile file, TimeProvider clock, ILogger log)
    {
        (File, Words, Correspondents, Reputation) = (file, new(file, clock, log), new(file, clock), new(file, clock));
        Greylist = new(file, Reputation, clock);
    }

    public RowFile File { get; }

    public LearnedWords Words { get; }

    public Correspondents Correspondents { get; }

    public Reputation Reputation { get; }

    public Greylist Greylist { get; }

    /// <summary>What is asked of it about any message.</summary>
    public IReadOnlyList<ISpamCheck> Checks => [new WordsCheck(Words, startsKnowing: true), new ReputationCheck(Reputation), new TrustCheck(Correspondents)];

    /// <summary>What remembers a message that arrives.</summary>
    public IReadOnlyList<ISpamCheck> Remembering => [Greylist, new ReputationNotes(Reputation)];

    /// <summary>Null when there is none, or it cannot be used, which is said.</summary>
    /// <param name="make">Make it where there is none: not for a verb.</param>
    public static SpamMemory? Open(string data, bool make, TimeProvider clock, ILogger log)
    {
        var path = Path.Combine(data, FileName);
        if (!make && !System.IO.File.Exists(path)) return null;
        try
        {
            return new(RowFile.Open(path, clock, log), clock, log);
        }
        catch (IOException e)
        {
            log.NothingLearned(e, path);
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Reputation.DisposeAsync();
        Words.Dispose();
        File.Dispose();
    }
}
