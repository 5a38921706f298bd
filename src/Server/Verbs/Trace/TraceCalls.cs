using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Admin;
using Aviso.Base;
using Aviso.Trace;
using Aviso.Web;

namespace Aviso.Verbs;

/// <summary>What `aviso trace` does in the running server.</summary>
internal sealed class TraceCalls(TraceDesk desk, AccountBook book, TimeProvider clock)
{
    private const int MostTraces = 500;
    private static readonly TimeSpan LongestLink = TimeSpan.FromDays(90);

    public void Add(AdminHandlers admin) => admin.Add("trace.find", FindAsync);

    private async Task<AdminReply> FindAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Text("share") is { } id) return await ShareAsync(id, call.Text("expires") ?? "7d", cancel);
        var now = clock.GetUtcNow();
        var query = TraceQuery.Parse(string.Join(' ', call.Texts("query")), now);
        if (call.Text("limit") is { } limit)
        {
            if (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var most) || most is < 1 or > MostTraces)
                return AdminReply.No($"--limit takes a number from 1 to {MostTraces}");
            query = query with { Limit = most };
        }
        foreach (var name in (string[])["since", "until"])
        {
            if (call.Text(name) is not { } text) continue;
            if (TraceQuery.Time(text, now) is not { } at)
                return AdminReply.No($"--{name} takes a time such as 2h (ago), 2026-11-30 or 2026-11-30T14:05");
            query = name == "since" ? query with { Since = at } : query with { Until = at };
        }
        if (call.Text("user") is not { } user) return Answer(await desk.FindAsync(query, trace => trace, cancel));
        if (book.Table.FindAccount(user) is not { } account) return AdminReply.No($"there is no account {user}");
        var view = OwnTracePages.ViewOf(book, account);
        query = query with { Account = account.ToString() };
        return Answer(await desk.FindAsync(query, trace => view.Of(trace) is null ? null : trace, cancel));
    }

    private async Task<AdminReply> ShareAsync(string id, string expires, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        // A time ago, as far ahead.
        var span = now - TraceQuery.Time(expires, now) ?? TimeSpan.Zero;
        if (span <= TimeSpan.Zero || span > LongestLink)
            return AdminReply.No("--expires takes a time such as 7d, at most 90d");
        if (await desk.OneAsync(id, cancel) is not { } trace || !IdText.TryParse(trace.Id, out _))
            return AdminReply.No($"there is no trace with the id `{id}`");
        return AdminReply.Done(new JsonObject
        {
            ["link"] = desk.Link(trace.Id, now + span),
            ["ends"] = now + span,
            ["shows"] = SharedView.Write(trace),
        });
    }

    private static AdminReply Answer(IReadOnlyList<MessageTrace> traces) => AdminReply.Done(TraceJson.Admin.Of(traces));
}
