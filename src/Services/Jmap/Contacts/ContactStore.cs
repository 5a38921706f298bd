using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// The address books and cards of accounts: one document each, and a log of changes for either kind, all that one change writes in one
/// transaction. The first address book is made when somebody looks.
/// </summary>
internal sealed class ContactStore(IDocumentRows rows, IdSource ids, TimeProvider clock) : IDisposable
{
    public const string BookType = "AddressBook", CardType = "ContactCard";

    /// <summary>Of the document that has the log of an account's cards.</summary>
    public const string CardLogKind = CardKind + LogSuffix;

    private const string BookKind = "contact-book", CardKind = CardBlobs.CardKind, LogSuffix = "-log", FirstName = "Contacts";

    private readonly ContactPictures _pictures = new();

    // One change of an account at a time; accounts share a few locks.
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>What tells the states of both types.</summary>
    public IReadOnlyList<IStateSource> States => [new ContactStates(this, BookType, BookKind), new ContactStates(this, CardType, CardKind)];

    public async Task<AccountContacts> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var contacts = await LoadAsync(account, cancel);
        return contacts.BookLog.IsNew ? (await ChangeAsync(account, static _ => default, cancel)).After : contacts;
    }

    /// <summary>A card as it is kept, its id and addressBookIds with it; null when there is none.</summary>
    public async Task<byte[]?> CardAsync(AccountId account, string id, CancellationToken cancel) =>
        (await rows.GetDocumentAsync(account, CardKind, id, cancel))?.Value;

    /// <summary>Lets <paramref name="change"/> make a change, and writes it, with nobody in between.</summary>
    public async Task<(AccountContacts Before, AccountContacts After)> ChangeAsync(
        AccountId account, Func<ContactEdit, ValueTask> change, CancellationToken cancel)
    {
        var one = _locks[(uint)account.GetHashCode() % _locks.Length];
        await one.WaitAsync(cancel);
        try
        {
            var before = await LoadAsync(account, cancel);
            if (before.BookLog.IsNew) before = await WriteAsync(account, First(Edit(account, before)), cancel);
            var edit = Edit(account, before);
            await change(edit);
            return (before, await WriteAsync(account, edit, cancel));
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose()
    {
        foreach (var one in _locks) one.Dispose();
    }

    internal async Task<RecordLog> LogAsync(AccountId account, string kind, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, kind + LogSuffix, "", cancel) is { } document ? RecordLog.Read(document.Value)
            : RecordLog.Empty;

    private ContactEdit Edit(AccountId account, AccountContacts before) =>
        new(before, ids, clock, (id, cancel) => CardAsync(account, id, cancel));

    private static ContactEdit First(ContactEdit edit)
    {
        edit.Put(new AddressBook(edit.NewBookId(), FirstName) { IsDefault = true });
        return edit;
    }

    // The logs are read first: records that are newer than they say make a picture that nobody will be given again.
    private async Task<AccountContacts> LoadAsync(AccountId account, CancellationToken cancel)
    {
        var (bookLog, cardLog) = (await LogAsync(account, BookKind, cancel), await LogAsync(account, CardKind, cancel));
        if (_pictures.Find(account, bookLog, cardLog) is { } known) return known;
        var books = await rows.ListDocumentsAsync(account, BookKind, cancel);
        var cards = await rows.ListDocumentsAsync(account, CardKind, cancel);
        var contacts = new AccountContacts(
            bookLog, books.ToDictionary(static d => d.Key.Name, static d => AddressBook.Read(d.Value), StringComparer.Ordinal),
            cardLog, cards.ToDictionary(static d => d.Key.Name, static d => CardRow.Read(d.Value), StringComparer.Ordinal));
        _pictures.Keep(account, contacts);
        return contacts;
    }

    private async Task<AccountContacts> WriteAsync(AccountId account, ContactEdit edit, CancellationToken cancel)
    {
        var (books, cards, now) = (edit.BookChanges, edit.CardChanges, edit.Now.ToUnixTimeSeconds());
        if (books.Count + cards.Count == 0) return edit.Before;
        var (set, remove) = (new List<Document>(), new List<DocumentKey>());
        var after = new AccountContacts(
            Log(BookKind, edit.Before.BookLog, books), edit.Books, Log(CardKind, edit.Before.CardLog, cards), edit.Cards);
        Add(BookKind, books, id => edit.Books[id].Kept());
        Add(CardKind, cards, edit.Written);
        await rows.ChangeDocumentsAsync(set, remove, cancel);
        _pictures.Keep(account, after);
        return after;

        RecordLog Log(string kind, RecordLog before, IReadOnlyList<(string Id, RecordChangeKind Kind)> changes)
        {
            if (changes.Count == 0) return before;
            var log = before.With(changes);
            set.Add(new(new(account, kind + LogSuffix, ""), log.Write(), now));
            return log;
        }

        void Add(string kind, IReadOnlyList<(string Id, RecordChangeKind Kind)> changes, Func<string, byte[]> written)
        {
            foreach (var (id, change) in changes)
            {
                var key = new DocumentKey(account, kind, id);
                if (change == RecordChangeKind.Destroyed) remove.Add(key);
                else set.Add(new(key, written(id), now));
            }
        }
    }
}

/// <summary>The state of one of the two types.</summary>
internal sealed class ContactStates(ContactStore contacts, string type, string kind) : IStateSource
{
    public string Type => type;

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) =>
        (await contacts.LogAsync(account, kind, cancel)).State;
}
