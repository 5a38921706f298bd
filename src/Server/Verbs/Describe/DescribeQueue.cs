using Aviso.Store;
using static Aviso.Verbs.DescribedPart;

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
        part.Say($"{Count(totals.Messages, "message")} for {Count(totals.Recipients, "recipient")} wait, the "
            + $"oldest for {Span(oldest)}; {totals.Held} of the recipients are held. `aviso queue list` has the reasons.");
    }
}
