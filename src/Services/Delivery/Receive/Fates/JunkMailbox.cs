using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>Where an account keeps a message: in the inbox, or in Junk for what looks like spam to it.</summary>
internal sealed class JunkMailbox(IMailStore store)
{
    public const string Inbox = "INBOX", Junk = "Junk";

    public async ValueTask<string> KeepAsync(ReceiveContext context, AccountId account, CancellationToken cancel)
    {
        if (!IsJunk(context, account)) return Inbox;
        // The owner may have given the mailbox another name.
        var mailboxes = await store.ListMailboxesAsync(account, cancel);
        if (mailboxes.FirstOrDefault(m => m.SpecialUse == SpecialUse.Junk) is { } junk) return junk.Name;
        var made = await store.CreateMailboxAsync(account, Junk, SpecialUse.Junk, cancel);
        return made.Value is { } created ? created.Name : mailboxes.Any(m => m.Name == Junk) ? Junk : Inbox;
    }

    private static bool IsJunk(ReceiveContext context, AccountId account)
    {
        if (context.FailsDmarc) return !DmarcRule.IsAllowedBy(context, account);
        if (context.Spam is not { } spam || (!context.IsTagged && spam.ScoreFor(account) < spam.Required)) return false;
        if (spam is { Action: SpamAction.Tag, IsAsked: true }) return true;
        // Somebody the account writes to may pull its own score below the threshold.
        return spam.PerAccount?.ContainsKey(account) != true || spam.ScoreFor(account) >= spam.Required;
    }
}
