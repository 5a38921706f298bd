using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>Says at RCPT where an address leads, or why nobody here takes mail for it.</summary>
internal sealed class RecipientResolver(ReceiveParts parts)
{
    private AddressTable Table => parts.Accounts.Table;

    /// <summary>One of the two.</summary>
    public async ValueTask<(ResolvedRecipient? Found, Refusal? No)> FindAsync(MailTransaction transaction, MailRecipient recipient, CancellationToken cancel)
    {
        var way = Table.Resolve(recipient.Address);
        if (transaction.Sender.IsNull && way.Step is ResolutionStep.None or ResolutionStep.CatchAll
            && await ReturnPathAsync(recipient, cancel) is { } back)
            return Returned(recipient, back) is { } returned ? (returned, null) : (null, Refusals.Unknown);
        var (found, no) = Resolve(transaction, recipient, way);
        if (found is not null && !await HasRoomAsync(transaction, found, cancel)) return (null, Refusals.Full);
        return (found, no);
    }

    private (ResolvedRecipient? Found, Refusal? No) Resolve(MailTransaction transaction, MailRecipient recipient, Resolution way)
    {
        if (IsTrap(transaction, recipient, way)) return (new(recipient, recipient.Address.Wire, [], []) { IsTrap = true }, null);
        switch (way.Kind)
        {
            case ResolutionKind.UnknownUser: return (null, Refusals.Unknown);
            case ResolutionKind.Suspended: return (null, Refusals.Suspended(way.Source));
            // Networks of ours grant no relay (design.md section 5, networks.internal): only a login does.
            case ResolutionKind.NotLocal when transaction.Client.Login is null: return (null, Refusals.Relay);
        }
        var shown = recipient.Address.Wire;
        IReadOnlyList<MailAddress> external = way.Kind == ResolutionKind.NotLocal ? [recipient.Address] : way.External;
        var resolved = new ResolvedRecipient(recipient, shown, way.Local, external) { Forwards = way.Kind == ResolutionKind.Found && external.Count > 0 };
        if (parts.Options.OutsideMailbox is not { } outside || external.Count == 0) return (resolved, null);
        return Captured(resolved, outside) is { } captured ? (captured, null) : (null, Refusals.Unknown);
    }

    // A trap that is named wins over what takes any address; a pattern of traps only takes what nobody has.
    private bool IsTrap(MailTransaction transaction, MailRecipient recipient, Resolution way)
    {
        if (parts.Filters.Traps is not { } traps || transaction.Client.Login is not null || !Table.IsLocalDomain(recipient.Domain)) return false;
        var address = $"{recipient.LocalPart}@{recipient.Domain.Ascii}";
        return way.Step is ResolutionStep.None or ResolutionStep.CatchAll or ResolutionStep.Pattern && traps.IsNamed(address)
            || way.Step is ResolutionStep.None or ResolutionStep.CatchAll && way.Kind != ResolutionKind.Suspended && traps.IsInPattern(address);
    }

    // design.md section 5, `serve --local`: mail for foreign domains is not sent, it lands in one mailbox.
    private ResolvedRecipient? Captured(ResolvedRecipient resolved, string outside)
    {
        if (!AddressKey.TryParse(outside, out var key)) return null;
        var way = Table.Resolve(key.LocalPart, key.Domain);
        return way.Local.Count == 0 ? null : resolved with { Local = [.. resolved.Local, .. way.Local], External = [], Forwards = false };
    }

    // Room in one of several mailboxes is enough here: what cannot be filed is told to the sender later.
    private async ValueTask<bool> HasRoomAsync(MailTransaction transaction, ResolvedRecipient resolved, CancellationToken cancel)
    {
        if (resolved.External.Count > 0 || resolved.IsTrap) return true;
        foreach (var target in resolved.Local)
        {
            if (Table.QuotaOf(target.Account) == 0) return true;
            var use = await parts.Store.GetQuotaAsync(target.Account, cancel);
            if (use.OctetLimit == 0 || use.Octets + (transaction.Parameters.Size ?? 1) <= use.OctetLimit) return true;
        }
        return false;
    }

    // A bounce to a sender that we once rewrote: where it goes. Null for any other address.
    private async ValueTask<MailAddress?> ReturnPathAsync(MailRecipient recipient, CancellationToken cancel) =>
        parts.Filters.Srs is { } srs && Srs.IsSrs(recipient.LocalPart) && Table.IsLocalDomain(recipient.Domain)
            ? await srs.ReverseAsync(recipient.LocalPart, cancel) : null;

    // To the stranger whose mail we forwarded, or to one of ours who keeps reports about what a stranger's false sender may not get.
    private ResolvedRecipient? Returned(MailRecipient recipient, MailAddress address)
    {
        var shown = recipient.Address.Wire;
        var way = Table.Resolve(address);
        return way.Kind switch
        {
            ResolutionKind.NotLocal => new(recipient, shown, [], [address]),
            ResolutionKind.Found when way.Local.Count > 0 => new(recipient, shown, way.Local, []),
            _ => null,
        };
    }
}
