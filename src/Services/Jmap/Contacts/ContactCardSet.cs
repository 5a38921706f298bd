using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aviso.Jmap;

/// <summary>ContactCard/set (RFC 9610 §3.5).</summary>
internal sealed class ContactCardSet(ContactStore contacts, BlobShelf blobs, StateFeed feed, JmapLimits limits) : IMethod
{
    public string Name => "ContactCard/set";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        reader.End();
        var answer = new SetAnswer(call);
        var (before, after) = await contacts.ChangeAsync(call.Account, async edit =>
        {
            set.CheckState(edit.Before.CardLog.State);
            await new CardSetRun(call, edit, answer, new(call, blobs)).RunAsync(set, cancel);
        }, cancel);
        answer.Write(before.CardLog.State, after.CardLog.State);
        feed.Tell(call.Account, before, after);
    }
}

/// <summary>One ContactCard/set on the contacts of an account.</summary>
internal sealed class CardSetRun(Call call, ContactEdit edit, SetAnswer answer, CardMedia media)
{
    public async Task RunAsync(SetArguments set, CancellationToken cancel)
    {
        foreach (var (key, value) in set.Create)
            await TryAsync(() => CreateAsync(key, value, cancel), error => answer.NotCreated(key, error));
        var doomed = set.Destroy.Select(call.Created.Resolve).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in set.Update)
            await TryAsync(() => UpdateAsync(key, value, doomed, cancel), error => answer.NotUpdated(key, error));
        foreach (var key in set.Destroy)
        {
            if (Find(key) is not { } card)
            {
                answer.NotDestroyed(key, SetError.NotFound);
                continue;
            }
            edit.RemoveCard(card.Id);
            answer.Destroyed(card.Id);
        }
    }

    private static async Task TryAsync(Func<Task> one, Action<SetError> not)
    {
        try
        {
            await one();
        }
        catch (SetFailure failure)
        {
            not(failure.Error);
        }
    }

    private async Task CreateAsync(string key, JsonElement value, CancellationToken cancel)
    {
        if (value.TryGetProperty("id"u8, out _)) throw Wrong("id", "set by the server");
        if (edit.Cards.Count >= ContactLimits.Cards) throw new SetFailure(new("overQuota", $"there are {ContactLimits.Cards} cards"));
        CheckDepth(value);
        var card = CardOctets.Open(value);
        card.Insert(0, "id", edit.NewCardId());
        var set = new List<string>();
        SetUnlessThere("@type", static () => "Card");
        SetUnlessThere("version", static () => CardSchema.Version);
        SetUnlessThere("uid", () => $"urn:uuid:{Guid.NewGuid()}");
        SetUnlessThere("created", () => CardDates.Format(edit.Now));
        SetUnlessThere("updated", () => CardDates.Format(edit.Now));
        if (await media.FillAsync(card, cancel)) set.Add("media");
        var (row, octets) = Checked(card);
        edit.Put(row, octets);
        answer.Created(key, row.Id, writer => CardOctets.WriteMembers(writer, row, octets, set.Contains));

        void SetUnlessThere(string name, Func<string> make)
        {
            if (card.ContainsKey(name)) return;
            card[name] = make();
            set.Add(name);
        }
    }

    private async Task UpdateAsync(string key, JsonElement value, HashSet<string?> doomed, CancellationToken cancel)
    {
        var old = Find(key) ?? throw new SetFailure(SetError.NotFound);
        if (doomed.Contains(old.Id)) throw new SetFailure(new("willDestroy"));
        CheckDepth(value);
        if (!PatchObject.TryRead(value, out var patch, out var error)) throw new SetFailure(error);
        var kept = await edit.OctetsAsync(old.Id, cancel) ?? throw new SetFailure(SetError.NotFound);
        using var document = InternetJson.ParseOwn(kept);
        var card = CardOctets.Open(document.RootElement);
        if (!patch.TryApply(card, out error)) throw new SetFailure(error);
        var set = new List<string>();
        var first = patch.Entries.Select(static e => e.Tokens[0]).ToHashSet(StringComparer.Ordinal);
        // RFC 9553 §2.1.10: when the data was changed; in which address books it is, is none of the card's data.
        if (!first.Contains("updated") && first.Any(static name => name is not ("id" or "addressBookIds")))
        {
            card["updated"] = CardDates.Format(edit.Now);
            set.Add("updated");
        }
        if (await media.FillAsync(card, cancel) && first.Contains("media")) set.Add("media");
        if (!(card["id"] is JsonValue id && id.TryGetValue<string>(out var text) && text == old.Id)) throw Wrong("id", "set by the server");
        var (row, octets) = Checked(card);
        edit.Put(row, octets);
        answer.Updated(row.Id, set.Count == 0 ? null : writer => CardOctets.WriteMembers(writer, row, octets, set.Contains));
    }

    /// <summary>The card as it is to be kept, when it keeps to all rules.</summary>
    private (CardRow Row, byte[] Octets) Checked(JsonObject card)
    {
        card["addressBookIds"] = CardOctets.Set(Books(card["addressBookIds"]));
        var octets = CardOctets.Of(card);
        if (octets.Length > ContactLimits.CardOctets)
            throw new SetFailure(new("tooLarge", $"a card has at most {ContactLimits.CardOctets} octets"));
        using (var document = InternetJson.ParseOwn(octets))
        {
            CheckDepth(document.RootElement);
            if (CardSchema.Check(document.RootElement) is { } error) throw new SetFailure(error);
        }
        var row = CardRow.Read(octets);
        // RFC 9610 §3: MUST NOT be more than one card with the same uid.
        if (edit.FindUid(row.Uid) is { } other && other != row.Id)
            throw new SetFailure(SetError.InvalidProperty("uid", $"the card {other} has it"));
        var more = row.Octets - (edit.Cards.TryGetValue(row.Id, out var old) ? old.Octets : 0);
        if (more > 0 && edit.Octets + more > ContactLimits.AllOctets)
            throw new SetFailure(new("overQuota", $"all cards together have at most {ContactLimits.AllOctets} octets"));
        return (row, octets);
    }

    private List<string> Books(JsonNode? given)
    {
        if (given is not JsonObject { Count: > 0 } set) throw Wrong("addressBookIds", "a card is in one address book at least");
        var books = new List<string>();
        foreach (var (key, value) in set)
        {
            if (value is not JsonValue flag || !flag.TryGetValue<bool>(out var isIn) || !isIn)
                throw Wrong("addressBookIds", $"{key} is not true");
            if (call.Created.Resolve(key) is not { } id || !edit.Books.ContainsKey(id))
                throw Wrong("addressBookIds", $"there is no address book {key}");
            if (!books.Contains(id)) books.Add(id);
        }
        return books;
    }

    private CardRow? Find(string key) => call.Created.Resolve(key) is { } id ? edit.Cards.GetValueOrDefault(id) : null;

    private static void CheckDepth(JsonElement card)
    {
        if (card.EnumerateObject().FirstOrDefault(static p => CardOctets.IsDeeper(p.Value, ContactLimits.Depth - 1))
            is { Value.ValueKind: not JsonValueKind.Undefined } deep)
            throw Wrong(deep.Name, $"more than {ContactLimits.Depth} levels");
    }

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
