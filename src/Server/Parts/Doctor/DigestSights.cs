using Aviso.Accounts;
using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>What the weekly letter is written from: values taken from the parts of this server.</summary>
internal sealed class DigestSights(Site site, Func<ServerSettings> settings)
{
    /// <param name="from">The first of the seven days.</param>
    public async Task<DigestFacts> LookAsync(DateOnly from, CancellationToken cancel)
    {
        var (book, store, now) = (site.The<FindingBook>(), site.The<SqliteMailStore>(), settings());
        var accounts = site.The<AccountService>().ListAccounts();
        return new(now.HostName, from, site.Clock.GetUtcNow(), site.Clock.LocalTimeZone, await site.The<DayTallies>().ListAsync(cancel),
            book.Standing, await book.ClearedAsync(cancel), await store.QueueTotalsAsync(cancel), FileSystem.Look(now.Data), Backups(),
            id => accounts.FirstOrDefault(a => a.Id == id)?.Address);
    }

    private List<DigestBackup>? Backups() => site.The<BackupPart>().Rounds is not { } rounds ? null
        : [.. rounds.States.Select(s => new DigestBackup(s.Name, s.WholeAt, s.ProvenAt, s.Problem ?? s.DrillProblem))];
}
