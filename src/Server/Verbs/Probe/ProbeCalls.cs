using Aviso.Admin;
using Aviso.Doctor;

namespace Aviso.Verbs;

/// <summary>What the verbs about round trips do in the running server.</summary>
internal sealed class ProbeCalls(Prober prober)
{
    private const string Off = "nothing is probed; say in the settings `probe: { every: 20m, account: ADDRESS }`";

    public void Add(AdminHandlers admin) => admin
        .Add("probe.run", RunAsync)
        .Add("probe.status", (_, _) => Task.FromResult(prober.Options is null ? AdminReply.No(Off)
            : Replies.Rows(prober.Status(), AdminJson.Default.ProbeStatus)));

    private async Task<AdminReply> RunAsync(AdminCall call, CancellationToken cancel)
    {
        if (prober.Options is not { } options) return AdminReply.No(Off);
        return await prober.RunNowAsync(call.Text("route"), cancel) is { } results ? Replies.Rows(results, AdminJson.Default.ProbeResult)
            : AdminReply.No($"there is no route `{call.Text("route")}`; there are {string.Join(", ", options.Ways.Select(w => w.Name))}");
    }
}
