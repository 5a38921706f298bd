using Aviso.Base;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Addresses that stand for others, counted by domain.</summary>
internal sealed class DescribeAliases(DescribeAsk ask) : IDescribed
{
    public string Title => "Aliases";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (aliases, problem) = await ask.RowsAsync("alias.list", cancel);
        var (domains, _) = await ask.RowsAsync("domain.list", cancel);
        // An alias that is only @domain takes what nobody else has.
        var all = aliases.Select(a => $"{a["address"]}").Where(a => !a.StartsWith('@')).ToList();
        var catchAlls = domains.Where(d => d["catch_all"] is not null).ToDictionary(d => $"{d["name"]}", d => $"{d["catch_all"]}");
        foreach (var one in aliases.Where(a => $"{a["address"]}".StartsWith('@')))
            catchAlls.TryAdd($"{one["address"]}"[1..], Output.Cell(one["to"]));
        part.Say(problem ?? $"{Count(all.Count, "alias", "aliases")} and {Count(catchAlls.Count, "catch-all")}.");
        part.Table("domains", all.Select(MailAddress.DomainOf).Concat(catchAlls.Keys).Distinct().Order(StringComparer.Ordinal)
            .Select(domain => Row(("domain", domain), ("aliases", $"{all.Count(a => MailAddress.DomainOf(a) == domain)}"),
                ("the rest goes to", catchAlls.GetValueOrDefault(domain, "nobody")))));
    }
}
