using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>What somebody who logged in hands in: written in the name of whom it may be, and complete (RFC 6409).</summary>
internal sealed class CheckSubmission(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Transaction.Client.Login is not { } login) return default;
        if (SubmissionRules.CheckHeader(parts.Accounts.Grants, login, context.Header) is { } no) return new(no);
        context.Replace(SubmissionRules.Complete(
            context.Body, context.Header, parts.Store.Spool, parts.Options.HostName, context.Id, context.Now));
        return default;
    }
}
