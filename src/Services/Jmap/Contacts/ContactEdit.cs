using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>A change of one account's contacts while it is made; nothing of it is seen before it is written as one.</summary>
internal sealed class ContactEdit(
    AccountContacts before, IdSource ids, TimeProvider clock, Func<string, CancellationToken, Task<byte[]?>> read)
{
    private readonly Dictionary<string, AddressBook> _books = new(before.Books, StringComparer.Ordinal);
    private readonly Dictionary<string, CardRow> _cards = new(before.Cards, StringComparer.Ordinal);
    private readonly Dictionary<string, string> _uids =
        before.Cards.Values.ToDictionary(static c => c.Uid, static c => c.Id, StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _octets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _touchedBooks = new(StringComparer.Ordinal), _touchedCards = new(StringComparer.Ordinal);

    public AccountContacts Before => before;

    public IReadOnlyDictionary<string, AddressBook> Books => _books;

    public IReadOnlyDictionary<string, CardRow> Cards => _cards;

    /// <summary>Octets of all cards as they are now.</summary>
    public long Octets { get; private set; } = before.Octets;

    public DateTimeOffset Now { get; } = clock.GetUtcNow();

    /// <summary>A card's octets as they are now.</summary>
    public async ValueTask<byte[]?> OctetsAsync(string id, CancellationToken cancel) =>
        _octets.TryGetValue(id, out var octets) ? octets : await read(id, cancel);

    public string NewBookId() => "b" + IdText.Format(ids.Next());

    public string NewCardId() => CardBlobs.NewCard(ids);

    /// <summary>The card that has this uid.</summary>
    public string? FindUid(string uid) => _uids.GetValueOrDefault(uid);

    public void Put(AddressBook book)
    {
        _books[book.Id] = book;
        _touchedBooks.Add(book.Id);
    }

    public void RemoveBook(string id)
    {
        _books.Remove(id);
        _touchedBooks.Add(id);
    }

    public void Put(CardRow card, byte[] octets)
    {
        if (_cards.TryGetValue(card.Id, out var old)) Forget(old);
        (_cards[card.Id], _octets[card.Id], _uids[card.Uid]) = (card, octets, card.Id);
        Octets += card.Octets;
        _touchedCards.Add(card.Id);
    }

    public void RemoveCard(string id)
    {
        if (!_cards.Remove(id, out var old)) return;
        Forget(old);
        _octets.Remove(id);
        _touchedCards.Add(id);
    }

    /// <summary>What was changed, by kind.</summary>
    public IReadOnlyList<(string Id, RecordChangeKind Kind)> BookChanges => Changes(_touchedBooks, before.Books, _books);

    public IReadOnlyList<(string Id, RecordChangeKind Kind)> CardChanges => Changes(_touchedCards, before.Cards, _cards);

    /// <summary>Of a card that was put.</summary>
    public byte[] Written(string id) => _octets[id];

    private void Forget(CardRow old)
    {
        Octets -= old.Octets;
        _uids.Remove(old.Uid);
    }

    // What was made and went again is nothing.
    private static List<(string Id, RecordChangeKind Kind)> Changes<T>(
        HashSet<string> touched, IReadOnlyDictionary<string, T> before, Dictionary<string, T> after) =>
        [.. touched.Where(id => before.ContainsKey(id) || after.ContainsKey(id)).Select(id => (id, !before.ContainsKey(id)
            ? RecordChangeKind.Created : after.ContainsKey(id) ? RecordChangeKind.Updated : RecordChangeKind.Destroyed))];
}
