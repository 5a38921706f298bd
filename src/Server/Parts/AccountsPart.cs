using Aviso.Accounts;
using Aviso.Settings;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>Domains, accounts and aliases: those of the settings and those that verbs have added.</summary>
internal sealed class AccountsPart(AccountBook book, ILogger log) : IPart
{
    public string Name => "accounts";

    /// <exception cref="ContradictionException">Accounts, aliases or domains contradict each other.</exception>
    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var log = site.Log("Accounts");
        var part = new AccountsPart(site.Put(new AccountBook(site.The<SqliteMailStore>(), site.Clock, log)), log);
        try
        {
            // Lists that cannot be believed are kept as they were: the book has logged and counted that itself.
            if (await part.ApplyAsync(settings, cancel) is { Contradictions: { Count: > 0 } found })
                throw new ContradictionException([.. found.Select(c => c.ToString())]);
            return part;
        }
        catch
        {
            await part.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<string>> RefusesAsync(ServerSettings now, CancellationToken cancel) =>
        [.. (await book.TryAsync(AccountsMapping.Accounts(now), cancel)).Select(c => c.ToString())];

    public async Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        var applied = await ApplyAsync(now, cancel);
        // Only a verb that came between the look and the change can still contradict.
        return applied.Contradictions.Count > 0
            ? [.. applied.Events.Prepend("accounts and aliases stay as they were: " + string.Join("; ", applied.Contradictions))] : applied.Events;
    }

    public ValueTask DisposeAsync()
    {
        book.Dispose();
        return default;
    }

    private async Task<ApplyResult> ApplyAsync(ServerSettings settings, CancellationToken cancel)
    {
        var applied = await book.ApplyAsync(AccountsMapping.Accounts(settings), cancel);
        foreach (var warning in applied.Warnings) log.AccountsWarning(warning);
        return applied;
    }
}
