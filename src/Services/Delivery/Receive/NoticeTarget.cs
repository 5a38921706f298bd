using System.Text;
using Aviso.Accounts;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Finds the mailbox of a notice to one of ours: notices are filed over quota, and go to one account only.</summary>
/// <param name="capture">Where mail for other domains lands when nothing may leave.</param>
public sealed class NoticeTarget(AccountBook accounts, Srs? srs = null, string? capture = null) : INoticeTarget
{
    public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel)
    {
        if (!AddressKey.TryParse(sender, out var key)) return new(new NoticeAddress(null, sender));
        if (srs is not null && Srs.IsSrs(key.LocalPart) && accounts.Table.IsLocalDomain(key.Domain)
            && srs.Reverse(sender[..sender.LastIndexOf('@')]).Address is { } before)
        {
            sender = before;
            if (!AddressKey.TryParse(sender, out key)) return new(new NoticeAddress(null, sender));
        }
        var way = accounts.Table.Resolve(key.LocalPart, key.Domain);
        if (way.Kind == ResolutionKind.NotLocal && capture is not null && AddressKey.TryParse(capture, out var outside))
            way = accounts.Table.Resolve(outside.LocalPart, outside.Domain);
        if (way.Local.Count == 0) return new(new NoticeAddress(null, sender));
        var prefix = Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {way.Local[0].Address}\r\n");
        return new(new NoticeAddress(new AcceptTarget(way.Local[0].Account, "INBOX", prefix, SystemFlags.None, [], IgnoreQuota: true), sender));
    }
}
