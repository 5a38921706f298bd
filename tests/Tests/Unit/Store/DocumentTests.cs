using System.Text;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed class DocumentTests
{
    private static Document Doc(AccountId owner, string kind, string name, string value, long expires = 0) =>
        new(new(owner, kind, name), Encoding.UTF8.GetBytes(value), 1, expires);

    private static string Text(Document? document) => document is null ? "none" : Encoding.UTF8.GetString(document.Value);

    [Fact]
    public async Task Documents_are_kept_by_owner_kind_and_name_and_outlive_a_restart()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, _) = await t.AccountAsync();
        await t.Store.ChangeDocumentsAsync(
            [Doc(alice, "sieve", "b", "two"), Doc(alice, "sieve", "a", "one"), Doc(default, "dkim", "a", "key")], [], default);
        await t.ReopenAsync();

        Assert.Equal(["a", "b"], (await t.Store.ListDocumentsAsync(alice, "sieve", default)).Select(d => d.Key.Name));
        Assert.Equal("key", Text(await t.Store.GetDocumentAsync(default, "dkim", "a", default)));
        Assert.Null(await t.Store.GetDocumentAsync(alice, "dkim", "a", default));
        Assert.Equal([default, alice], (await ListBothAsync(t, alice)).Select(d => d.Key.Owner));
    }

    [Fact]
    public async Task A_change_sets_and_removes_at_once()
    {
        await using var t = await TestStore.OpenAsync();
        await t.Store.ChangeDocumentsAsync([Doc(default, "k", "old", "1")], [], default);
        await t.Store.ChangeDocumentsAsync(
            [Doc(default, "k", "new", "2")], [new(default, "k", "old"), new(default, "k", "never")], default);
        Assert.Equal(["new"], (await t.Store.ListDocumentsAsync("k", default)).Select(d => d.Key.Name));
    }

    [Fact]
    public async Task Who_adds_first_wins_until_the_document_expires()
    {
        await using var t = await TestStore.OpenAsync();
        var until = t.Clock.GetUtcNow().ToUnixTimeSeconds() + 60;
        var won = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => t.Store.AddDocumentAsync(Doc(default, "seen", "x", $"{i}", until), default)));
        Assert.Single(won, true);

        t.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Null(await t.Store.GetDocumentAsync(default, "seen", "x", default));
        Assert.Empty(await t.Store.ListDocumentsAsync("seen", default));
        Assert.True(await t.Store.AddDocumentAsync(Doc(default, "seen", "x", "again"), default));
        await t.Store.UpkeepAsync(default);
        Assert.Equal("again", Text(await t.Store.GetDocumentAsync(default, "seen", "x", default)));
    }

    [Fact]
    public async Task Documents_go_with_their_account()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, _) = await t.AccountAsync();
        await t.Store.ChangeDocumentsAsync([Doc(alice, "sieve", "a", "one")], [], default);
        await t.Store.PurgeAccountAsync(alice, default);
        Assert.Null(await t.Store.GetDocumentAsync(alice, "sieve", "a", default));
    }

    [Fact]
    public async Task Whoever_watches_all_accounts_hears_of_each()
    {
        await using var t = await TestStore.OpenAsync();
        var (alice, _) = await t.AccountAsync();
        var heard = new TaskCompletionSource<AccountChange>();
        using (t.Store.WatchAll(change => heard.TrySetResult(change)))
        {
            await t.DeliverAsync(alice, "Subject: x\r\n\r\nx", prefix: "");
            Assert.Equal(alice, (await heard.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Account);
        }
    }

    private static async Task<IReadOnlyList<Document>> ListBothAsync(TestStore t, AccountId alice)
    {
        await t.Store.ChangeDocumentsAsync([Doc(default, "both", "z", ""), Doc(alice, "both", "a", "")], [], default);
        return await t.Store.ListDocumentsAsync("both", default);
    }
}
