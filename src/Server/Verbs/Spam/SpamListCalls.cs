using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What `aviso spam lists`, `aviso spam allow` and `aviso spam block` do in the running server.</summary>
internal static class SpamListCalls
{
    public static void Add(AdminHandlers admin, SenderLists lists, Func<string, AccountId?> account)
    {
        foreach (var allows in new[] { true, false })
        {
            var noun = allows ? "spam.allow" : "spam.block";
            admin
                .Add($"{noun}.list", (c, _) => For(c, account, owner =>
                    Task.FromResult(AdminReply.Done(new JsonArray([.. lists.List(owner, allows).Select(e => Row(e, allows))])))))
                .Add($"{noun}.add", (c, t) => For(c, account, owner => AddAsync(lists, owner, allows, c, t)), changes: true)
                .Add($"{noun}.remove", (c, t) => For(c, account, owner => RemoveAsync(lists, owner, allows, c, t)), changes: true);
        }
    }

    /// <summary>`aviso spam lists`.</summary>
    public static JsonArray Rows(IEnumerable<DnsListState> states) => [.. states.Select(s => (JsonNode)new JsonObject
    {
        ["zone"] = s.List.Zone,
        ["asked"] = s.List.Ask.ToString().ToLowerInvariant(),
        ["state"] = s.State,
        ["tested_again"] = s.Until?.ToString("u", System.Globalization.CultureInfo.InvariantCulture),
    })];

    private static Task<AdminReply> For(AdminCall call, Func<string, AccountId?> account, Func<AccountId, Task<AdminReply>> run) =>
        call.Text("account") is not { } address ? run(default)
        : account(address) is { } owner ? run(owner) : Task.FromResult(AdminReply.No($"there is no account {address}"));

    private static JsonNode Row((SenderEntry Entry, bool IsDeclared) row, bool allows) => new JsonObject
    {
        ["entry"] = row.Entry.Text,
        ["must_be_proven"] = allows && row.Entry.NeedsProof,
        ["from"] = row.IsDeclared ? "settings" : "verb",
    };

    private static async Task<AdminReply> AddAsync(
        SenderLists lists, AccountId owner, bool allows, AdminCall call, CancellationToken cancel)
    {
        if (SenderEntry.Parse(call.Text("entry") ?? "", allows && !call.Flag("unproven"), out var problem) is not { } entry) return AdminReply.No($"`{call.Text("entry")}` {problem}");
        return await lists.AddAsync(owner, allows, entry, cancel) ? AdminReply.Done($"{entry.Text} is on the list")
            : AdminReply.No($"the list has {SenderLists.Most} entries already");
    }

    private static async Task<AdminReply> RemoveAsync(
        SenderLists lists, AccountId owner, bool allows, AdminCall call, CancellationToken cancel)
    {
        if (SenderEntry.Parse(call.Text("entry") ?? "", true, out var problem) is not { } entry) return AdminReply.No($"`{call.Text("entry")}` {problem}");
        if (await lists.RemoveAsync(owner, allows, entry, cancel)) return AdminReply.Done($"{entry.Text} is no longer on the list");
        return AdminReply.No(lists.List(owner, allows).Any(e => e.IsDeclared && e.Entry.Text == entry.Text)
            ? $"{entry.Text} stands in the settings file; remove it there" : $"{entry.Text} is not on the list");
    }
}
