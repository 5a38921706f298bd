using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>Takes a message through the steps: catches, times, logs and counts, each step by what it declares.</summary>
internal sealed class ReceiveRun(ReceiveParts parts, IReadOnlyList<ReceiveStep> steps)
{
    public ReceiveParts Parts => parts;

    public async ValueTask<ReceiveResult> RunAsync(
        MailTransaction transaction, IReadOnlyList<ResolvedRecipient> recipients, SpooledBody body, TransactionTrace told,
        CancellationToken cancel)
    {
        var started = parts.Clock.GetTimestamp();
        using var context = new ReceiveContext(transaction, body, IdText.Format(parts.Ids.Next()), parts.Clock.GetUtcNow()) { Told = told };
        context.Recipients.AddRange(recipients);
        using var time = new StepTime(parts.Clock, cancel);
        foreach (var step in steps)
        {
            context.Refused = await RunAsync(step, context, time);
            if (context.Refused is not null) break;
        }
        return new ReceiveOutcome(parts, context).Result(parts.Clock.GetElapsedTime(started));
    }

    private async ValueTask<Refusal?> RunAsync(ReceiveStep step, ReceiveContext context, StepTime time)
    {
        var began = parts.Clock.GetTimestamp();
        try
        {
            return await step.Work.RunAsync(context, time.For(step.Budget));
        }
        catch (SpoolFullException) when (step.Fails == Fails.Defer)
        {
            return Refusals.NoRoom("the spool is full");
        }
        catch (Exception e) when (!time.IsCut)
        {
            return Failed(step, context, e);
        }
        finally
        {
            ReceiveMeters.StepSeconds.Record(parts.Clock.GetElapsedTime(began).TotalSeconds, step.Tag);
        }
    }

    private Refusal? Failed(ReceiveStep step, ReceiveContext context, Exception e)
    {
        ReceiveMeters.StepFailures.Add(1, step.Tag, new("then", step.Fails == Fails.Skip ? "skipped" : "deferred"));
        if (step.Fails == Fails.Skip)
        {
            parts.Log.StepSkipped(e, context.Id, step.Name);
            context.Skipped.Add(step.Name);
            step.Work.WasSkipped(context);
            return null;
        }
        parts.Log.StepDeferred(e, context.Id, step.Name);
        return Refusals.OwnFault(step.Name, context.Id);
    }

    /// <summary>One token source for all steps of a message, wound up anew for each.</summary>
    private sealed class StepTime(TimeProvider clock, CancellationToken cancel) : IDisposable
    {
        private CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, clock);
        private CancellationTokenSource? _both;

        /// <summary>The caller has given up, not a budget.</summary>
        public bool IsCut => cancel.IsCancellationRequested;

        public CancellationToken For(TimeSpan budget)
        {
            if (!_source.TryReset())
            {
                _source.Dispose();
                _source = new(Timeout.InfiniteTimeSpan, clock);
            }
            _source.CancelAfter(budget);
            if (!cancel.CanBeCanceled) return _source.Token;
            _both?.Dispose();
            _both = CancellationTokenSource.CreateLinkedTokenSource(_source.Token, cancel);
            return _both.Token;
        }

        public void Dispose()
        {
            _both?.Dispose();
            _source.Dispose();
        }
    }
}
