using Aviso.Admin;
using Aviso.Delivery;

namespace Aviso.Verbs;

/// <summary>What `aviso reports` asks of the running server.</summary>
internal sealed class ReportCalls(ReportBook reports, TimeProvider clock)
{
    public void Add(AdminHandlers admin) => admin.Add("reports", ListAsync);

    private async Task<AdminReply> ListAsync(AdminCall call, CancellationToken cancel)
    {
        if (!int.TryParse(call.Text("days") ?? "14", out var days) || days is < 1 or > 3650) return AdminReply.No(
            "--days takes a number of days");
        var kept = await reports.ListAsync(clock.GetUtcNow().AddDays(-days), cancel);
        return Replies.One(ReportSummary.Of(kept), AdminJson.Default.ReportSummary);
    }
}
