using Aviso.Backup;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Copies elsewhere: how old they are, and when one was last proven.</summary>
internal sealed class DescribeBackups(Func<BackupRounds?> rounds, TimeProvider clock) : IDescribed
{
    public string Title => "Backups";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        if (rounds() is not { } running) part.Say("No backups are made: the settings name no targets.");
        else
            part.Say($"{Count(running.States.Count, "target")}.").Table("targets", running.States.Select(s => Row(
                ("target", s.Name), ("where", s.Where), ("whole copy", Age(s.WholeAt)), ("waiting", Octets(s.Waiting)),
                ("proven", Age(s.ProvenAt)), ("last drill", Time(s.DrilledAt)),
                ("problem", s.Problem ?? s.DrillProblem ?? ""))));
        return Task.CompletedTask;
    }

    private string Age(DateTimeOffset? at) => at is { } time
        ? $"{Time(time)}, {Span(clock.GetUtcNow() - time)} ago" : "never since the start";
}
