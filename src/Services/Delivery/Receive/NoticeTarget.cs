using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Finds the mailbox of a notice to one of ours: notices are filed over quota, and go to one account only.</summary>
/// <param name="capture">Where mail for other domains lands when nothing may leave.</param>
public sealed class NoticeTarget(AccountBook accounts, SenderRewriter? srs = null, string? capture = null) : INoticeTarget
{
    private AddressTable Table => accounts.Table;

    public async ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel)
    {
        // A row of an older version may hold what is no address: nobody can be told under it.
        if (!MailAddress.TryParse(sender, out var address)) return new(null, sender) { IsNobody = true };
        if (srs is not null && Srs.IsSrs(address.LocalPart) && Table.IsLocalDomain(address.Domain))
        {
            if (await srs.ReverseAsync(address.LocalPart, cancel) is not { } before) return new(null, sender) { IsNobody = true };
            address = before;
        }
        var way = Table.Resolve(address);
        if (way.Kind == ResolutionKind.NotLocal && capture is not null && MailAddress.TryParse(capture, out var outside))
            way = Table.Resolve(outside);
        if (way.Local is [var first, ..]) return new(Inbox(first), address.Wire);
        if (way.Kind == ResolutionKind.NotLocal) return new(null, address.Wire);
        return way.External is [var elsewhere, ..] ? new(null, elsewhere.Wire) : new(null, address.Wire) { IsNobody = true };
    }

    public ValueTask<NoticeAddress?> KeeperAsync(string originalRecipient, CancellationToken cancel)
    {
        // RFC 3461 §4.2: original-recipient-address = addr-type ";" xtext
        var text = originalRecipient[(originalRecipient.IndexOf(';', StringComparison.Ordinal) + 1)..];
        if (!MailAddress.TryParse(text, out var address) || !Table.IsLocalDomain(address.Domain)) return new((NoticeAddress?)null);
        var keeper = Table.Resolve(address).Local is [var first, ..] ? first : Table.KeeperOf(address.Domain);
        return new(keeper is null ? null : new NoticeAddress(Inbox(keeper), keeper.Address.Wire) { IsKeeper = true });
    }

    private static AcceptTarget Inbox(LocalTarget target) => new(target.Account, "INBOX",
        Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {target.Address.Wire}\r\n"), SystemFlags.None, [], IgnoreQuota: true);
}
