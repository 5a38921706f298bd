using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Tests.Unit.Smtp;
using Aviso.Verbs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>A switch is on trial, goes back by itself, and no message is lost or sent twice by it.</summary>
public sealed class RelaySwitchTests : IAsyncDisposable
{
    private readonly SetClock _clock = new();
    private readonly FakeDocuments _documents;
    private readonly FakeQueue _queue;
    private readonly FakeSmtpServer _old = new(), _new = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<SwitchedRelay> _back = [];
    private volatile Router _router = new([new("*", null, "old")]);
    private readonly RelaySwitch _switch;
    private bool _oldSpills, _newSpills;
    private Task _running = Task.CompletedTask;

    public RelaySwitchTests()
    {
        (_documents, _queue) = (new(_clock), new(_clock));
        _switch = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _old.DisposeAsync();
        await _new.DisposeAsync();
        _stop.Dispose();
    }

    private RelaySwitch Start()
    {
        var made = new RelaySwitch(_documents, _clock, NullLogger.Instance)
        {
            WentBack = (back, _) =>
            {
                _back.Add(back);
                return Task.CompletedTask;
            },
        };
        made.Changed += now => _router = new([new("*", null, now is null ? "old" : now.To)]);
        _running = made.RunAsync(_stop.Token);
        return made;
    }

    private sealed class Now(Func<Router> router) : IRouter
    {
        public string DestinationFor(MailAddress sender, MailAddress recipient) => router().DestinationFor(sender, recipient);
    }

