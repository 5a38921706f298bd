using Aviso.Jmap;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Whom delivery takes as known because they are in the contacts.</summary>
public sealed class ContactAddressesTests
{
    [Fact]
    public async Task Every_address_of_a_card_is_known_to_its_account_as_long_as_it_is_there()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var known = new ContactAddresses(scene.Store.Store);
        Assert.False(await HasAsync("jane@example.com"));
        var id = await scene.CardAsync("""
            "emails":{"a":{"address":"Jane@Example.com"},"b":{"address":" j@example.org "}}
            """);
        Assert.True(await HasAsync("jane@example.com"));
        Assert.True(await HasAsync("J@example.org"));
        Assert.False(await HasAsync("other@example.org"));
        Assert.False(await known.HasAsync(new(scene.Account.Value + 1), "jane@example.com", default));
        await scene.OneAsync("ContactCard/set", $"\"update\":{{\"{id}\":{{\"emails/a\":null}}}}");
        Assert.False(await HasAsync("jane@example.com"));
        Assert.True(await HasAsync("j@example.org"));
        await scene.OneAsync("ContactCard/set", $"\"destroy\":[\"{id}\"]");
        Assert.False(await HasAsync("j@example.org"));

        ValueTask<bool> HasAsync(string address) => known.HasAsync(scene.Account, address, default);
    }

    [Fact]
    public async Task Cards_are_read_once_until_one_changes()
    {
        await using var scene = await JmapScene.OpenAsync();
        var rows = new CountedRows(scene.Store.Store);
        using var known = new ContactAddresses(rows);
        await scene.CardAsync("\"emails\":{\"a\":{\"address\":\"a@example.org\"}}");
        for (var i = 0; i < 5; i++) Assert.True(await known.HasAsync(scene.Account, "a@example.org", default));
        Assert.Equal((1, 6), (rows.Lists, rows.Gets));
        await scene.CardAsync("\"emails\":{\"a\":{\"address\":\"b@example.org\"}}");
        Assert.True(await known.HasAsync(scene.Account, "b@example.org", default));
        Assert.Equal(2, rows.Lists);
    }
}

/// <summary>Counts what is asked of the documents.</summary>
internal sealed class CountedRows(IDocumentRows rows) : IDocumentRows
{
    public int Gets { get; private set; }

    public int Lists { get; private set; }

    public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel)
    {
        Gets++;
        return rows.GetDocumentAsync(owner, kind, name, cancel);
    }

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel)
    {
        Lists++;
        return rows.ListDocumentsAsync(owner, kind, cancel);
    }

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) => rows.ListDocumentsAsync(kind, cancel);

    public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel) =>
        rows.ChangeDocumentsAsync(set, remove, cancel);

    public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel) => rows.AddDocumentAsync(document, cancel);
}
