using Aviso.Guard;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Who may not connect now.</summary>
internal sealed class DescribeBans(Gatekeeper gate, Func<EngineLink?> engine) : IDescribed
{
    private const int MostRows = 20;

    public string Title => "Bans";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var all = gate.Book.List();
        part.Say(gate.Options.Owner switch
        {
            GuardOwner.Builtin => "This server decides about bans itself.",
            GuardOwner.Crowdsec => "A CrowdSec engine decides about bans.",
            _ => "Nobody decides about bans here.",
        });
        if (engine()?.Problem is { } problem) part.Say($"The CrowdSec engine does not answer: {problem}.");
        part.Say(all.Count == 0 ? "Nobody is banned." : $"{Count(all.Count, "decision")} in force: "
            + string.Join(", ", all.GroupBy(d => d.Origin).OrderByDescending(g => g.Count()).Select(g => $"{g.Count()} by {g.Key}")) + ".");
        if (all.Count > MostRows) part.Say($"The latest {MostRows}; `aviso decisions list` has all.");
        part.Table("decisions", all.OrderByDescending(d => d.Since).Take(MostRows).Select(d => Row(("value", d.Value),
            ("type", d.Type), ("reason", d.Scenario), ("origin", d.Origin), ("since", Time(d.Since)),
            ("until", Time(d.Until)))));
        return Task.CompletedTask;
    }
}
