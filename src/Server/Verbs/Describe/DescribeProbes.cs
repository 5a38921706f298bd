using Aviso.Doctor;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>Round trips and what came of the last.</summary>
internal sealed class DescribeProbes(Prober prober) : IDescribed
{
    public string Title => "Probes";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        if (prober.Options is null) part.Say("Nothing is probed.");
        else
            part.Say("Messages are sent out and waited for, each of these ways.").Table("routes", prober.Status().Select(s => Row(
                ("route", s.Route), ("last", s.Last is { } last ? Time(last.Began) : "not tried yet"), ("result", Said(s.Last)),
                ("last success", Time(s.LastSuccess)), ("next", Time(s.Next)))));
        return Task.CompletedTask;
    }

    private static string Said(ProbeResult? last) => last is null ? ""
        : last.Came ? $"came through in {last.Took.TotalSeconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)} s"
        : $"failed at {last.FailedStage}: {last.Problem}";
}
