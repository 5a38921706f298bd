using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>AddressBook/set (RFC 9610 §2.3).</summary>
internal sealed class AddressBookSet(ContactStore contacts, StateFeed feed, JmapLimits limits) : IMethod
{
    public string Name => "AddressBook/set";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        var (withContents, becomesDefault) = (reader.Flag("onDestroyRemoveContents", false), reader.TextOrNull("onSuccessSetIsDefault"));
        reader.End();
        var answer = new SetAnswer(call);
        var (before, after) = await contacts.ChangeAsync(call.Account, async edit =>
        {
            set.CheckState(edit.Before.BookLog.State);
            await new AddressBookSetRun(call, edit, answer, withContents).RunAsync(set, becomesDefault, cancel);
        }, cancel);
        answer.Write(before.BookLog.State, after.BookLog.State);
        feed.Tell(call.Account, before, after);
    }
}

/// <summary>One AddressBook/set on the contacts of an account.</summary>
/// <param name="withContents">A book that goes takes its cards with it.</param>
internal sealed class AddressBookSetRun(Call call, ContactEdit edit, SetAnswer answer, bool withContents)
{
    private readonly HashSet<string> _made = new(StringComparer.Ordinal);

    // True: the answer tells of the default too.
    private readonly Dictionary<string, bool> _updated = new(StringComparer.Ordinal);
    private bool _isAllDone = true;

    public async Task RunAsync(SetArguments set, string? becomesDefault, CancellationToken cancel)
    {
        foreach (var (key, value) in set.Create) Try(() => Create(key, value), error => answer.NotCreated(key, error));
        var doomed = set.Destroy.Select(call.Created.Resolve).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in set.Update) Try(() => Update(key, value, doomed), error => answer.NotUpdated(key, error));
        foreach (var key in set.Destroy)
        {
            AddressBook? book = null;
            Try(() => book = MayGo(key), error => answer.NotDestroyed(key, error));
            if (book is null) continue;
            await EmptyAsync(book, cancel);
            edit.RemoveBook(book.Id);
            answer.Destroyed(book.Id);
        }
        if (_isAllDone && becomesDefault is not null) SetDefault(becomesDefault);
        foreach (var (id, isDefaultToo) in _updated)
            answer.Updated(id, isDefaultToo ? writer => edit.Books[id].WriteDefault(writer, call.User) : null);
    }

    private void Try(Action one, Action<SetError> not)
    {
        try
        {
            one();
        }
        catch (SetFailure failure)
        {
            _isAllDone = false;
            not(failure.Error);
        }
    }

    private void Create(string key, JsonElement value)
    {
        if (!value.TryGetProperty("name"u8, out _)) throw new SetFailure(SetError.InvalidProperty("name", "missing"));
        if (edit.Books.Count >= ContactLimits.Books)
            throw new SetFailure(new("overQuota", $"there are {ContactLimits.Books} address books"));
        var made = new AddressBook(edit.NewBookId(), "");
        foreach (var property in value.EnumerateObject())
        {
            if (property.Name is "id" or "isDefault") throw new SetFailure(SetError.InvalidProperty(property.Name, "set by the server"));
            made = made.With(property.Name, property.Value);
        }
        edit.Put(made);
        _made.Add(made.Id);
        answer.Created(key, made.Id, writer =>
        {
            if (!value.TryGetProperty("description"u8, out _)) writer.WriteNull("description"u8);
            if (!value.TryGetProperty("sortOrder"u8, out _)) writer.WriteNumber("sortOrder"u8, 0);
            if (!value.TryGetProperty("isSubscribed"u8, out _)) writer.WriteBoolean("isSubscribed"u8, true);
            if (!value.TryGetProperty("shareWith"u8, out _)) writer.WriteNull("shareWith"u8);
            // As it is at the end: it may have become the default.
            edit.Books.GetValueOrDefault(made.Id, made).WriteDefault(writer, call.User);
        });
    }

    private void Update(string key, JsonElement value, HashSet<string?> doomed)
    {
        var book = Find(key);
        if (doomed.Contains(book.Id)) throw new SetFailure(new("willDestroy"));
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        foreach (var entry in patch.Entries)
        {
            if (entry.Pointer == "myRights" && book.HasRights(entry.Value, call.User)) continue;
            // Its own objects are the server's, and there is nobody to share with.
            if (entry.Tokens.Length == 1 || entry.Tokens[0] is "myRights") book = book.With(entry.Tokens[0], entry.Value);
            else if (entry.Tokens[0] == "shareWith") throw new SetFailure(new("forbidden", "nothing is shared here"));
            else throw new SetFailure(SetError.InvalidPatch($"{entry.Pointer} points into a text"));
        }
        edit.Put(book);
        _updated.TryAdd(book.Id, false);
    }

    private AddressBook MayGo(string key)
    {
        var book = Find(key);
        // So that there is always one; which it is the client can change first.
        if (book.IsDefault) throw new SetFailure(new("forbidden", "the default address book stays"));
        if (!withContents && edit.Cards.Values.Any(c => c.Books.Contains(book.Id)))
            throw new SetFailure(new("addressBookHasContents", "there are cards in it"));
        return book;
    }

    private async Task EmptyAsync(AddressBook book, CancellationToken cancel)
    {
        foreach (var card in edit.Cards.Values.Where(c => c.Books.Contains(book.Id)).ToList())
        {
            if (card.Books.Count == 1) edit.RemoveCard(card.Id);
            else if (await edit.OctetsAsync(card.Id, cancel) is { } octets)
            {
                octets = CardOctets.WithBooks(octets, card.Books.Where(b => b != book.Id));
                edit.Put(CardRow.Read(octets), octets);
            }
        }
    }

    private void SetDefault(string asked)
    {
        if (call.Created.Resolve(asked) is not { } id || !edit.Books.TryGetValue(id, out var next) || next.IsDefault) return;
        foreach (var book in edit.Books.Values.Where(static b => b.IsDefault).ToList()) Put(book with { IsDefault = false });
        Put(next with { IsDefault = true });

        void Put(AddressBook book)
        {
            edit.Put(book);
            if (!_made.Contains(book.Id)) _updated[book.Id] = true;
        }
    }

    private AddressBook Find(string key) => call.Created.Resolve(key) is { } id && edit.Books.TryGetValue(id, out var book)
        ? book : throw new SetFailure(SetError.NotFound);
}
