using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What the verbs about DNS records do in the running server.</summary>
internal sealed class DnsCalls(DnsPlanner planner, DnsApply apply, DnsCheck check, Func<CancellationToken, Task> changed)
{
    public void Add(AdminHandlers admin) => admin
        .Add("dns.plan", PlanAsync)
        .Add("dns.check", async (c, t) => planner.Asks ? Replies.Rows(await check.CheckAsync(Domain(c), t), AdminJson.Default.CheckRow)
            : AdminReply.No("the DNS is not asked: nothing leaves this server (`outbound.capture`), so nobody looks for its records"))
        .Add("dns.export", ExportAsync)
        .Add("dns.apply", (c, t) => ChangeAsync(apply.ApplyAsync(Domain(c), c.Texts("only"), t), t), changes: true)
        .Add("dns.rollback", (c, t) => ChangeAsync(apply.RollBackAsync(c.Texts("only"), t), t), changes: true);

    private async Task<AdminReply> ChangeAsync(Task<IReadOnlyList<ApplyRow>> changing, CancellationToken cancel)
    {
        var rows = await changing;
        await changed(cancel);
        return Replies.Rows(rows, AdminJson.Default.ApplyRow);
    }

    private async Task<AdminReply> PlanAsync(AdminCall call, CancellationToken cancel)
    {
        var domain = Domain(call);
        var report = await planner.PlanAsync(domain, cancel);
        if (domain is not null && report.Lines.Count == 0) return AdminReply.No(
            $"{domain} is no domain of this server; see `aviso domain list`");
        return AdminReply.Done(new JsonObject
        {
            ["records"] = Replies.Rows(report.Lines.Select(DnsRow.Of), AdminJson.Default.DnsRow).Result,
            ["notes"] = new JsonArray([.. report.Notes.Select(n => (JsonNode)n)]),
        });
    }

    private async Task<AdminReply> ExportAsync(AdminCall call, CancellationToken cancel)
    {
        var lines = (await planner.PlanAsync(Domain(call), cancel)).Lines;
        return (call.Text("format") ?? "zone", call.Text("provider_version") ?? "5") switch
        {
            ("zone", _) => AdminReply.Done(DnsExport.Zone(lines)),
            ("terraform", "4" or "5") => AdminReply.Done(DnsExport.Terraform(lines, call.Text("provider_version") == "4" ? 4 : 5)),
            ("terraform", _) => AdminReply.No("`--provider-version` is 4 or 5"),
            ("external-dns", _) => AdminReply.Done(DnsExport.ExternalDns(lines)),
            (var format, _) => AdminReply.No($"`{format}` is none of zone, terraform and external-dns"),
        };
    }

    private static string? Domain(AdminCall call) => call.Text("domain") is { Length: > 0 } domain ? DnsMapping.Ascii(domain) : null;
}

/// <summary>One set of records of the plan.</summary>
/// <param name="Action">fine, create, update, delete, by_hand or unknown.</param>
internal sealed record DnsRow(
    string Action, string Name, string Type, IReadOnlyList<string> Wanted, IReadOnlyList<string> Found, string Reason, string Domain,
        string Purpose,
    bool Urgent)
{
    public static DnsRow Of(PlanLine line) => new(
        line.Action == PlanAction.ByHand ? "by_hand" : line.Action.ToString().ToLowerInvariant(), line.Name, DnsTypes.NameOf(line.Type),
            line.Wanted, line.Found,
        line.Reason, line.Domain, line.Purpose.ToString().ToLowerInvariant(), line.Urgent);
}
