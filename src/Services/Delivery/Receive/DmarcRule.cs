using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>What is done with mail that DMARC fails and whose domain asks for rejection (RFC 7489 §6.3).</summary>
public enum DmarcAction
{
    /// <summary>p=reject is 550 5.7.1 at DATA, p=quarantine is Junk.</summary>
    Refuse,

    /// <summary>Both are Junk.</summary>
    Junk,

    /// <summary>Both only count points of the filter.</summary>
    Score,
}

/// <summary>
/// Applies the policy of the author's domain. A trusted sealer (ARC) or an entry of an allow list speaks for a message; reputation
/// does not. What may not be refused (a postmaster's mail, a trap's, what a relay of ours has taken already) is filed in Junk.
/// </summary>
internal sealed class DmarcRule(ReceiveParts parts)
{
    public Refusal? Apply(ReceiveContext context)
    {
        var action = parts.Filters.Dmarc();
        if (action == DmarcAction.Score || context.Auth is not { } auth) return null;
        var origin = context.Transaction.Client.Origin;
        var isRelayed = context.IsLmtp || parts.Filters.IsTrustedRelay(origin.Remote.Address);
        var mayRefuse = action == DmarcAction.Refuse && !isRelayed && context.Traps == 0 && !context.IsForPostmaster;
        // RFC 7489 §6.6.1: whose authors nobody can tell has no policy to be held to. Reports of other servers may be poor.
        if (mayRefuse && !origin.IsInternal && !context.Transaction.Sender.IsNull && Unclear(context.Header) is { } unclear)
            return Refusals.Header(unclear);
        if (auth.Dmarc is not { Result: DmarcResult.Fail, Policy: not DmarcPolicy.None } dmarc || IsTrustedForward(auth) || IsAllowedHere(context)) return null;
        var accounts = context.Recipients.SelectMany(r => r.Local).Select(l => l.Account).ToList();
        if (accounts.Count > 0 && accounts.TrueForAll(a => IsAllowedBy(context, a))) return null;
        if (dmarc.Policy == DmarcPolicy.Reject && mayRefuse && !accounts.Exists(a => IsAllowedBy(context, a))) return Refusals.Dmarc(dmarc.Domain);
        context.FailsDmarc = true;
        return null;
    }

    /// <summary>A sealer whom the administrator trusts says that it was genuine as it came there (RFC 8617).</summary>
    public static bool IsTrustedForward(AuthVerdict auth) => auth.Arc is { Result: ArcResult.Pass, TrustedResults.Length: > 0 };

    /// <summary>The account itself lets this sender in.</summary>
    public static bool IsAllowedBy(ReceiveContext context, AccountId account) =>
        context.Spam?.AccountSymbols?.GetValueOrDefault(account)?.Any(s => s.Name == SenderListCheck.AllowedByYou) == true;

    private static bool IsAllowedHere(ReceiveContext context) => context.Spam?.Symbols.Any(s => s.Name == SenderListCheck.AllowedHere) == true;

    // A line that is no field may be a From to others: "From\r\n :".
    private static string? Unclear(ReceiveHeader header) =>
        header.HasStrayLine && header.Authors.From.Count == 0 ? "a line of the header is no field" : header.Authors.Unclear();
}
