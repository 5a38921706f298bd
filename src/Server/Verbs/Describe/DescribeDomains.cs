using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Whose mail is taken here.</summary>
internal sealed class DescribeDomains(DescribeAsk ask) : IDescribed
{
    public string Title => "Domains";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (rows, problem) = await ask.RowsAsync("domain.list", cancel);
        part.Say(problem ?? (rows.Count == 0 ? "No domain has its mail here."
            : $"Mail for {Count(rows.Count, "domain")} is received here.")).Table("domains", rows);
    }
}
