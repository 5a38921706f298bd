using Aviso.Base;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Base;

/// <summary>One pool of octets in flight, and nobody gets all of it.</summary>
public sealed class SpoolShareTests : IDisposable
{
    private const long Budget = 8 * 1024 * 1024;
    private const int Piece = 32 * 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-spool-").FullName;
    private readonly ManualClock _clock = new();
    private readonly List<SpooledBody> _bodies = [];
    private readonly BodySpool _spool;

    public SpoolShareTests() => _spool = new(_folder, Budget, _clock);

    public void Dispose()
    {
        foreach (var body in _bodies) body.Dispose();
        Assert.Equal(0, _spool.InFlight);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_network_of_strangers_fills_an_eighth_however_many_connections_it_makes()
    {
        long mine = 0;
        for (var i = 0; i < 8; i++) mine += Fill(Stranger(1), Budget);
        // The first was alone and had all that strangers may have while there was room; all the others together got nothing more.
        Assert.True(mine <= (Budget / 4 * 3) + Piece, $"{mine}");
        foreach (var body in _bodies) body.Dispose();
        _bodies.Clear();

        var (one, two) = (Begin(Stranger(1)), Begin(Stranger(1)));
        Assert.InRange(FillBoth(one, two), (Budget / 8) - (2 * Piece), Budget / 8);
        Assert.InRange(Fill(Stranger(2), Budget / 16), Budget / 16, Budget / 16);
    }

    [Fact]
    public void What_strangers_hold_leaves_a_quarter_for_people_and_small_mail()
    {
        for (UInt128 network = 1; network < 9; network++) Fill(Stranger(network), Budget / 8);
        Assert.InRange(_spool.InFlight, Budget / 2, (Budget / 4 * 3) + (3 * 64 * 1024));
        Assert.True(_spool.IsTight);
        Assert.NotEqual("", _spool.TightText);
        Assert.Equal(Piece * 2, Fill(Stranger(100), Piece * 2));
        Assert.True(Fill(Stranger(101), Budget / 16) <= 64 * 1024);
        Assert.Equal(Budget / 16, Fill(new(SpoolRight.LoggedIn, 200), Budget / 16));
        Assert.Equal(Budget / 16, Fill(default, Budget / 16));
    }

    [Fact]
    public void Who_has_logged_in_fills_half()
    {
        var owner = new SpoolOwner(SpoolRight.LoggedIn, 7);
        Assert.InRange(FillBoth(Begin(owner), Begin(owner)), (Budget / 2) - (2 * Piece), Budget / 2);
        Assert.Equal(Budget / 4, Fill(default, Budget / 4));
    }

    [Fact]
    public void One_message_alone_may_be_larger_than_a_share_while_there_is_room() =>
        Assert.Equal(Budget / 2, Fill(Stranger(1), Budget / 2));

    [Fact]
    public async Task When_it_is_tight_the_slowest_stranger_leaves_and_who_keeps_a_fair_pace_stays()
    {
        var gone = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var fair = Begin(Stranger(1), () => gone.TrySetResult("the fair one"));
        var idle = Begin(Stranger(2), () => gone.TrySetResult("the idle one"));
        var drip = Begin(Stranger(3), () => gone.TrySetResult("the dripping one"));
        foreach (var body in new[] { fair, idle, drip }) Write(body, Budget * 7 / 64);
        for (UInt128 network = 10; network < 13; network++) Write(Begin(Stranger(network)), Budget * 7 / 64);
        Assert.True(_spool.IsTight);
        for (var second = 1; second <= 20; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            if (second < 20) Assert.False(gone.Task.IsCompleted);
            fair.Write(new byte[4096]);
            if (second % 5 == 0) drip.Write(new byte[1024]);
        }
        Assert.Equal("the idle one", await gone.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_message_that_is_whole_is_given_up_for_nobody()
    {
        var body = Begin(Stranger(1), () => Assert.Fail("it was whole"));
        Write(body, Budget / 8);
        body.Settle();
        _clock.Advance(TimeSpan.FromMinutes(5));
        for (UInt128 network = 10; network < 20; network++) Fill(Stranger(network), Budget / 8);
        Assert.True(_spool.IsTight);
    }

    private static SpoolOwner Stranger(UInt128 network) => new(SpoolRight.Stranger, network);

    private SpooledBody Begin(SpoolOwner owner, Action? evict = null)
    {
        var body = _spool.Begin(owner, evict);
        _bodies.Add(body);
        return body;
    }

    private long Fill(SpoolOwner owner, long octets) => Write(Begin(owner), octets);

    private static long FillBoth(SpooledBody one, SpooledBody two)
    {
        long taken = 0;
        for (var more = true; more;)
        {
            var before = taken;
            taken += Write(one, Piece) + Write(two, Piece);
            more = taken > before;
        }
        return taken;
    }

    // As far as it is let.
    private static long Write(SpooledBody body, long octets)
    {
        var piece = new byte[Piece];
        long taken = 0;
        try
        {
            for (; taken < octets; taken += Piece) body.Write(piece);
        }
        catch (SpoolFullException)
        {
            // As much as there was.
        }
        return taken;
    }
}