    private sealed class Nobody : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => new(new NoticeAddress(null, sender));
    }

    private async Task DeliverAsync()
    {
        var zone = new FakeZone().A("old.test", "203.0.113.1").A("new.test", "203.0.113.2");
        using var runner = new QueueRunner(new(
            _queue, new BodySpool(Path.GetTempPath(), 100_000_000), new FakeReader(), zone, new Now(() => _router), new Nobody(),
            new IdSource(_clock), _ => true, _ => false, _clock, NullLogger.Instance)
        {
            Dial = (to, _) => (to.Address.ToString() == "203.0.113.1" ? _old : _new).ConnectAsync(),
            Tried = (_, tries) => _switch.Hear(tries),
            Left = () => _switch.Left,
        }, new()
        {
            HostName = "home.test",
            Relays = [new() { Name = "old", Host = "old.test", Tls = TlsDemand.None, Spill = _oldSpills ? "new" : null },
                new() { Name = "new", Host = "new.test", Tls = TlsDemand.None, Spill = _newSpills ? "old" : null }],
        });
        await runner.DeliverDueAsync(default);
    }

    private static string[] To(FakeSmtpServer server) => [.. server.Mails.SelectMany(m => m.To).Where(a => a.StartsWith('u'))];

    [Fact]
    public async Task What_waits_and_what_comes_goes_by_the_new_relay_and_the_trial_ends()
    {
        for (var i = 0; i < 5; i++) _queue.Add("relay:old", to: $"u{i}@far.test");
        await _switch.BeginAsync("old", "new", default);
        await DeliverAsync();
        Assert.Equal((0, 5), (To(_old).Length, To(_new).Length));
        for (var i = 5; i < RelaySwitch.Trial; i++) _queue.Add("relay:new", to: $"u{i}@far.test");
        await DeliverAsync();
        await Patience.UntilAsync(() => _switch.Now!.State == "holds", "the trial is over");
        Assert.Equal((RelaySwitch.Trial, 0), (_switch.Now!.Taken, _switch.Now.Failed));
        // Refusals after the trial are the doctor's.
        _switch.Hear([.. Enumerable.Range(0, 9).Select(_ => new QueueTry("u@far.test", "relay:new", false, true, new(5, 7, 1),
            "550 5.7.1 no"))]);
        Assert.Equal("holds", _switch.Now.State);
    }

    [Theory]
    [InlineData("550 5.7.26 unauthenticated")]
    [InlineData("554 5.7.1 relay access denied")]
    [InlineData("553 5.1.8 the sender's domain is not known")]
    public async Task A_relay_that_refuses_us_loses_the_mail_again_and_none_of_it_is_lost_or_doubled(string reply)
    {
        await _switch.BeginAsync("old", "new", default);
        _new.Answer = line => line.StartsWith("MAIL", StringComparison.Ordinal) ? reply : null;
        for (var i = 0; i < 3; i++) _queue.Add("relay:old", to: $"u{i}@far.test");
        await DeliverAsync();
        await Patience.UntilAsync(() => _switch.Now!.State == "back", "it went back");
        Assert.Contains(reply, Assert.Single(_back).Why, StringComparison.Ordinal);
        for (var i = 3; i < 9; i++) _queue.Add("relay:new", to: $"u{i}@far.test");
        await DeliverAsync();
        Assert.Empty(To(_new));
        Assert.Equal([.. Enumerable.Range(3, 6).Select(i => $"u{i}@far.test")], To(_old).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(_queue.Rows, r => r.Address.StartsWith('u'));
    }

    [Fact]
    public async Task A_relay_that_is_away_gets_nothing_and_what_was_put_off_goes_by_the_old_one_once()
    {
        await _switch.BeginAsync("old", "new", default);
        _new.Answer = line => line.StartsWith("EHLO", StringComparison.Ordinal) ? "CLOSE" : null;
        for (var i = 0; i < 4; i++) _queue.Add("relay:old", to: $"u{i}@far.test");
        await DeliverAsync();
        await Patience.UntilAsync(() => _switch.Now!.State == "back", "it went back");
        _clock.Now += TimeSpan.FromHours(1);
        await DeliverAsync();
        Assert.Equal(["u0@far.test", "u1@far.test", "u2@far.test", "u3@far.test"], To(_old).Order(StringComparer.Ordinal));
        Assert.Empty(_queue.Rows);
    }

    [Fact]
    public async Task People_who_do_not_exist_and_held_mail_say_nothing_of_the_relay_and_few_failures_among_many_are_borne()
    {
        await _switch.BeginAsync("old", "new", default);
        _switch.Hear([.. Enumerable.Range(0, 9).Select(_ => new QueueTry("u@far.test", "relay:new", false, true, new(5, 1, 1),
            "550 5.1.1 unknown"))]);
        _switch.Hear([.. Enumerable.Range(0, 9).Select(_ => new QueueTry("u@far.test", "relay:new", false, false, null,
            "quota") { IsHeld = true })]);
        _switch.Hear([.. Enumerable.Range(0, 9).Select(_ => new QueueTry("u@far.test", "relay:old", false, true, new(5, 7, 1), "no"))]);
        _switch.Hear([.. Enumerable.Range(0, 8).Select(_ => new QueueTry("u@far.test", "relay:new", true, true, null, "250"))]);
        _switch.Hear([.. Enumerable.Range(0, 4).Select(_ => new QueueTry("u@far.test", "relay:new", false, true, new(5, 7, 1), "no"))]);
        await Patience.UntilAsync(() => _switch.Now is { Taken: 8, Failed: 4 }, "all is counted");
        Assert.Equal("trial", _switch.Now!.State);
    }

    [Fact]
    public async Task What_receivers_say_later_counts_too()
    {
        await _switch.BeginAsync("old", "new", default);
        var bounce = new RelayEvent(RelayEventKind.Bounced, "u@far.test", ["x"], _clock.Now, "550 5.7.26 no DMARC", new(5, 7, 26));
        var handed = new HandedOver("new", 1, "x", "u@far.test", "a@home.test", 0, "", default, default, default, "", 0,
            _clock.Now.ToUnixTimeMilliseconds() - 5000, [], 0, "");
        // Of mail that is not ours, of before the trial, or said by who can write a letter: nothing of the relay.
        foreach (var news in (RelayNews[])[new("new", bounce, null, false), new("new", bounce, handed, false),
            new("new", bounce, handed with { HandedAt = handed.HandedAt + 9000 }, false, IsByMail: true)])
            for (var i = 0; i < 9; i++) await _switch.HeardAsync(news, default);
        handed = handed with { HandedAt = handed.HandedAt + 9000 };
        for (var i = 0; i < 3; i++) await _switch.HeardAsync(new("new", bounce, handed, false), default);
        await Patience.UntilAsync(() => _back.Count == 1, "it went back");
    }

    [Fact]
    public async Task It_holds_over_a_restart_and_ends_by_hand()
    {
        await _switch.BeginAsync("old", "new", default);
        var again = new RelaySwitch(_documents, _clock, NullLogger.Instance);
        await again.OpenAsync(default);
        Assert.Equal(("old", "new", true), (again.Now!.From, again.Now.To, again.Now.IsInForce));
        await again.EndAsync(default);
        await _switch.OpenAsync(default);
        Assert.Equal(("back", "", false), (_switch.Now!.State, _switch.Now.Why, _switch.Now.IsInForce));
        await again.ForgetAsync(default);
        await _switch.OpenAsync(default);
        Assert.Null(_switch.Now);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_relay_that_also_takes_what_is_spilled_keeps_nothing_of_before(bool oldSpills, bool newSpills)
    {
        (_oldSpills, _newSpills) = (oldSpills, newSpills);
        for (var i = 0; i < 3; i++) _queue.Add("relay:old", to: $"u{i}@far.test");
        await _switch.BeginAsync("old", "new", default);
        _new.Answer = line => line.StartsWith("MAIL", StringComparison.Ordinal) ? "451 4.7.1 not yet" : null;
        await DeliverAsync();
        Assert.Empty(To(_old));
        await _switch.EndAsync(default);
        _clock.Now += TimeSpan.FromHours(1);
        await DeliverAsync();
        Assert.Equal(["u0@far.test", "u1@far.test", "u2@far.test"], To(_old).Order(StringComparer.Ordinal));
        Assert.Empty(_queue.Rows);
    }

    [Theory]
    [InlineData("mail.home.test; spf=pass smtp.mailfrom=a; dkim=pass header.d=home.test; dmarc=pass (p=reject) header.from=home.test",
        null)]
    [InlineData("mail.home.test; spf=fail; dkim=pass header.d=vendor.test; dmarc=fail header.from=home.test", "DMARC does not pass")]
    [InlineData("mail.home.test; spf=pass; dkim=none; dmarc=none header.from=home.test", null)]
    [InlineData("mail.home.test; spf=softfail; dkim=fail; dmarc=none", "neither SPF nor DKIM passes")]
    [InlineData("mail.home.test; none", "neither SPF nor DKIM passes")]
    [InlineData("", "neither SPF nor DKIM passes")]
    public void A_test_message_must_be_proved(string proof, string? problem) => Assert.Equal(problem, Alignment.Problem(proof));
}
