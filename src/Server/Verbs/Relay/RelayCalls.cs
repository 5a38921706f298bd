using Aviso.Admin;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>A relay and what there is of it.</summary>
/// <param name="Routes">How many lead to it now.</param>
/// <param name="Quota">What is left of it in its span, or "none".</param>
/// <param name="Spill">The relay that takes what the quota does not.</param>
/// <param name="Events">It has a webhook.</param>
/// <param name="List">Its list of blocked recipients is looked at.</param>
internal sealed record RelayRow(string Relay, string Host, int Routes, string Quota, string Spill, bool Events, bool List, string Switched);

/// <summary>What the verbs about relays do in the running server.</summary>
internal sealed class RelayCalls(
    RelaySuppressions lists, DoctorRounds doctor, RelaySwitch switched, QueueRunner queue, Func<ServerSettings> settings)
{
    private const string Off = "no relay has a list: say in the settings `suppressions: { kind: ..., key: ... }` at the relay";

    public void Add(AdminHandlers admin) => admin
        .Add("relay.list", async (_, t) => Replies.Rows(await RowsAsync(t), AdminJson.Default.RelayRow))
        .Add("relay.suppressed", SuppressedAsync)
        .Add("relay.unblock", UnblockAsync, changes: true);

    private async Task<IReadOnlyList<RelayRow>> RowsAsync(CancellationToken cancel)
    {
        var rows = new List<RelayRow>();
        foreach (var relay in settings().Relays)
        {
            var left = relay.Quota is { } quota ? $"{await queue.QuotaLeftAsync(relay.Name, cancel)} of {quota.Count} left" : "none";
            var routes = settings().Routes.Count(r => RoutesMapping.Now(r.Relay, switched.Now) == relay.Name);
            rows.Add(new(relay.Name, $"{relay.Host}:{relay.Port}", routes, left, relay.Spill ?? "", relay.HasEvents,
                lists.Relays.Contains(relay.Name),
                switched.Now is { } now && (now.From == relay.Name || now.To == relay.Name) ? Said(now) : ""));
        }
        return rows;
    }

    private static string Said(SwitchedRelay now) => now.State == "back"
        ? $"the switch from {now.From} to {now.To} went back{(now.Why.Length > 0 ? $": {now.Why}" : " by hand")}"
            : $"{now.To} for {now.From}, {now.State}: {now.Taken} taken, {now.Failed} failed";

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
