using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Names, and until when they hold.</summary>
internal sealed class DescribeCertificates(DescribeAsk ask) : IDescribed
{
    public string Title => "Certificates";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (rows, problem) = await ask.RowsAsync("certificates.list", cancel);
        part.Say(problem ?? (rows.Count == 0 ? "There is no certificate: no listener speaks TLS."
            : $"{Count(rows.Count, "certificate")}.")).Table("certificates", rows);
    }
}
