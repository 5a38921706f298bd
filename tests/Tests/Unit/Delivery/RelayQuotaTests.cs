using Aviso.Delivery;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class RelayQuotaTests
{
    private static readonly RelaySettings Relay = new() { Name = "r", Host = "relay.test", Quota = 5 };

    [Fact]
    public async Task Nobody_takes_between_the_stores_count_and_ours()
    {
        var clock = new SetClock();
        var queue = new FakeQueue(clock);
        using var quota = new RelayQuota(queue, clock);
        var id = queue.Add("relay:r", to: ["b@far.test", "c@far.test"]);
        Assert.Equal(2, await quota.TakeAsync(Relay, QueuePriority.Person, 2, default));
        var counted = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var settling = quota.SettleAsync(Relay, 2, async () =>
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            await queue.SettleAsync([.. queue.Rows.Select(r =>
                new QueueSettlement(id, r.Number, QueueResult.Done, now, "250", now, "r", false, ""))], [], default);
            counted.SetResult();
            await goOn.Task;
        });
        await counted.Task;

        // The store has counted two, and two are still ours: five minus four must not be seen.
        var taking = quota.TakeAsync(Relay, QueuePriority.Person, 5, default);
        Assert.False(taking.IsCompleted);
        goOn.SetResult();
        await settling;
        Assert.Equal(3, await taking);
        Assert.Equal(0, await quota.TakeAsync(Relay, QueuePriority.Person, 1, default));
    }

    [Fact]
    public async Task A_settlement_that_fails_gives_the_quota_back()
    {
        var clock = new SetClock();
        using var quota = new RelayQuota(new FakeQueue(clock), clock);
        Assert.Equal(5, await quota.TakeAsync(Relay, QueuePriority.Person, 5, default));
        await Assert.ThrowsAsync<IOException>(() => quota.SettleAsync(Relay, 5, () => throw new IOException("disk full")));
        Assert.Equal(5, await quota.RemainingAsync(Relay, default));
    }
}
