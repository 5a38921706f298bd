using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Says what a change of contacts has changed (RFC 8620 §7.1).</summary>
internal static class ContactNews
{
    public static void Tell(this StateFeed feed, AccountId account, AccountContacts before, AccountContacts after)
    {
        if (before.BookLog.Number != after.BookLog.Number) feed.Changed(account, ContactStore.BookType, after.BookLog.State);
        if (before.CardLog.Number != after.CardLog.Number) feed.Changed(account, ContactStore.CardType, after.CardLog.State);
    }
}
