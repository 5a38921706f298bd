using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>The step that counts what an account sends to others, and the letter when its mail is held.</summary>
public sealed partial class MailReceiver
{
    private async ValueTask<Refusal?> LimitSendingAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (Filters.Sending is not { } sending || context.Transaction.Client.Login is not { } login) return null;
        var elsewhere = context.Recipients.SelectMany(r => r.External).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var account = new AccountId(login.Account);
        var (no, began) = await sending.CountAsync(account, login.Address, elsewhere, a => Filters.Correspondents?.HasWrittenTo(account, a) == true, cancel);
        if (began is not null) await TellOfHoldAsync(context, account, began, cancel);
        return no;
    }

    // To the owner and to the postmaster. The message itself goes on: its copies elsewhere wait in the queue.
    private async Task TellOfHoldAsync(ReceiveContext context, AccountId account, SendingHold hold, CancellationToken cancel)
    {
        try
        {
            var postmaster = (await new NoticeTarget(accounts).FindAsync($"postmaster@{MailAddress.DomainOf(hold.Address)}", cancel)).Local;
            var targets = new List<AcceptTarget>
            {
                new(account, Inbox, Encoding.UTF8.GetBytes($"Return-Path: <>\r\nDelivered-To: {hold.Address}\r\n"), SystemFlags.None, [], IgnoreQuota: true),
            };
            if (postmaster is not null && postmaster.Account != account) targets.Add(postmaster);
            using var body = store.Spool.Begin();
            body.Write(HoldLetter(context, hold));
            var stored = await store.AcceptAsync(new(body, reader.Render(body), targets, null) { ReceivedAt = context.Now.ToUnixTimeSeconds() }, cancel);
            if (!stored.Ok) log.NoticeLost(null, context.Id, "held");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.NoticeLost(e, context.Id, "held");
        }
    }

    private byte[] HoldLetter(ReceiveContext context, SendingHold hold)
    {
        var at = hold.Address.LastIndexOf('@');
        var header = new HeaderWriter(!Ascii.IsValid(hold.Address))
            .Addresses("From", HeaderAddress.Of("Mail Delivery System", "MAILER-DAEMON", options.HostName))
            .Addresses("To", HeaderAddress.Of("", hold.Address[..at], hold.Address[(at + 1)..]))
            .Text("Subject", "Your outgoing mail is held: is this you?")
            .Date("Date", context.Now)
            .Ids("Message-ID", $"{IdText.Format(ids.Next())}@{options.HostName}")
            .Raw("Auto-Submitted", "auto-generated");
        var text = $"This is the mail system at {options.HostName}.\n\n"
            + $"Within an hour {hold.NewRecipients} people were written to from {hold.Address} to whom it never wrote before; usual are {hold.Usual:0}.\n"
            + "That looks like somebody who knows the password. So mail of this account to other systems waits: nothing is lost, and mail\n"
            + "between accounts here goes on.\n\n"
            + $"The last message came from {context.Transaction.Client.Origin.Remote.Address}.\n\n"
            + "If this was not you, change the password now; the administrator can look at the mail and drop it:\n\n"
            + $"    aviso queue list --sender {hold.Address}\n\n"
            + "If it is right, the administrator lets it go:\n\n"
            + $"    aviso account release {hold.Address}\n";
        return new MessageComposer(header, MimeEntity.Text(text)).Compose();
    }
}
