using System.Net;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class GuardedLoginTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("192.0.2.9");
    private static readonly IPAddress Own = IPAddress.Parse("10.0.0.7");

    private readonly ManualClock _clock = new();
    private readonly LoginChanges _changes = new();
    private readonly List<(Evidence What, string? User)> _heard = [];
    private readonly OneAccount _accounts = new();
    private readonly WarningLog _log = new();
    private TestStore _store = null!;
    private DecisionBook _book = null!;
    private Gatekeeper _gate = null!;
    private GuardedLogin _login = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _book = await DecisionBook.OpenAsync(_store.Store, _clock, NullLogger.Instance, default);
        _gate = new(new(GuardOwner.Builtin, Networks.Parse("10.0.0.0/8")), _book, _clock, NullLogger.Instance);
        _gate.Heard += (evidence, user) => _heard.Add((evidence, user));
        _login = new(_accounts, _gate, _changes, _clock, _log);
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task The_right_password_lets_in_at_once_and_makes_the_client_trusted()
    {
        var login = TryAsync("correct");
        Assert.True(login.IsCompleted);
        Assert.Equal("alice@example.org", (await login)!.Address);
        Assert.Empty(_heard);
        for (var i = 0; i < 20; i++) _gate.Report(new(ListenerKind.Imap, Stranger, Reason.LoginFailed), $"user{i}");
        Assert.True(_gate.Allows(ListenerKind.Imap, Stranger));
    }

    [Fact]
    public async Task Who_asks_for_the_salts_of_names_that_nobody_has_fails_at_each_and_once()
    {
        for (var i = 0; i < 3; i++)
        {
            var attempt = new LoginAttempt("s1", ListenerKind.Imaps, Stranger, "SCRAM-SHA-256");
            await _login.GetScramKeysAsync(attempt, $"nobody{i}@example.org", default);
            // As the exchange does: once more with the proof.
            await _login.GetScramKeysAsync(attempt, $"nobody{i}@example.org", default);
            var refused = _login.FinishScramAsync(attempt, $"nobody{i}@example.org", false, default).AsTask();
            _clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Null(await refused);
        }
        Assert.Equal(["nobody0@example.org", "nobody1@example.org", "nobody2@example.org"], _heard.Select(h => h.User));
        // A client that cannot compute the rounds leaves; its account is no guess.
        await _login.GetScramKeysAsync(new("s2", ListenerKind.Imaps, Stranger, "SCRAM-SHA-256"), "alice@example.org", default);
        Assert.Equal(3, _heard.Count);
    }

    [Fact]
    public async Task Each_failure_takes_half_a_second_longer_up_to_five_and_no_thread_waits()
    {
        for (var i = 1; i <= 12; i++)
        {
            var login = TryAsync($"wrong {i}");
            var due = TimeSpan.FromSeconds(Math.Min(i * 0.5, 5));
            // A failure is forgotten in two minutes, so a little of the wait is gone already.
            _clock.Advance(due - TimeSpan.FromMilliseconds(i < 12 ? 200 : 1));
            Assert.False(login.IsCompleted);
            _clock.Advance(TimeSpan.FromMilliseconds(200));
            Assert.Null(await login.WaitAsync(TimeSpan.FromSeconds(10)));
        }
        Assert.Equal(12, _heard.Count);
        Assert.All(_heard, h => Assert.Equal((Reason.LoginFailed, "alice@example.org"), (h.What.What, h.User)));
    }

    [Fact]
    public async Task A_thousand_waiting_failures_hold_no_thread()
    {
        var before = ThreadPool.ThreadCount;
        var waiting = Enumerable.Range(0, 1000)
            .Select(i => TryAsync("wrong", user: $"user{i}@example.org", client: IPAddress.Parse($"203.0.113.{i % 250}"))).ToList();
        Assert.True(ThreadPool.ThreadCount <= before + 20);
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20)), Assert.Null);
    }

    [Fact]
    public async Task More_than_two_thousand_at_once_are_answered_without_waiting()
    {
        var waiting = Enumerable.Range(0, 2000)
            .Select(i => TryAsync("wrong", user: $"user{i}@example.org", client: IPAddress.Parse($"203.0.113.{i % 250}"))).ToList();
        Assert.True(TryAsync("wrong", user: "more@example.org").IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(6));
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.False(TryAsync("wrong", user: "more@example.org").IsCompleted);
    }

    [Fact]
    public async Task The_same_wrong_password_again_is_a_forgotten_device_and_counts_once()
    {
        for (var i = 0; i < 200; i++) Assert.Null(await FailAsync("the old one"));
        Assert.Single(_heard);
        Assert.Empty(_book.List());
        // Nor does it lock out its owner, who is behind the same address.
        Assert.NotNull(await TryAsync("correct").WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Guessing_at_one_account_from_one_client_stops_being_looked_at_while_others_may()
    {
        for (var i = 0; i < 32; i++) await FailAsync($"guess {i}", client: Own);
        var asked = _accounts.Asked;
        Assert.Null(await FailAsync("correct", client: Own));
        Assert.Equal(asked, _accounts.Asked);
        Assert.NotNull(await TryAsync("correct", client: IPAddress.Parse("10.0.0.8")));
        // It leaks, and what was not looked at adds nothing: a little later the owner gets in from there again.
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.NotNull(await TryAsync("correct", client: Own).WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Wrong_passwords_for_six_users_ban_a_stranger_and_never_one_of_ours()
    {
        for (var i = 0; i < 6; i++) await FailAsync("x", user: $"user{i}@example.org", client: Own);
        Assert.Empty(_book.List());
        for (var i = 0; i < 6; i++) await FailAsync("x", user: $"user{i}@example.org");
        Assert.False(_gate.Allows(ListenerKind.Submission, Stranger));
    }

    [Fact]
    public async Task Addresses_of_one_ipv6_network_guess_as_one()
    {
        for (var i = 0; i < 4; i++) await FailAsync($"x{i}", client: IPAddress.Parse($"2001:db8::{i + 1:x}"));
        Assert.False(_gate.Allows(ListenerKind.Imaps, IPAddress.Parse("2001:db8::ffff")));
    }

    [Fact]
    public async Task A_login_that_was_proved_before_a_change_is_over_and_one_after_it_is_not()
    {
        var before = await TryAsync("correct");
        Assert.False(_changes.IsOver(before!));
        _changes.Note(1);
        _changes.Note(2);
        Assert.True(_changes.IsOver(before!));
        Assert.False(_changes.IsOver((await TryAsync("correct"))!));
    }

    [Fact]
    public async Task A_password_that_changes_while_it_is_checked_lets_nobody_in_with_the_old_one()
    {
        // The answer to the first look is yes, by the old password; then it changes and the second look says no.
        _accounts.WhileAsked = () =>
        {
            _accounts.WhileAsked = null;
            _accounts.Password = "another";
            _changes.Note(1);
        };
        var login = TryAsync("correct");
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await login.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(2, _accounts.Asked);
    }

    [Fact]
    public async Task Scram_that_ends_after_a_change_lets_nobody_in()
    {
        Assert.NotNull(await _login.FinishScramAsync(Attempt(Stranger), "alice@example.org", true, default));
        _accounts.WhileAsked = () => _changes.Note(1);
        var login = _login.FinishScramAsync(Attempt(Stranger), "alice@example.org", true, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await login.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData("2001:db8:7:{0:x}::1", "2001:db8:7:ffff::1", "2001:db8:8::1")]
    [InlineData("203.0.113.{0}", "203.0.113.250", "203.0.112.1")]
    public async Task Clients_of_one_network_guess_ten_times_as_much_as_one_and_no_more(string guesser, string neighbour, string other)
    {
        _gate.LoggedIn(IPAddress.Parse(string.Format(null, guesser, 240)));
        // Each for other users, so that no account is guessed at too often.
        for (var i = 0; i < 480; i++) await FailAsync("x", $"user{i}@example.org", Client(guesser, i % 160), 0);
        Assert.Equal(200, _accounts.Asked);
        Assert.Empty(_book.List());
        Assert.Null(await FailAsync("correct", client: IPAddress.Parse(neighbour)));
        // Not who has just logged in there, nor anybody elsewhere, nor ours.
        Assert.NotNull(await TryAsync("correct", client: Client(guesser, 240)));
        Assert.NotNull(await TryAsync("correct", client: IPAddress.Parse(other)));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await TryAsync("correct", client: IPAddress.Parse(neighbour)));
    }

    [Fact]
    public async Task After_sixty_wrong_passwords_an_account_is_looked_at_only_from_where_it_logged_in()
    {
        Assert.NotNull(await TryAsync("correct"));
        for (var i = 0; i < 100; i++) await FailAsync($"guess {i}", client: Client("198.51.{0}.1", i), seconds: 0);
        Assert.Equal(1 + 60, _accounts.Asked);
        var late = TryAsync("correct", client: IPAddress.Parse("203.0.113.1"));
        Assert.False(late.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await late);
        Assert.NotNull(await TryAsync("correct"));
        Assert.NotNull(await TryAsync("correct", client: Own));
        Assert.Single(_log.Warnings, w => w.Contains("alice@example.org", StringComparison.Ordinal));
        // Others are not touched, and it is over in a while.
        var asked = _accounts.Asked;
        await FailAsync("x", "bob@example.org", IPAddress.Parse("203.0.113.1"));
        Assert.Equal(asked + 1, _accounts.Asked);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.NotNull(await TryAsync("correct", client: IPAddress.Parse("203.0.113.2")));
    }

    [Fact]
    public async Task Spellings_of_one_name_are_one_account()
    {
        var login = new GuardedLogin(_accounts, _gate, _changes, _clock, _log) { NameOf = user => user.Trim('"') };
        for (var i = 0; i < 100; i++)
        {
            var failing = login.CheckPasswordAsync(
                Attempt(Client("198.51.{0}.1", i)), new string('"', i) + "alice@example.org", $"guess {i}", default).AsTask();
            _clock.Advance(TimeSpan.FromSeconds(1));
            await failing;
        }
        Assert.InRange(_accounts.Asked, 60, 75);
    }

    [Fact]
    public async Task Who_logged_in_and_tries_a_password_on_many_others_is_stopped_and_its_own_account_goes_on()
    {
        Assert.NotNull(await TryAsync("correct"));
        for (var i = 0; i < 40; i++) await FailAsync("Summer2026", $"user{i}@example.org", seconds: 0);
        Assert.Equal(1 + 20, _accounts.Asked);
        Assert.NotNull(await TryAsync("correct"));
        // Nor do failures of its own account count as such.
        _clock.Advance(TimeSpan.FromMinutes(10));
        for (var i = 0; i < 25; i++) await FailAsync($"typo {i}", seconds: 0);
        var asked = _accounts.Asked;
        await FailAsync("x", "bob@example.org");
        Assert.Equal(asked + 1, _accounts.Asked);
    }

    [Fact]
    public async Task Who_is_not_looked_at_for_what_others_did_is_not_banned_for_it()
    {
        for (var i = 0; i < 60; i++) await FailAsync($"guess {i}", client: Client("198.51.{0}.1", i), seconds: 0);
        for (var i = 0; i < 20; i++) await FailAsync("correct", client: Stranger, seconds: 0);
        Assert.True(_gate.Allows(ListenerKind.Imaps, Stranger));
        Assert.Equal(60, _heard.Count);
    }

    [Fact]
    public async Task Strangers_push_nobody_out_who_has_logged_in()
    {
        Assert.NotNull(await TryAsync("correct"));
        for (var i = 0; i < 100_001; i++) _gate.Report(
            new(ListenerKind.Smtp, new IPAddress([100, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), Reason.UnknownRecipient));
        Assert.True(_gate.IsTrusted(Stranger));
    }

    [Fact]
    public async Task Who_is_half_in_is_not_slowed_down_and_a_wrong_second_step_counts_each_time()
    {
        _accounts.SecondStep = "123456";
        var half = Attempt(Stranger) with { SecondStep = "" };
        var login = _login.CheckPasswordAsync(half, "alice@example.org", "correct", default);
        Assert.True(login.IsCompleted);
        Assert.Null(await login);
        Assert.Equal(LoginAdviceKind.SecondStepNeeded, half.Notes.Advice?.Kind);
        Assert.Empty(_heard);
        for (var i = 0; i < 3; i++)
        {
            var wrong = _login.CheckPasswordAsync(Attempt(Stranger) with { SecondStep = $"{i}" }, "alice@example.org", "correct", default)
                .AsTask();
            Assert.False(wrong.IsCompleted);
            _clock.Advance(TimeSpan.FromSeconds(6));
            Assert.Null(await wrong.WaitAsync(TimeSpan.FromSeconds(10)));
        }
        Assert.Equal(3, _heard.Count);
        var right = Attempt(Stranger) with { SecondStep = "123456" };
        Assert.NotNull(await _login.CheckPasswordAsync(right, "alice@example.org", "correct", default));
    }

    [Fact]
    public async Task Another_way_to_prove_oneself_has_the_same_limits()
    {
        var asked = 0;
        for (var i = 0; i < 30; i++) Assert.Null(await ProveAsync($"guess {i}", null));
        // One more is forgiven each half minute.
        Assert.InRange(asked, 20, 27);
        Assert.False(_gate.Allows(ListenerKind.Imaps, Stranger));
        Assert.Equal("alice@example.org", (await ProveAsync("right", new(1, "alice@example.org"), Own))?.Address);

        Task<Principal?> ProveAsync(string brought, Principal? principal, IPAddress? client = null)
        {
            var login = _login.ProveAsync(Attempt(client ?? Stranger), "", brought, _ =>
            {
                asked++;
                return new(principal);
            }, default).AsTask();
            _clock.Advance(TimeSpan.FromSeconds(6));
            return login.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    private static IPAddress Client(string pattern, int number) => IPAddress.Parse(string.Format(null, pattern, number));

    private Task<Principal?> TryAsync(string password, string user = "alice@example.org", IPAddress? client = null) =>
        _login.CheckPasswordAsync(Attempt(client ?? Stranger), user, password, default).AsTask();

    private async Task<Principal?> FailAsync(string password, string user = "alice@example.org", IPAddress? client = null, int seconds = 6)
    {
        var login = TryAsync(password, user, client);
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        if (seconds == 0) return null;
        return await login.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static LoginAttempt Attempt(IPAddress client) => new("s1", ListenerKind.Imaps, client, "PLAIN");

    private sealed class WarningLog : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> text) =>
            Warnings.Add(text(state, error));
    }

    private sealed class OneAccount : IAuthenticator
    {
        public string Password { get; set; } = "correct";

        public Action? WhileAsked { get; set; }

        /// <summary>The code that browsers are asked for; empty: none.</summary>
        public string SecondStep { get; set; } = "";

        public int Asked { get; private set; }

        public bool ScramOffered => true;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
        {
            Asked++;
            var holds = password == Password && user == "alice@example.org";
            WhileAsked?.Invoke();
            if (holds && attempt.SecondStep is { } code && code != SecondStep)
            {
                attempt.Notes.Advice = new(code.Length == 0 ? LoginAdviceKind.SecondStepNeeded : LoginAdviceKind.SecondStepWrong, "code");
                return new((Principal?)null);
            }
            return new(holds ? new Principal(1, user) : null);
        }

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) =>
            new(new ScramKeys(new byte[16], 4096, new byte[32], new byte[32]) { IsMadeUp = user != "alice@example.org" });

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
        {
            WhileAsked?.Invoke();
            return new(proofHolds ? new Principal(1, user) : null);
        }
    }
}
