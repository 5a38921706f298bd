using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>What becomes of a message when one of its steps throws or runs out of time.</summary>
internal enum Fails
{
    /// <summary>It goes on without the step; the log and a metric say so.</summary>
    Skip,

    /// <summary>451 4.3.0 for all recipients, with an id that is also in the log: the client keeps the message.</summary>
    Defer,
}

/// <summary>One thing that happens to a message that is whole. It may say no on purpose; what it throws is the runner's matter.</summary>
internal interface IReceiveStep
{
    /// <summary>Null: go on. A refusal is for all recipients and the last word.</summary>
    ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel);

    /// <summary>The step was left out: notes what later steps and readers of the header have to know of that.</summary>
    void WasSkipped(ReceiveContext context)
    {
    }
}

/// <summary>A step as it stands in the list.</summary>
/// <param name="Budget">After this time its token is cancelled. It is waited for: nothing goes on in the background.</param>
internal sealed record ReceiveStep(IReceiveStep Work, Fails Fails, TimeSpan Budget)
{
    /// <summary>For the log and as a label of metrics: "VerifySender".</summary>
    public string Name { get; } = Work.GetType().Name;

    /// <summary>The label, made once.</summary>
    public KeyValuePair<string, object?> Tag { get; } = new("step", Work.GetType().Name);
}
