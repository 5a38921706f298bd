using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Reads the message's own header once for all steps.</summary>
internal sealed class ReadHeader(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (parts.Options.MessageSize > 0 && context.Body.Length > parts.Options.MessageSize) return new(Refusals.TooLarge(context.Body.Length));
        context.Header = ReceiveHeader.Read(context.Body, context.IsSubmission);
        return default;
    }
}
