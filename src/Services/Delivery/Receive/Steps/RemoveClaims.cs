using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Spam;

namespace Aviso.Delivery;

/// <summary>
/// RFC 8601 §5: nobody but us speaks in our name. The same for our own words about spam, which scripts of others and ours believe.
/// </summary>
internal sealed class RemoveClaims(ReceiveParts parts) : IReceiveStep
{
    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        var header = context.Header.Octets.Span;
        var claims = AuthenticationResults.Claiming(header, parts.Options.HostName);
        if (!context.IsSubmission && parts.Filters.Spam() is not null)
            claims = [.. claims.Concat(SpamFields.Claiming(header)).OrderBy(c => c.Start.Value)];
        if (claims.Count > 0) context.Take(HeaderCuts.Without(parts.Store.Spool, context, claims, []));
        return default;
    }
}
