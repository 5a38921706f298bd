using System.Text.Json.Nodes;
using Aviso.Dns;
using Aviso.Doctor;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>What the DNS ought to hold for each domain, and whether it did when it was last asked. Asks nobody.</summary>
internal sealed class DescribeDns(DnsPlanner planner) : IDescribed
{
    public string Title => "DNS";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (wanted, look) = (await planner.WantedAsync(cancel), planner.LastLook);
        part.Say(!planner.Asks ? "The DNS is not asked: nothing leaves this server (`outbound.capture`)."
            : look is null ? "The DNS has not been asked since the start; `aviso dns plan` asks it now."
            : $"The DNS was asked at {Time(look.At)}: {Sum(look.Report.Lines)}.");
        part.Table("domains", wanted.GroupBy(w => w.Domain)
            .Select(domain => OneDomain(domain.Key, [.. domain], planner.Asks ? look : null)));
        if (look is null) return;
        part.Table("differences", look.Report.Lines.Where(l => l.Action != PlanAction.Fine).Select(l => Row(
            ("name", l.Name), ("type", DnsTypes.NameOf(l.Type)), ("state", Said(l.Action)), ("because", l.Reason))));
        foreach (var note in look.Report.Notes) part.Say(note + ".");
    }

    private static JsonObject OneDomain(string domain, IReadOnlyList<WantedSet> wanted, DnsLook? look) => Row(
        ("domain", domain), ("records", $"{wanted.Count}"),
        ("planned", string.Join(", ", wanted.GroupBy(w => w.Purpose).OrderBy(g => g.Key)
            .Select(g => g.Count() == 1 ? Name(g.Key) : $"{Name(g.Key)} ({g.Count()})"))),
        ("last look", look is null ? "not asked" : Sum([.. look.Report.Lines.Where(l => l.Domain == domain)])));

    private static string Sum(IReadOnlyList<PlanLine> lines) =>
        lines.Count == 0 ? "nothing is planned" : lines.All(l => l.Action == PlanAction.Fine) ? "all agree"
        : string.Join(", ", lines.GroupBy(l => l.Action).OrderBy(g => g.Key).Select(g => $"{g.Count()} {Said(g.Key)}"));

    private static string Said(PlanAction action) => action switch
    {
        PlanAction.Fine => "agree",
        PlanAction.Create => "missing",
        PlanAction.Update => "other than planned",
        PlanAction.Delete => "not needed any more",
        PlanAction.ByHand => "to be decided by hand",
        _ => "unknown",
    };

    private static string Name(DnsPurpose purpose) => purpose switch
    {
        DnsPurpose.Address => "address",
        DnsPurpose.MtaSts => "MTA-STS",
        DnsPurpose.TlsReports => "TLS reports",
        DnsPurpose.Clients => "mail programs",
        _ => purpose.ToString().ToUpperInvariant(),
    };
}
