using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>
/// Counts what an account sends to others, whoever makes it: its mail program, the redirects of its scripts and their letters. Tells
/// the owner and the postmaster when that holds its mail.
/// </summary>
internal sealed class SendingGate
{
    private readonly ReceiveParts _parts;
    private readonly SendingBrake _brake;

    private SendingGate(ReceiveParts parts, SendingBrake brake) => (_parts, _brake) = (parts, brake);

    /// <summary>Null when nothing is limited.</summary>
    public static SendingGate? Of(ReceiveParts parts) => parts.Filters.Sending is { } brake ? new(parts, brake) : null;

    /// <summary>Counts one message; 450 when a limit is reached, and then nothing was counted.</summary>
    /// <param name="elsewhere">Its recipients that are not ours.</param>
    /// <param name="by">What sent it: an address of a client, or "a script".</param>
    public async ValueTask<Refusal?> CountAsync(
        AccountId account, string address, IReadOnlyCollection<MailAddress> elsewhere, string by, CancellationToken cancel)
    {
        var (no, began) = await _brake.CountAsync(account, address, [.. elsewhere.Select(a => a.Wire)], a => IsKnown(account, a), cancel);
        if (began is not null) await TellOfHoldAsync(account, began, by, cancel);
        return no;
    }

    // Whom the account wrote to may be lost or unreadable, and costs nobody his mail: then nobody looks new, and the limits still hold. Its
    // contacts do not count: who has stolen the password could write in them first.
    private bool IsKnown(AccountId account, string address)
    {
        try
        {
            return _parts.Filters.Correspondents?.HasWrittenTo(account, address) == true;
        }
        catch (Exception e)
        {
            _parts.Log.CorrespondentsUnreadable(e, account.ToString());
            return true;
        }
    }

    // The message itself goes on: its copies elsewhere wait in the queue.
    private async Task TellOfHoldAsync(AccountId account, SendingHold hold, string by, CancellationToken cancel)
    {
        try
        {
            var postmaster = (await new NoticeTarget(_parts.Accounts).FindAsync($"postmaster@{MailAddress.DomainOf(hold.Address)}", cancel)).Local;
            var prefix = Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {hold.Address}\r\n");
            var targets = new List<AcceptTarget> { new(account, JunkMailbox.Inbox, prefix, SystemFlags.None, [], IgnoreQuota: true) };
            if (postmaster is not null && postmaster.Account != account) targets.Add(postmaster);
            var now = _parts.Clock.GetUtcNow();
            using var body = _parts.Store.Spool.Make(b => b.Write(Letter(hold, by, now)));
            var stored = await _parts.Store.AcceptAsync(
                new(body, _parts.Reader.Render(body), targets, null) { ReceivedAt = now.ToUnixTimeSeconds() }, cancel);
            if (!stored.Ok) _parts.Log.NoticeLost(null, hold.Address, "held");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _parts.Log.NoticeLost(e, hold.Address, "held");
        }
    }

    private byte[] Letter(SendingHold hold, string by, DateTimeOffset now)
    {
        var hostName = _parts.Options.HostName;
        var header = new HeaderWriter(!Ascii.IsValid(hold.Address))
            .Addresses("From", HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", hostName))
            .Addresses("To", HeaderAddress.Of("", RowAddresses.Read(hold.Address)))
            .Text("Subject", "Your outgoing mail is held: is this you?")
            .Date("Date", now)
            .Ids("Message-ID", $"{IdText.Format(_parts.Ids.Next())}@{hostName}")
            .Raw("Auto-Submitted", "auto-generated");
        var text = $"This is the mail system at {hostName}.\n\n"
            + $"Within an hour {hold.NewRecipients} people were written to from {hold.Address} to whom it never wrote before; usual are {hold.Usual:0}.\n"
            + "That looks like somebody who knows the password. So mail of this account to other systems waits: nothing is lost, and mail\n"
            + "between accounts here goes on.\n\n"
            + $"The last message came from {by}.\n\n"
            + "If this was not you, change the password now; the administrator can look at the mail and drop it:\n\n"
            + $"    aviso queue list --sender {hold.Address}\n\n"
            + "If it is right, the administrator lets it go:\n\n"
            + $"    aviso account release {hold.Address}\n";
        return new MessageComposer(header, MimeEntity.Text(text)).Compose();
    }
}
