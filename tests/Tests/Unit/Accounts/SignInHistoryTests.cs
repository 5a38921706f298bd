using System.Net;
using Aviso.Accounts;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Who tried to sign in to an account with a browser.</summary>
public sealed class SignInHistoryTests : IAsyncLifetime
{
    private static readonly SignInFacts Home = new("password", IPAddress.Parse("203.0.113.9"), "curl/8");
    private static readonly SignInFacts Stranger = Home with { From = IPAddress.Parse("198.51.100.7") };

    private TestStore _store = null!;
    private AccountId _account;
    private SignInHistory _history = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _) = await _store.AccountAsync();
        _history = new(_store.Store, _store.Clock);
    }

    public async ValueTask DisposeAsync()
    {
        _history.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task The_newest_comes_first_written_or_not()
    {
        Note(Home, "");
        await _history.UpkeepAsync(Cancel);
        Note(Stranger, "wrong password");
        Note(Home with { How = "passkey" }, "");
        Assert.Equal([(true, "passkey"), (false, "password"), (true, "password")], (await ListAsync()).Select(e => (e.Ok, e.How)));
        await _history.UpkeepAsync(Cancel);
        using var again = new SignInHistory(_store.Store, _store.Clock);
        Assert.Equal(await ListAsync(), await again.ListAsync(_account, Cancel));
        Assert.Empty(await _history.ListAsync(new(_account.Value + 1), Cancel));
    }

    [Fact]
    public async Task Failures_of_one_kind_in_a_row_are_one_entry_with_the_last_time()
    {
        for (var i = 0; i < 3; i++) Note(Stranger, "wrong password");
        await _history.UpkeepAsync(Cancel);
        for (var i = 0; i < 4; i++) Note(Stranger, "wrong password");
        Note(Stranger, "wrong code");
        Note(Home, "");
        Note(Home, "");
        Assert.Equal([("", 1), ("", 1), ("wrong code", 1), ("wrong password", 7)], (await ListAsync()).Select(e => (e.Problem, e.Count)));
        Assert.Equal(3, (_store.Clock.GetUtcNow() - (await ListAsync())[3].At).TotalSeconds);
        await _history.UpkeepAsync(Cancel);
        Assert.Equal(7, (await ListAsync())[3].Count);
    }

    [Fact]
    public async Task There_are_a_hundred_and_failures_cannot_push_out_who_got_in()
    {
        for (var i = 0; i < 40; i++) Note(Home, "");
        for (var i = 0; i < 500; i++) Note(Home with { From = new IPAddress(i + 1) }, "wrong password");
        Assert.Equal((40, 50), Split(await ListAsync()));
        await _history.UpkeepAsync(Cancel);
        for (var i = 0; i < 500; i++) Note(Home with { From = new IPAddress(i + 1) }, "wrong password");
        Assert.Equal((40, 50), Split(await ListAsync()));
        for (var i = 0; i < 200; i++) Note(Home, "");
        await _history.UpkeepAsync(Cancel);
        Assert.Equal((100, 0), Split(await ListAsync()));
    }

    private static (int In, int Failed) Split(IReadOnlyList<SignInInfo> all) => (all.Count(e => e.Ok), all.Count(e => !e.Ok));

    private void Note(SignInFacts facts, string problem)
    {
        _store.Clock.Advance(TimeSpan.FromSeconds(1));
        _history.Note(_account, facts, problem);
    }

    private Task<IReadOnlyList<SignInInfo>> ListAsync() => _history.ListAsync(_account, Cancel);
}
