using System.Net;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class AccountServiceTests : IAsyncLifetime
{
    private readonly FakeAccountRows _rows = new();
    private AccountBook _book = null!;
    private Authenticator _auth = null!;
    private AccountService _verbs = null!;

    public async ValueTask InitializeAsync()
    {
        _book = await Declare.BookAsync(Declare.All(Declare.Alias("info@example.org", "alice@example.org")), _rows);
        _auth = new(_book);
        _verbs = new(_book, _auth);
    }

    public ValueTask DisposeAsync()
    {
        _auth.Dispose();
        _book.Dispose();
        return default;
    }

    [Fact]
    public async Task An_account_is_added_changed_suspended_and_purged()
    {
        Assert.Equal("added dave@example.org", await Said(_verbs.AddAccountAsync("Dave@example.org", new("secret of dave", 1000, SendAs: ["plans@example.org"]), default)));
        Assert.NotNull(await LoginAsync("dave@example.org", "secret of dave"));
        Assert.Equal("no: dave@example.org exists already (made by a verb)", await Said(_verbs.AddAccountAsync("dave@example.org", new(), default)));
        Assert.Equal("changed dave@example.org", await Said(_verbs.SetAccountAsync("dave@example.org", new("another one", ForwardTo: ["d@elsewhere.example"]), default)));
        Assert.Null(await LoginAsync("dave@example.org", "secret of dave"));
        var info = _verbs.ListAccounts().Single(a => a.Address == "dave@example.org");
        Assert.Equal(("active", "made by a verb", 1000L, true, "plans@example.org", "d@elsewhere.example"),
            (info.State, info.Owner, info.QuotaOctets, info.Scram, info.SendAs.Single(), info.ForwardTo.Single()));
        Assert.Equal("suspended dave@example.org; its mail is kept (--purge deletes it)", await Said(_verbs.RemoveAccountAsync("dave@example.org", false, default)));
        Assert.Null(await LoginAsync("dave@example.org", "another one"));
        Assert.Equal(ResolutionKind.Suspended, _book.Table.Resolve("dave", "example.org").Kind);
        Assert.Equal("changed dave@example.org", await Said(_verbs.SetAccountAsync("dave@example.org", new(Suspended: false), default)));
        Assert.NotNull(await LoginAsync("dave@example.org", "another one"));
        Assert.Equal("deleted dave@example.org and all its mail", await Said(_verbs.RemoveAccountAsync("dave@example.org", true, default)));
        Assert.DoesNotContain(await _rows.ListAccountsAsync(default), a => a.Address == "dave@example.org");
        Assert.Equal(ResolutionKind.UnknownUser, _book.Table.Resolve("dave", "example.org").Kind);
        Assert.Empty(_book.WithoutScram());
    }

    [Theory]
    [InlineData("", "no: the password is empty, too long or has control characters")]
    [InlineData("ninechars", "no: a new password has at least 10 characters")]
    [InlineData("\U0001F600\U0001F600\U0001F600\U0001F600\U0001F600", "no: a new password has at least 10 characters")]
    [InlineData("ten chars!", "added erin@example.org")]
    public async Task A_new_password_has_a_least_length(string password, string said)
    {
        Assert.Equal(said, await Said(_verbs.AddAccountAsync("erin@example.org", new(password), default)));
        if (said[0] != 'a') Assert.Null(await LoginAsync("erin@example.org", password));
    }

    [Fact]
    public async Task What_stands_in_the_file_is_refused_naming_file_and_line()
    {
        Assert.Equal("no: account alice@example.org belongs to aviso.yaml:10; change it there", await Said(_verbs.SetAccountAsync("alice@example.org", new("x"), default)));
        Assert.Equal("no: account alice@example.org belongs to aviso.yaml:10; change it there", await Said(_verbs.RemoveAccountAsync("alice@example.org", true, default)));
        Assert.Equal("no: alias info@example.org belongs to aviso.yaml:20; change it there", await Said(_verbs.SetAliasAsync("INFO@example.org", ["bob@example.org"], default)));
        Assert.Equal("no: alias info@example.org belongs to aviso.yaml:20; change it there", await Said(_verbs.RemoveAliasAsync("info@example.org", default)));
        Assert.Equal("no: domain example.org belongs to aviso.yaml:1; change it there", await Said(_verbs.SetDomainAsync("example.org", "alice@example.org", null, default)));
        Assert.Equal("no: domain example.org belongs to aviso.yaml:1; change it there", await Said(_verbs.RemoveDomainAsync("Example.ORG", default)));
    }

    [Fact]
    public async Task A_contradiction_by_verb_names_both_places_and_writes_nothing()
    {
        Assert.StartsWith("no: alias bob@example.org (made by a verb) would take the mail of the account bob@example.org (aviso.yaml:11)",
            await Said(_verbs.AddAliasAsync("bob@example.org", ["alice@example.org"], default)), StringComparison.Ordinal);
        Assert.Equal("no: account x@other.example: other.example is not in `domains`", await Said(_verbs.AddAccountAsync("x@other.example", new(), default)));
        Assert.Empty(await _rows.ListFactsAsync("alias", default));
        Assert.Empty(await _rows.ListFactsAsync("account", default));
    }

    [Fact]
    public async Task Aliases_and_domains_come_and_go()
    {
        Assert.Equal("added other.example", await Said(_verbs.AddDomainAsync("Other.Example", "bob@example.org", null, default)));
        Assert.Equal("sales-*@other.example goes to alice@example.org", await Said(_verbs.AddAliasAsync("sales-*@other.example", ["alice@example.org"], default)));
        Assert.Equal("alice@example.org", _book.Table.Resolve("sales-1", "other.example").Local[0].Address.Wire);
        Assert.Equal("sales-*@other.example goes to bob@example.org", await Said(_verbs.SetAliasAsync("sales-*@other.example", ["bob@example.org"], default)));
        Assert.Contains("is not in `domains`", await Said(_verbs.RemoveDomainAsync("other.example", default)), StringComparison.Ordinal);
        Assert.Equal("removed sales-*@other.example", await Said(_verbs.RemoveAliasAsync("sales-*@other.example", default)));
        Assert.Equal("changed other.example", await Said(_verbs.SetDomainAsync("other.example", "", null, default)));
        Assert.Equal(ResolutionKind.UnknownUser, _book.Table.Resolve("x", "other.example").Kind);
        Assert.Equal("removed other.example", await Said(_verbs.RemoveDomainAsync("other.example", default)));
        Assert.Equal(ResolutionKind.NotLocal, _book.Table.Resolve("x", "other.example").Kind);
        Assert.Equal(["example.org"], _verbs.ListDomains().Select(d => d.Name));
        Assert.Equal(["info@example.org"], _verbs.ListAliases().Select(d => d.Address));
    }

    [Fact]
    public async Task A_vanished_account_can_only_be_purged()
    {
        await _book.ApplyAsync(Declare.All() with { Accounts = [Declare.Account("alice@example.org")] }, default);
        Assert.StartsWith("no: bob@example.org no longer stands in the settings", await Said(_verbs.SetAccountAsync("bob@example.org", new("x"), default)), StringComparison.Ordinal);
        Assert.Equal("deleted bob@example.org and all its mail", await Said(_verbs.RemoveAccountAsync("bob@example.org", true, default)));
    }

    [Fact]
    public async Task What_verbs_made_is_there_after_a_restart_and_the_file_takes_over_what_it_names()
    {
        await _verbs.AddAccountAsync("dave@example.org", new("secret of dave"), default);
        using var again = await Declare.BookAsync(Declare.All(), _rows);
        using var auth = new Authenticator(again);
        Assert.NotNull(await auth.CheckPasswordAsync(new("s", ListenerKind.Imaps, IPAddress.Loopback, "PLAIN"), "dave@example.org", "secret of dave", default));
        await again.ApplyAsync(Declare.All(Declare.Account("dave@example.org", "declared", line: 12)), default);
        Assert.Equal("aviso.yaml:12", new AccountService(again, auth).ListAccounts().Single(a => a.Address == "dave@example.org").Owner);
        Assert.Null(await auth.CheckPasswordAsync(new("s", ListenerKind.Imaps, IPAddress.Loopback, "PLAIN"), "dave@example.org", "secret of dave", default));
    }

    [Fact]
    public async Task The_postmaster_cannot_be_purged()
    {
        await _book.ApplyAsync(Declare.All() with { Accounts = [Declare.Account("bob@example.org")], Postmaster = "bob@example.org" }, default);
        await _verbs.AddAccountAsync("dave@example.org", new(), default);
        await _book.ApplyAsync(Declare.All() with { Accounts = [Declare.Account("bob@example.org")], Postmaster = "dave@example.org" }, default);
        Assert.Equal("no: dave@example.org is the postmaster; name another in the settings first", await Said(_verbs.RemoveAccountAsync("dave@example.org", true, default)));
    }

    [Fact]
    public async Task A_row_that_nobody_owns_is_suspended_and_stops_no_start()
    {
        await _rows.EnsureAccountAsync("left@over.example", false, default);
        using var again = await Declare.BookAsync(Declare.All(), _rows);
        Assert.Equal(AccountState.Suspended, (await _rows.ListAccountsAsync(default)).Single(a => a.Address == "left@over.example").State);
        Assert.Null(again.Table.FindAccount("left@over.example"));
    }

    private ValueTask<Principal?> LoginAsync(string user, string password) =>
        _auth.CheckPasswordAsync(new("s", ListenerKind.Imaps, IPAddress.Loopback, "PLAIN"), user, password, default);

    private static async Task<string> Said(Task<VerbAnswer> verb) => await verb is var answer && answer.Ok ? answer.Text : "no: " + answer.Text;
}
