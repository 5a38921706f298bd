using System.Text.Json.Nodes;
using Aviso.Admin;

namespace Aviso.Server;

/// <summary>What the verbs about the ways in which decisions bite, and from where they come, do in the running server.</summary>
/// <param name="listeners">Those that read PROXY.</param>
internal sealed class EnforcementCalls(MailParts mail, Func<IReadOnlyList<BoundListener>> listeners, TimeProvider clock)
{
    public void Add(AdminHandlers admin) => admin
        .Add("decisions.nftables", NftablesAsync, changes: true)
        .Add("decisions.engine", (_, _) => Task.FromResult(Engine()))
        .Add("decisions.test", (_, t) => new BanTrial(mail, listeners(), clock).RunAsync(t), changes: true);

    private async Task<AdminReply> NftablesAsync(AdminCall call, CancellationToken cancel)
    {
        if (call.Flag("remove"))
            return await mail.Front.RemoveTableAsync(cancel) is { } problem ? AdminReply.No(problem) : AdminReply.Done("our table is out of the kernel; it comes back with the next start or change of the setting guard.nftables");
        if (mail.Front.Nftables is not { } export) return AdminReply.No("nothing is exported: the setting guard.nftables is not given");
        return AdminReply.Done(new JsonObject
        {
            ["table"] = "inet " + export.Options.Table,
            ["elements"] = export.Count,
            ["drops"] = export.Options.Drop,
            ["ports"] = string.Join(' ', export.Options.Ports),
            ["problem"] = export.Problem ?? "",
        });
    }

    private AdminReply Engine() => mail.Front.Engine is not { } engine ? AdminReply.No("no engine is asked: guard.mode is not crowdsec") : AdminReply.Done(new JsonObject
    {
        ["url"] = engine.Options.Url.ToString(),
        ["answers"] = engine.Problem is null && engine.LastAnswer is not null ? "yes" : "no",
        ["problem"] = engine.Problem ?? "",
        ["last answer"] = engine.LastAnswer?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) ?? "never",
        ["decisions"] = mail.Front.Gate.Book.List().Count(d => d.EngineId > 0),
        ["alerts"] = engine.Options.Machine is null ? "not sent: guard.crowdsec.machine is not given" : $"{engine.AlertsWaiting} wait",
    });
}
