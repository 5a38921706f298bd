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
        if (context.IsSubmission) return default;
        var header = context.Header.Octets;
        var claims = AuthenticationResults.Claiming(header.Span, parts.Options.HostName);
        if (parts.Filters.Spam() is not null) claims = [.. claims.Concat(SpamFields.Claiming(header.Span)).OrderBy(c => c.Start.Value)];
        if (claims.Count == 0) return default;
        context.Replace(parts.Store.Spool.Make(cleaned =>
        {
            var at = 0;
            foreach (var claim in claims)
            {
                cleaned.Write(header.Span[at..claim.Start.Value]);
                at = claim.End.Value;
            }
            cleaned.Write(context.Body, at);
        }));
        return default;
    }
}
