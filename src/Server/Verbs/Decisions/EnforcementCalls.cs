using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Guard;
using Aviso.Server;

namespace Aviso.Verbs;

/// <summary>What the verbs about the ways in which decisions bite, and from where they come, do in the running server.</summary>
/// <param name="trial">A trial of bans on the listeners that are bound now.</param>
internal sealed class EnforcementCalls(GuardPart guard, EnforcementPart enforcement, Func<BanTrial> trial)
{
    public void Add(AdminHandlers admin) => admin
        .Add("decisions.nftables", NftablesAsync, changes: true)
        .Add("decisions.engine", (_, _) => Task.FromResult(Engine()))
        .Add("decisions.test", (_, t) => TestAsync(t), changes: true);

    private async Task<AdminReply> NftablesAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Flag("remove"))
        {
            return await enforcement.RemoveTableAsync(cancel) is { } problem ? AdminReply.No(problem)
                : AdminReply.Done("our table is out of the kernel; it comes back with the next start or change of the setting guard.nftables");
        }
        if (enforcement.Nftables is not { } export) return AdminReply.No("nothing is exported: the setting guard.nftables is not given");
        return AdminReply.Done(new JsonObject
        {
            ["table"] = "inet " + export.Options.Table,
            ["elements"] = export.Count,
            ["drops"] = export.Options.Drop,
            ["ports"] = string.Join(' ', export.Options.Ports),
            ["problem"] = export.Problem ?? "",
        });
    }

    private AdminReply Engine()
    {
        if (guard.Engine is not { } engine) return AdminReply.No("no engine is asked: guard.mode is not crowdsec");
        return AdminReply.Done(new JsonObject
        {
            ["url"] = engine.Options.Url.ToString(),
            ["answers"] = engine.Problem is null && engine.LastAnswer is not null ? "yes" : "no",
            ["problem"] = engine.Problem ?? "",
            ["last answer"] = engine.LastAnswer?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never",
            ["decisions"] = guard.Gate.Book.List().Count(d => d.EngineId > 0),
            ["alerts"] = engine.Options.Machine is null ? "not sent: guard.crowdsec.machine is not given" : $"{engine.AlertsWaiting} wait",
        });
    }

    private async Task<AdminReply> TestAsync(CancellationToken cancel)
    {
        var result = await trial().RunAsync(cancel);
        if (result.Problem is { } problem) return AdminReply.No(problem);
        var rows = result.Rows.Select(Row).ToList();
        return result.Holds ? AdminReply.Done(new JsonArray([.. rows]))
            : AdminReply.No("a ban does not bite:\n" + string.Join('\n', rows.Select(r => string.Join("  ", r.Select(c => $"{c.Value}")))));
    }

    private static JsonObject Row(BanTrialRow row) => new()
    {
        ["where"] = row.Where,
        ["by"] = row.By,
        ["address"] = row.Address.ToString(),
        ["banned"] = row.Banned,
        ["others"] = row.Others,
        ["ok"] = row.Ok switch { true => "yes", false => "NO", null => "-" },
    };
}
