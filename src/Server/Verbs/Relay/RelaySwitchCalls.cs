using Aviso.Admin;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Server;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>One step of a switch.</summary>
/// <param name="State">fine, open or waits.</param>
internal sealed record SwitchRow(string Step, string State, string Text);

/// <summary>
/// `aviso relay switch A B`: what the DNS says of B, a signed message by way of B to ourselves and what we as its receiver say of it, and
/// only then the flip. A step that fails leaves everything as it was.
/// </summary>
internal sealed class RelaySwitchCalls(RelaySwitch relays, DoctorPart doctor, DnsPlanner planner, Prober prober,
    Func<ServerSettings> settings)
{
    public void Add(AdminHandlers admin) => admin.Add("relay.switch", SwitchAsync, changes: true);

    private async Task<AdminReply> SwitchAsync(AdminCall call, CancellationToken cancel)
    {
        var (from, to, isMeant) = (call.Text("from") ?? "", call.Text("to") ?? "", call.Flag("yes"));
        if (relays.Now is { IsInForce: true } now) return await AgainAsync(now, from, to, isMeant, cancel);
        if (Problem(from, to) is { } problem) return AdminReply.No(problem);
        var refused = await doctor.RefusesAsync(new SwitchedRelay(from, to, 0, 0, 0, "trial", ""), cancel);
        if (refused.Count > 0) return AdminReply.No("nothing was switched:\n" + string.Join('\n', refused));
        List<SwitchRow> rows = [new("dns", "fine", $"the records allow mail by {to}"), .. await PlanAsync(cancel)];
        if (!isMeant) return Rows(rows, new("test", "waits", $"a message by {to} to ourselves, and then the flip: say --yes"));
        if (call.Flag("untested")) rows.Add(new("test", "open", "left out"));
        else
        {
            var (proof, failed) = await TestAsync(to, cancel);
            if (failed is not null) return AdminReply.No($"nothing was switched: {failed}");
            rows.Add(new("test", "fine", proof));
        }
        await relays.BeginAsync(from, to, cancel);
        return Rows(rows,
            new("flip", "fine", $"mail for {from} goes by {to} now, and back by itself when {RelaySwitch.MostFailed} of the first "
            + $"{RelaySwitch.Trial} recipients fail and they are half of them or more; write `relay: {to}` into `routes` when it holds"));
    }

    private async Task<AdminReply> AgainAsync(SwitchedRelay now, string from, string to, bool isMeant, CancellationToken cancel)
    {
        if ((from, to) != (now.To, now.From))
            return AdminReply.No(
                $"mail for {now.From} goes by {now.To} already ({now.State}); `aviso relay switch {now.To} {now.From} --yes` goes back");
        if (!isMeant) return Rows([], new("flip", "waits", $"back to {to}, as `routes` say: say --yes"));
        await relays.EndAsync(cancel);
        return Rows([], new("flip", "fine", $"mail goes by {to} again, as `routes` say"));
    }

    private string? Problem(string from, string to)
    {
        var (names, now) = (settings().Relays.Select(r => r.Name).ToList(), settings());
        foreach (var name in (string[])[from, to])
            if (!names.Contains(name)) return $"there is no relay {name} in `relays`{Nearest.Hint(name, names)}";
        if (from == to) return "the two relays are one";
        return now.Routes.Any(r => r.Relay == from) ? null : $"no route leads to {from}: nothing would go by {to}";
    }

    // What is not as planned is worth knowing before; what forbids the switch was judged by the records themselves.
    private async Task<IEnumerable<SwitchRow>> PlanAsync(CancellationToken cancel) => !planner.Asks ? []
        : (await planner.PlanAsync(null, cancel)).Lines.Where(l =>
            l is { Purpose: DnsPurpose.Spf or DnsPurpose.Dkim, Action: not PlanAction.Fine })
            .Select(l => new SwitchRow("plan", "open", $"{l.Label}: {l.Reason}"));

    private async Task<(string Proof, string? Failed)> TestAsync(string to, CancellationToken cancel)
    {
        if (prober.Options is not { } options || !options.Ways.Any(w => w is RelayWay && w.Name == to))
            return ("", $"no message can be sent by {to} to ourselves: set `probe: {{ every: 20m, account: ADDRESS }}`, or say --untested");
        var result = await prober.RunNowAsync(to, cancel) is [var first, ..] ? first : null;
        if (result is not { Came: true }) return ("", $"the test message by {to} failed at `{result?.FailedStage}`: {result?.Problem}");
        return Alignment.Problem(result.Proof) is { } why ? ("", $"the test message by {to} came, and {why}: {result.Proof}")
            : (result.Proof, null);
    }

    private static AdminReply Rows(List<SwitchRow> rows, SwitchRow last) => Replies.Rows(rows.Append(last), AdminJson.Default.SwitchRow);
}

/// <summary>What a receiver's verdict means for the author's domain.</summary>
internal static class Alignment
{
    /// <summary>Why such mail would be put aside elsewhere; null when it would not.</summary>
    /// <param name="proof">An Authentication-Results field (RFC 8601 §2.2).</param>
    public static string? Problem(string proof)
    {
        var results = proof.Split(';', StringSplitOptions.TrimEntries).Skip(1).Select(r =>
            r.Split([' ', '\t', '('], 2)[0].ToLowerInvariant()).ToList();
        if (results.Contains("dmarc=pass")) return null;
        if (results.Exists(r => r.StartsWith("dmarc=", StringComparison.Ordinal) && r is not "dmarc=none")) return "DMARC does not pass";
        // Without a policy either proof will do for most receivers.
        return results.Contains("dkim=pass") || results.Contains("spf=pass") ? null : "neither SPF nor DKIM passes";
    }
}
