using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The contacts of one account at one moment: its address books, and of each card what it is found by.</summary>
internal sealed record AccountContacts(
    RecordLog BookLog, IReadOnlyDictionary<string, AddressBook> Books, RecordLog CardLog, IReadOnlyDictionary<string, CardRow> Cards)
{
    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<CardRow> InOrder => field ??= [.. Cards.Values.OrderBy(static c => c.Id, StringComparer.Ordinal)];

    /// <summary>Octets of all cards.</summary>
    public long Octets => Cards.Values.Sum(static c => (long)c.Octets);

    public bool IsOf(RecordLog books, RecordLog cards) => BookLog.Number == books.Number && CardLog.Number == cards.Number;
}

/// <summary>
/// The pictures of accounts that were looked at last. One that is old is never given out: who asks names the states that it must have.
/// </summary>
internal sealed class ContactPictures
{
    /// <summary>Octets of cards that pictures were made of, in all.</summary>
    private const long Most = 128L << 20;

    private readonly Lock _door = new();
    private readonly LinkedList<(AccountId Account, AccountContacts Contacts)> _last = [];

    public AccountContacts? Find(AccountId account, RecordLog books, RecordLog cards)
    {
        lock (_door)
        {
            for (var node = _last.First; node is not null; node = node.Next)
            {
                if (node.Value.Account != account) continue;
                _last.Remove(node);
                if (!node.Value.Contacts.IsOf(books, cards)) return null;
                _last.AddFirst(node);
                return node.Value.Contacts;
            }
            return null;
        }
    }

    public void Keep(AccountId account, AccountContacts contacts)
    {
        lock (_door)
        {
            for (var node = _last.First; node is not null; node = node.Next)
            {
                if (node.Value.Account != account) continue;
                _last.Remove(node);
                break;
            }
            _last.AddFirst((account, contacts));
            var sum = 0L;
            for (var node = _last.First; node is not null;)
            {
                var (next, octets) = (node.Next, Weight(node.Value.Contacts));
                if (sum + octets > Most) _last.Remove(node);
                else sum += octets;
                node = next;
            }
        }
    }

    // Of a small card the picture is larger than the card.
    private static long Weight(AccountContacts contacts) => 4096 + contacts.Octets + (512L * contacts.Cards.Count);
}
