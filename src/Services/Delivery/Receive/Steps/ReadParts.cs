using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Finds the parts of the message as it will be stored.</summary>
internal sealed class ReadParts(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        context.Parts = parts.Reader.Scan(context.Body);
        return default;
    }
}
