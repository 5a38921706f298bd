using System.Collections.Concurrent;
using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>What one server says about one set of records, where that is not what the plan says.</summary>
/// <param name="Server">Its address and what it is: "192.0.2.53:53 (zone)", "127.0.0.1:53 (ours)", "9.9.9.9:53 (other)".</param>
/// <param name="State">missing, differs or unknown.</param>
/// <param name="Says">Its values, or why nothing is known: SERVFAIL, bogus, no answer.</param>
public sealed record CheckRow(string Name, string Type, string Server, string State, string Says, IReadOnlyList<string> Wanted);

/// <summary>Asks everybody: the servers of each zone, our own resolvers, and others. One question for each record, never for ANY (RFC
/// 8482).</summary>
/// <param name="own">Our own resolvers.</param>
/// <param name="others">Those of the settings.</param>
/// <param name="hosts">Which servers hold a zone, where the settings say so.</param>
public sealed class DnsCheck(
    DnsPlanner planner, IReadOnlyList<IPEndPoint> own, Func<IReadOnlyList<IPEndPoint>> others, Func<DnsHosts> hosts, IResolver resolver,
        TimeProvider clock)
{
    private const int AtOnce = 16;

    /// <summary>What anybody says otherwise than planned, or does not say; none when all agree.</summary>
    public async Task<IReadOnlyList<CheckRow>> CheckAsync(string? domain, CancellationToken cancel)
    {
        var plan = await planner.PlanAsync(domain, cancel);
        var (zones, one) = (new ZoneServers(resolver, clock), new OneServer(clock));
        var questions = new List<(PlanLine Line, IPEndPoint Server, string Who)>();
        // What leads to a host by addresses and not by an alias has no one value to compare.
        foreach (var line in plan.Lines.Where(l => l.Action != PlanAction.Delete && l.Wanted.Count > 0 && !(l is
        {
            Type: DnsType.Cname,
            Action: PlanAction.Fine, Found.Count: 0
        })))
        {
            var holders = hosts().For(line.Name) is { Checks: { Count: > 0 } checks } ? checks : (await zones.FindAsync(line.Name,
                cancel))?.Servers ?? [];
            questions.AddRange(holders.Select(s => (line, s, "zone")));
            questions.AddRange(own.Select(s => (line, s, "ours")));
            questions.AddRange(others().Select(s => (line, s, "other")));
        }
        var rows = new ConcurrentBag<(int At, CheckRow Row)>();
        await Parallel.ForAsync(0, questions.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
            async (i, stop) =>
        {
            var (line, server, who) = questions[i];
            var said = await one.AskAsync(server, line.Name, line.Type, stop);
            if (Judge(line, said) is { } judged) rows.Add((i, new(line.Name, DnsTypes.NameOf(line.Type), $"{server} ({who})", judged.State,
                judged.Says, line.Wanted)));
        });
        return [.. rows.OrderBy(r => r.At).Select(r => r.Row)];
    }

    private static (string State, string Says)? Judge(PlanLine line, ServerAnswer said)
    {
        if (said.Trouble.Length > 0) return ("unknown", said.Trouble);
        var set = new WantedSet(line.Domain, line.Purpose, line.Name, line.Type, line.Wanted, "");
        var texts = said.Answer.Records.Select(RecordText.Of).Where(set.IsOurs).ToList();
        if (Comparison.Shows(set, texts, line.Wanted)) return null;
        return texts.Count == 0 ? ("missing", said.Answer.Status == DnsStatus.NxDomain ? "no such name" : "no such record") : ("differs",
            string.Join(" | ", texts));
    }
}
