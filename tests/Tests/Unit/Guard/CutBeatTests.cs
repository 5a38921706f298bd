using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class CutBeatTests
{
    [Fact]
    public async Task A_changed_password_wakes_the_look_at_connections_and_nothing_beats_before()
    {
        await using var store = await TestStore.OpenAsync();
        await using var book = await DecisionBook.OpenAsync(store.Store, TimeProvider.System, NullLogger.Instance, default);
        var gate = new Gatekeeper(new(GuardOwner.Builtin, Networks.None), book, TimeProvider.System, NullLogger.Instance);
        var changes = new LoginChanges();
        var looks = 0;
        using var cut = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        var beat = new CutBeat(gate, changes, _ => { }, _ => Look(), TimeProvider.System).RunAsync(stop.Token);
        Assert.False(await cut.WaitAsync(600, TestContext.Current.CancellationToken));
        for (var account = 1; account <= 20; account++) changes.Note(account);
        Assert.True(await cut.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.InRange(Volatile.Read(ref looks), 1, 3);   // twenty changes at once are no twenty looks
        await stop.CancelAsync();
        await beat.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        void Look()
        {
            Interlocked.Increment(ref looks);
            cut.Release();
        }
    }
}
