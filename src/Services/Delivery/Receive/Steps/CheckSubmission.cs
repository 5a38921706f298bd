using Aviso.Base;
using Aviso.MailAuth;

namespace Aviso.Delivery;

/// <summary>What somebody who logged in hands in: written in the name of whom it may be, and complete (RFC 6409).</summary>
internal sealed class CheckSubmission(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.Transaction.Client.Login is not { } login) return default;
        if (SubmissionRules.CheckHeader(parts.Accounts.Grants, login, context.Header, out var authors) is { } no) return new(no);
        context.AuthorDomain = authors[0].Domain;
        var header = context.Header;
        var added = SubmissionRules.Missing(header, parts.Options.HostName, context.Id, context.Now);
        // RFC 6409 §8: a client that forgets must not tell one recipient of another.
        if (added.Length > 0 || header.Blind is not null) context.Take(HeaderCuts.Without(parts.Store.Spool, context, header.Blind ?? [], added));
        return default;
    }
}
