using Aviso.Doctor;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Known risks: what the doctor says now.</summary>
internal sealed class DescribeFindings(FindingBook book, DoctorRounds rounds) : IDescribed
{
    public string Title => "Findings";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var (standing, states) = (book.Standing, rounds.States);
        var looked = states.Count(s => s.LastAt is not null);
        part.Say(standing.Count == 0 ? "Nothing stands that the doctor knows to be wrong."
            : $"{Count(standing.Count, "known risk")}: what the doctor found and what has not cleared yet.");
        part.Say(looked == states.Count
            ? $"All {looked} checks have been made since the start, the oldest look at {Time(states.Min(s => s.LastAt))}."
            : $"{looked} of {states.Count} checks have been made since the start; `aviso doctor` makes all of them now.");
        if (book.Ignored.Count > 0)
            part.Say($"Nothing is said of {string.Join(", ", book.Ignored.Order(StringComparer.Ordinal))}: `doctor.ignore` names them.");
        part.Table("findings", standing.Select(s => Row(("severity", Word(s.Finding.Code.Severity)),
            ("code", s.Finding.Code.Word), ("subject", s.Finding.Subject), ("says", s.Finding.Says), ("since", Time(s.Since)),
            ("acknowledged", s.Acknowledged is { } at ? Time(at) : ""), ("to do", s.Finding.Fix))));
        return Task.CompletedTask;
    }
}
