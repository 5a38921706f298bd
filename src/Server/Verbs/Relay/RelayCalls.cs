using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Doctor;

namespace Aviso.Verbs;

/// <summary>What the verbs about relays do in the running server.</summary>
internal sealed class RelayCalls(RelaySuppressions lists, DoctorRounds doctor)
{
    private const string Off = "no relay has a list: say in the settings `suppressions: { kind: ..., key: ... }` at the relay";

    public void Add(AdminHandlers admin) => admin
        .Add("relay.suppressed", SuppressedAsync)
        .Add("relay.unblock", UnblockAsync, changes: true);

    private async Task<AdminReply> SuppressedAsync(AdminCall call, CancellationToken cancel)
    {
        if (!lists.Any) return AdminReply.No(Off);
        if (call.Text("relay") is { } relay && !lists.Relays.Contains(relay)) return AdminReply.No($"the relay `{relay}` has no list here");
        var answer = await lists.ListAsync(call.Text("relay"), cancel);
        var wanted = call.Text("address");
        var rows = answer.Rows.Where(r => wanted is null || r.Address.Contains(wanted, StringComparison.OrdinalIgnoreCase)).ToList();
        // Half a list that looks whole would be worse than none.
        return answer.Problem is { } problem && rows.Count == 0 ? AdminReply.No(problem)
            : Replies.Rows(rows.OrderByDescending(r => r.Since), AdminJson.Default.SuppressedAddress);
    }

    private async Task<AdminReply> UnblockAsync(AdminCall call, CancellationToken cancel)
    {
        if (!lists.Any) return AdminReply.No(Off);
        var address = call.Text("address") ?? "";
        var (relays, problem) = await lists.UnblockAsync(address, cancel);
        if (relays.Count > 0) await doctor.LookAsync(c => c.Name == RelayListCheck.Word, cancel);
        return problem is not null ? AdminReply.No(problem)
            : relays.Count == 0 ? AdminReply.No($"{address} stands on no list of {string.Join(", ", lists.Relays)}")
            : AdminReply.Done($"{address} was taken off the list of {string.Join(", ", relays)}; mail for it goes out again");
    }
}
