using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>States and changes of records that are documents (RFC 8620 §5.2).</summary>
public sealed class RecordBookTests
{
    [Fact]
    public async Task Changes_are_told_from_every_state_and_folded()
    {
        await using var store = await TestStore.OpenAsync();
        var (account, _) = await store.AccountAsync();
        using var book = new RecordBook(store.Store, "test", store.Clock);
        await ChangeAsync(book, account, ("a", RecordChangeKind.Created), ("b", RecordChangeKind.Created));
        await ChangeAsync(book, account, ("a", RecordChangeKind.Updated), ("c", RecordChangeKind.Created));
        await ChangeAsync(book, account, ("b", RecordChangeKind.Destroyed), ("c", RecordChangeKind.Destroyed));
        var log = await book.LogAsync(account, default);
        Assert.Equal("3", log.State);
        Assert.Equal("+a ~ -", Since(log, "0"));
        Assert.Equal("+ ~a -b", Since(log, "1"));
        Assert.Equal("+ ~ -b,c", Since(log, "2"));
        Assert.Equal("+ ~ -", Since(log, "3"));
        Assert.Equal(["a"], (await book.ReadAsync(account, default)).Records.Keys);
    }

    [Fact]
    public async Task Few_changes_at_once_lead_over_states_in_between()
    {
        await using var store = await TestStore.OpenAsync();
        var (account, _) = await store.AccountAsync();
        using var book = new RecordBook(store.Store, "test", store.Clock);
        foreach (var id in (string[])["a", "b", "c"]) await ChangeAsync(book, account, (id, RecordChangeKind.Created));
        var log = await book.LogAsync(account, default);
        var first = log.Since(new("0", 2));
        Assert.Equal(("2", true), (first.NewState, first.HasMoreChanges));
        Assert.Equal(["a", "b"], first.Created);
        var second = log.Since(new(first.NewState, 2));
        Assert.Equal(("3", false), (second.NewState, second.HasMoreChanges));
        await ChangeAsync(book, account, ("d", RecordChangeKind.Created), ("e", RecordChangeKind.Created));
        log = await book.LogAsync(account, default);
        Assert.Equal("cannotCalculateChanges", Assert.Throws<MethodFailure>(() => log.Since(new("3", 1))).Type);
    }

    [Theory]
    [InlineData("9")]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("")]
    public void A_state_that_nobody_was_given_has_no_changes(string state) =>
        Assert.Equal("cannotCalculateChanges", Assert.Throws<MethodFailure>(() => RecordLog.Empty.Since(new(state, 10))).Type);

    [Fact]
    public void The_log_forgets_whole_changes_and_says_so()
    {
        var log = RecordLog.Empty;
        for (var i = 0; i < 600; i++) log = log.With([($"a{i}", RecordChangeKind.Created), ($"b{i}", RecordChangeKind.Created)]);
        log = RecordLog.Read(log.Write());
        Assert.Equal("600", log.State);
        Assert.Throws<MethodFailure>(() => log.Since(new("99", 5000)));
        Assert.Equal(1000, log.Since(new("100", 5000)).Created.Count);
    }

    [Fact]
    public async Task Changes_at_the_same_time_do_not_overwrite_one_another()
    {
        await using var store = await TestStore.OpenAsync();
        var (account, _) = await store.AccountAsync();
        using var book = new RecordBook(store.Store, "test", store.Clock);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => ChangeAsync(book, account, ($"r{i}", RecordChangeKind.Created))));
        var set = await book.ReadAsync(account, default);
        Assert.Equal((20, "20"), (set.Records.Count, set.State));
    }

    private static Task ChangeAsync(RecordBook book, AccountId account, params (string Id, RecordChangeKind Kind)[] changes) =>
        book.ChangeAsync(account, _ => new([.. changes.Select(c =>
            new RecordChange(c.Id, c.Kind, c.Kind == RecordChangeKind.Destroyed ? null : "x"u8.ToArray()))]), default);

    private static string Since(RecordLog log, string state)
    {
        var answer = log.Since(new(state, 100));
        Assert.False(answer.HasMoreChanges);
        return $"+{string.Join(',', answer.Created)} ~{string.Join(',', answer.Updated)} -{string.Join(',', answer.Destroyed)}";
    }
}
