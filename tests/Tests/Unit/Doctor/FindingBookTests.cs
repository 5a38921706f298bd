using Aviso.Dns;
using Aviso.Doctor;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>What stands, since when, and what becomes of it with time.</summary>
public static class FindingBookTests
{
    [Fact]
    public static async Task A_finding_keeps_its_beginning_over_looks_and_restarts()
    {
        using var world = await DoctorWorld.MakeAsync();
        var begun = world.Clock.GetUtcNow();
        world.State.Zone.Remove("_dmarc.example.org");
        await world.LookAsync();
        world.Clock.Advance(TimeSpan.FromHours(5));
        await world.LookAsync();
        Assert.Equal(begun, Assert.Single((await world.ReopenAsync()).Standing, s => s.Finding.Code == FindingCode.DmarcMissing).Since);
        world.Repair();
        await world.LookAsync();
        Assert.Empty((await world.ReopenAsync()).Standing);
        var cleared = Assert.Single(await world.Book.ClearedAsync(default));
        Assert.Equal((FindingCode.DmarcMissing, begun, world.Clock.GetUtcNow()), (cleared.Standing.Finding.Code, cleared.Standing.Since,
            cleared.At));
    }

    [Fact]
    public static async Task What_cannot_be_asked_stays_as_it_was()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Texts(DoctorState.Domain, "v=spf1 mx -all");
        Assert.Equal(["relay-not-in-spf"], await world.LookAsync());
        world.State.Zone.Fail(DoctorState.Domain, DnsStatus.Timeout);
        Assert.Equal(["records-not-answered", "relay-not-in-spf"], await world.LookAsync());
        world.Repair();
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static async Task What_somebody_knows_counts_no_more_until_it_comes_again()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Zone.Remove("_dmarc.example.org");
        await world.LookAsync();
        Assert.Equal(0, await world.Book.AcknowledgeAsync(FindingCode.DmarcMissing, "other.org", default));
        Assert.Equal(1, await world.Book.AcknowledgeAsync(FindingCode.DmarcMissing, null, default));
        await world.LookAsync();
        Assert.False(Assert.Single(world.Book.Standing).Counts);
        Assert.False(Assert.Single((await world.ReopenAsync()).Standing).Counts);
        world.Repair();
        await world.LookAsync();
        world.State.Zone.Remove("_dmarc.example.org");
        await world.LookAsync();
        Assert.True(Assert.Single(world.Book.Standing).Counts);
    }

    [Fact]
    public static async Task What_the_settings_ignore_is_not_shown()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.Book.Ignored = new HashSet<string> { "dmarc-missing" };
        world.State.Zone.Remove("_dmarc.example.org");
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static async Task What_strangers_wrote_is_bounded_and_harmless_to_a_terminal()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Texts("_dmarc.example.org", "v=DMARC1; x=\u001b[2J" + new string('y', 240), "v=DMARC1; p=none");
        await world.LookAsync();
        var finding = Assert.Single(world.Book.Standing).Finding;
        Assert.DoesNotContain(finding.Evidence, char.IsControl);
        var many = new Sightings();
        for (var i = 0; i < 2 * FindingBook.Most; i++) many.Add(FindingCode.QueueOld, $"{i}.example", new string('x', 5000), "e");
        await world.Book.TakeAsync([FindingCode.QueueOld], many, default);
        Assert.Equal(FindingBook.Most, world.Book.Standing.Count);
        Assert.All(world.Book.Standing, s => Assert.InRange(s.Finding.Says.Length, 1, 1010));
    }

    [Fact]
    public static async Task A_check_that_hangs_is_a_finding_and_the_others_are_made()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Fault = _ => new TaskCompletionSource().Task;
        world.State.Zone.Remove("_dmarc.example.org");
        var looking = world.LookAsync();
        await world.Clock.AdvanceUntilAsync(looking, TimeSpan.FromSeconds(5), "the check is left behind");
        Assert.Equal(["dmarc-missing", "doctor-check-failed"], await looking);
        world.Repair();
        Assert.Empty(await world.LookAsync());
    }

    [Fact]
    public static async Task A_disk_that_fills_is_told_days_before()
    {
        using var world = await DoctorWorld.MakeAsync();
        for (var hour = 0; hour < 30; hour++)
        {
            world.State.Disk = world.State.Disk! with { Free = (60L << 30) - (hour * (250L << 20)) };
            await world.LookAsync();
            world.Clock.Advance(TimeSpan.FromHours(1));
        }
        var finding = Assert.Single(world.Book.Standing, s => s.Finding.Code == FindingCode.DiskFilling).Finding;
        Assert.Equal("the disk of the data folder is full in 9 days at its present growth", finding.Says);
    }

    [Fact]
    public static async Task A_clock_that_jumps_is_told()
    {
        var clock = new SetClock();
        var check = new ClockCheck(new Silent(), clock);
        async Task<IReadOnlyList<Finding>> LookAsync()
        {
            var seen = new Sightings();
            await check.LookAsync(seen, default);
            return seen.Found;
        }
        clock.Pass(TimeSpan.FromMinutes(5));
        Assert.Empty(await LookAsync());
        clock.Wall += TimeSpan.FromMinutes(-3);
        Assert.Equal(FindingCode.ClockJumped, Assert.Single(await LookAsync()).Code);
        clock.Pass(TimeSpan.FromDays(2));
        Assert.Empty(await LookAsync());
    }

    [Fact]
    public static async Task A_resolver_that_is_slow_twice_is_told()
    {
        using var world = await DoctorWorld.MakeAsync();
        world.State.Takes = TimeSpan.FromSeconds(3);
        Assert.Empty(await world.LookAsync());
        Assert.Equal(["resolver-slow"], await world.LookAsync());
    }

    private sealed class Silent : ITimeSource
    {
        public Task<TimeSpan?> AheadAsync(CancellationToken cancel) => Task.FromResult<TimeSpan?>(null);
    }

    /// <summary>A clock whose wall can be set apart from what passes.</summary>
    private sealed class SetClock : TimeProvider
    {
        private TimeSpan _passed;

        public DateTimeOffset Wall { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan by) => (_passed, Wall) = (_passed + by, Wall + by);

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => _passed.Ticks;
    }
}
