using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Sieve scripts: those of accounts and their vacation responses, what they do to a message, and trying them on stored
/// mail.</summary>
internal sealed class SievePart(SieveScripts scripts, VacationReplies replies) : IPart
{
    public string Name => "sieve";

    public static Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var (store, spam, book) = (site.The<SqliteMailStore>(), site.The<SpamPart>(), site.The<AccountBook>());
        var scripts = site.Put(new SieveScripts(store, site.Clock, SieveMapping.Scripts(settings)));
        var replies = site.Put(new VacationReplies(store, site.Clock));
        var step = site.Put(new SieveStep(SieveMapping.SieveStep(settings), scripts, store, site.Clock, site.Log("Delivery"))
        {
            MaySendAs = (account, address) => book.Grants.MaySendAs(account, address),
            Replies = replies,
            Knows = (account, address, cancel) => spam.Correspondents?.KnowsAsync(account, address, cancel) ?? default,
        });
        site.Put(new SieveTrials(step, store, site.Clock) { RejectAt = () => spam.Filter.Options.Reject });
        return Task.FromResult<IPart>(new SievePart(scripts, replies));
    }

    public ValueTask DisposeAsync()
    {
        scripts.Dispose();
        replies.Dispose();
        return default;
    }
}
