using Aviso.Base;
using Aviso.MailAuth;

namespace Aviso.Delivery;

/// <summary>Signs a submission (RFC 6376) with every key of its author's domain.</summary>
internal sealed class Sign(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (!context.IsSubmission || parts.Filters.Keys is not { } keys) return default;
        if (keys.KeysOf(context.AuthorDomain) is { Count: > 0 } signing)
            context.Signatures = DkimSigner.Sign(context.Body, signing, SignOptions.Default, context.Now);
        return default;
    }
}
