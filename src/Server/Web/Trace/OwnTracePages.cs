using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Store;
using Aviso.Trace;

namespace Aviso.Web;

/// <summary>What became of mail from and to who is signed in: `aviso trace` for one's own messages.</summary>
internal sealed class OwnTracePages(PageRows pages, TraceDesk desk, AccountBook book, TimeProvider clock)
{
    private const int MostText = 200, Most = 50;

    public IReadOnlyList<WebRow> Rows => [pages.Owner("/account/trace", FindAsync)];

    private async Task FindAsync(PageCall call)
    {
        var (now, exchange) = (clock.GetUtcNow(), call.Exchange);
        var text = exchange.QueryOrNull("q") ?? "";
        if (text.Length > MostText)
        {
            await call.SayAsync(400, "request", "that is too long to look for");
            return;
        }
        var account = call.Asks.Account;
        var query = TraceQuery.Parse(text, now) with { Account = account.ToString(), Limit = Most };
        if (exchange.QueryOrNull("since") is { } since) query = query with { Since = TraceQuery.Time(since, now) };
        if (exchange.QueryOrNull("until") is { } until) query = query with { Until = TraceQuery.Time(until, now) };
        var view = ViewOf(book, account);
        var traces = await desk.FindAsync(query, view.Of, call.Cancel);
        await exchange.AnswerAsync(200, WebExchange.Json, new JsonObject { ["traces"] = TraceJson.Web.Of(traces) }.ToJsonString());
    }

    /// <summary>What the owner of an account may see.</summary>
    public static OwnerView ViewOf(AccountBook book, AccountId account) => new(account.ToString(), address =>
        MailAddress.TryParse(address, out var read) && book.Table.Resolve(read).Local.Any(l => l.Account == account));
}
