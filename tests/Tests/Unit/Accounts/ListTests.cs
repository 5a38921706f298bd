using Aviso.Accounts;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class ListTests
{
    [Fact]
    public void A_virtual_list_is_read_with_its_lines()
    {
        var list = VirtualList.Parse(
            "# comment\n\na@d.example x@y.example, z@y.example\n  w@y.example # not a comment\n\t# comment\n@d.example t@d.example\r\nd.example anything\n", "virtual");
        Assert.NotNull(list.Problem);
        list = VirtualList.Parse(
            "# comment\n\na@d.example x@y.example, z@y.example\n# between\n  w@y.example\n@d.example t@d.example\r\nd.example anything\n",
            "virtual");
        Assert.Null(list.Problem);
        Assert.Equal(["a@d.example: x@y.example z@y.example w@y.example (virtual:3)", "@d.example: t@d.example (virtual:6)"],
            list.Items!.Select(a => $"{a.Address}: {string.Join(' ', a.To)} ({a.Source})"));
    }

    [Theory]
    [InlineData("root a@b.example", "virtual:1: `root` wants its domain: root@example.org")]
    [InlineData("\na@b.example", "virtual:2: `a@b.example` has no target")]
    [InlineData("a@b.example |prog", "virtual:1: `|prog`: programs and files are no targets here")]
    [InlineData("a@b.example root", "virtual:1: `root` wants its domain: root@example.org")]
    [InlineData("a@ x@y.example", "virtual:1: `a@` is not an address")]
    [InlineData("a@b.example x@y..example", "virtual:1: `x@y..example` is not an address")]
    public void A_broken_virtual_list_says_where(string text, string problem) =>
        Assert.Equal(problem, VirtualList.Parse(text, "virtual").Problem);

    [Fact]
    public void An_account_list_is_read_with_its_lines_and_kinds_of_secret()
    {
        var list = AccountList.ParseJson(
            "{\n \"a@b.example\": \"secret\",\n \"c@b.example\": \"{BLF-CRYPT}$2y$05$x\",\n\n \"d@b.example\": \"{PLAIN}{x}y\"}", "list");
        Assert.Null(list.Problem);
        Assert.Equal(["a@b.example list:2 (password)", "c@b.example list:3 (hash)", "d@b.example list:5 (password)"],
            list.Items!.Select(a => $"{a.Address} {a.Source} {a.Secret}"));
        Assert.Equal("{x}y", list.Items![2].Secret!.Text);
    }

    [Theory]
    [InlineData("", "list:1: is not JSON")]
    [InlineData("[]", "list:1: is not a JSON object")]
    [InlineData("{\n\"a\": \"x\"}", "list:2: `a` is not an address")]
    [InlineData("{\"a@b.example\": \"x\",\n\"A@B.example\": \"y\"}", "list:2: a@b.example stands in line 1 already")]
    [InlineData("{\"a@b.example\": 1}", "list:1: a@b.example wants a password or a hash as text")]
    [InlineData("{\"a@b.example\": \"hunter2\"", "list:1: is not JSON")]
    public void A_broken_account_list_says_where_and_shows_no_secret(string text, string problem) =>
        Assert.Equal(problem, AccountList.ParseJson(text, "list").Problem);

    [Fact]
    public async Task An_account_that_vanishes_is_suspended_and_comes_back()
    {
        var rows = new FakeAccountRows();
        using var book = await Declare.BookAsync(Declare.All(), rows);
        var bob = book.Table.FindAccount("bob@example.org")!.Value;
        var ended = new List<AccountId>();
        book.CredentialChanged += ended.Add;
        var applied = await book.ApplyAsync(Declare.All() with { Accounts = [Declare.Account("alice@example.org")] }, default);
        Assert.Equal(
            "account bob@example.org no longer stands in the settings: it is suspended, its mail is kept", Assert.Single(applied.Events));
        Assert.Equal(AccountState.Suspended, (await rows.ListAccountsAsync(default)).Single(a => a.Id == bob).State);
        Assert.Empty((await book.ApplyAsync(Declare.All() with { Accounts = [Declare.Account("alice@example.org")] }, default)).Events);
        await book.ApplyAsync(Declare.All(), default);
        Assert.Equal(AccountState.Active, (await rows.ListAccountsAsync(default)).Single(a => a.Id == bob).State);
        Assert.Equal(ResolutionKind.Found, book.Table.Resolve("bob", "example.org").Kind);
    }

    [Fact]
    public async Task A_vanished_account_gives_way_to_an_alias_on_its_address()
    {
        using var book = await Declare.BookAsync(Declare.All());
        var applied = await book.ApplyAsync(Declare.All(Declare.Alias("bob@example.org", "alice@example.org")) with { Accounts = [Declare.Account("alice@example.org")] }, default);
        Assert.True(applied.Ok);
        Assert.Equal("alice@example.org", book.Table.Resolve("bob", "example.org").Local[0].Address.Wire);
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("{}", "is empty")]
    [InlineData("{\"a1@example.org\":\"p\",\"a2@example.org\":\"p\",\"a3@example.org\":\"p\"}", "loses 3 of 6")]
    public async Task A_list_that_is_hard_to_believe_keeps_the_old_one(string? text, string reason)
    {
        var rows = new FakeAccountRows();
        using var book = await Declare.BookAsync(Listed(Six), rows);
        var applied = await book.ApplyAsync(Listed(text), default);
        Assert.True(applied.Ok);
        Assert.Contains(reason, Assert.Single(applied.Events), StringComparison.Ordinal);
        Assert.Equal(ResolutionKind.Found, book.Table.Resolve("a6", "example.org").Kind);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("{}", true)]
    [InlineData("{\"a1@example.org\":\"p\"}", false)]
    public async Task After_a_restart_too_but_then_a_shorter_list_is_believed(string? text, bool kept)
    {
        var rows = new FakeAccountRows();
        using (await Declare.BookAsync(Listed(Six), rows)) { }
        using var book = Declare.Book(rows);
        Assert.True((await book.ApplyAsync(Listed(text), default)).Ok);
        Assert.Equal(kept ? ResolutionKind.Found : ResolutionKind.Suspended, book.Table.Resolve("a6", "example.org").Kind);
    }

    [Fact]
    public async Task A_list_that_loses_a_third_is_believed()
    {
        using var book = await Declare.BookAsync(Listed(Six));
        var applied = await book.ApplyAsync(
            Listed("{\"a1@example.org\":\"p\",\"a2@example.org\":\"p\",\"a3@example.org\":\"p\",\"a4@example.org\":\"p\"}"), default);
        Assert.Equal(2, applied.Events.Count);
        Assert.Equal(ResolutionKind.Suspended, book.Table.Resolve("a6", "example.org").Kind);
    }

    [Fact]
    public async Task A_list_that_was_never_read_stops_the_start()
    {
        using var book = Declare.Book();
        Assert.False((await book.ApplyAsync(Listed(null), default)).Ok);
    }

    private const string Six =
        "{\"a1@example.org\":\"p\",\"a2@example.org\":\"p\",\"a3@example.org\":\"p\",\"a4@example.org\":\"p\",\"a5@example.org\":\"p\",\"a6@example.org\":\"p\"}";

    private static AccountsDeclaration Listed(string? text) => Declare.Only() with
    {
        AccountsFrom = text is null ? new("accounts_from", null, "no such file") : AccountList.ParseJson(text, "accounts_from"),
    };
}
