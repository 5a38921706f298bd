using Aviso.Store;

namespace Aviso.Verbs;

/// <summary>What waits to leave.</summary>
internal sealed class DescribeQueue(IQueueRows queue, TimeProvider clock) : IDescribed
{
    public string Title => "Queue";

    public async Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var totals = await queue.QueueTotalsAsync(cancel);
        if (totals.Messages == 0)
        {
            part.Say("Nothing waits.");
            return;
        }
        var oldest = totals.OldestArrival is { } at ? clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(at) : TimeSpan.Zero;
        part.Say($"{DescribedPart.Count(totals.Messages, "message")} for {DescribedPart.Count(totals.Recipients, "recipient")} wait, the "
            + $"oldest for {DescribedPart.Span(oldest)}; {totals.Held} of the recipients are held. `aviso queue list` has the reasons.");
    }
}
