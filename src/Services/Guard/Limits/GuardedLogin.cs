using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>
/// Stands before the authenticator of every protocol: failed logins become evidence and take longer each time, guessing at one account from
/// one client stops being looked at, as do too many guesses of one client, of its network or at one account, and who gets in is trusted for
/// a while. An account is let try from where it logged in, whatever others do. The same wrong password again is a device that was
/// forgotten, not a guess: it is slowed down and does not count twice.
/// </summary>
public sealed class GuardedLogin(IAuthenticator inner, Gatekeeper gate, LoginChanges changes, TimeProvider clock, ILogger log)
    : IAuthenticator
{
    private const int MostPairs = 100_000;
    private const int MostWaiting = 2_000;
    private const double FailuresPerHour = 30;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly BoundedTable<(UInt128 Client, string User), Pair> _pairs = new(MostPairs);
    // Its own table: only who gets in is in it.
    private readonly BoundedTable<(UInt128 Client, string User), LoginRecord> _logins = new(MostPairs);
    private readonly BoundedTable<string, AccountGuesses> _accounts = new(MostPairs);
    private int _waiting;

    /// <summary>The one form of all the names that lead to the same account: each spelling would be another account to guess at.</summary>
    public Func<string, string> NameOf { get; init; } = static user => user.ToLowerInvariant();

    /// <summary>Somebody got in; called on the connection's thread.</summary>
    public Action<Principal> Entered { get; init; } = static _ => { };

    public bool ScramOffered => inner.ScramOffered;

    public async ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
    {
        if (LookAt(attempt.Remote, user) is not Look.Yes and var no) return await RefuseAsync(attempt, user, null, cancel, no);
        // Twice when the password changed while it was being checked: the new one may have been given.
        for (var tries = 0; tries < 2; tries++)
        {
            var began = changes.Count;
            if (await inner.CheckPasswordAsync(attempt, user, password, cancel) is not { } principal) break;
            if (Enter(attempt, user, principal with { ProvedAt = began }) is { } entered) return entered;
        }
        return await RefuseAsync(attempt, user, Hash(user, password + attempt.SecondStep), cancel);
    }

    public async ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel)
    {
        var keys = await inner.GetScramKeysAsync(attempt, user, cancel);
        // It looks the same from outside; who only collects salts, and never proves anything, guesses at names.
        if (keys.IsMadeUp) attempt.Notes.CountedAs ??= CountFailure(attempt, user, null, LookAt(attempt.Remote, user));
        return keys;
    }

    public async ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
    {
        var began = changes.Count;
        var look = LookAt(attempt.Remote, user);
        return await inner.FinishScramAsync(attempt, user, proofHolds && look == Look.Yes, cancel) is { } principal
            && Enter(attempt, user, principal with { ProvedAt = began }) is { } entered
            ? entered : await RefuseAsync(attempt, user, null, cancel, look);
    }

    public TokenOffer? Tokens => inner.Tokens;

    public ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
        ProveAsync(attempt, user, token, stop => inner.CheckTokenAsync(attempt, user, token, stop), cancel);

    /// <summary>Another way to prove who one is, under the same limits as a password.</summary>
    /// <param name="user">Whose account it is said to be; empty: that is seen from what was brought.</param>
    /// <param name="brought">What is to be looked at: the same again is no other guess.</param>
    public async ValueTask<Principal?> ProveAsync(
        LoginAttempt attempt, string user, string brought, Func<CancellationToken, ValueTask<Principal?>> prove, CancellationToken cancel)
    {
        if (LookAt(attempt.Remote, user) is not Look.Yes and var no) return await RefuseAsync(attempt, user, null, cancel, no);
        var began = changes.Count;
        return await prove(cancel) is { } principal && Enter(attempt, user, principal with { ProvedAt = began }) is { } entered
            ? entered : await RefuseAsync(attempt, user, Hash(user, brought), cancel);
    }

    private Look LookAt(IPAddress client, string user)
    {
        if (_pairs.Peek(Key(client, user), pair => pair.IsFull(clock))) return Look.Guesses;
        if (IsAtHome(client, user)) return Look.Yes;
        if (!gate.AllowsGuess(client)) return Look.Guesses;
        return gate.NetworkAllowsGuess(client) && AllowsAccount(Shown(user)) ? Look.Yes : Look.OthersGuess;
    }

    // Ours, or this account logged in from here.
    private bool IsAtHome(IPAddress client, string user) => gate.IsExempt(client)
        || (_logins.Peek(Key(client, user), login => login.At) is var last && last != default
            && clock.GetUtcNow() - last < gate.Options.KnownAfterLogin);

    private bool AllowsAccount(string user)
    {
        // A token without a name says nothing about whose it is.
        if (user.Length == 0) return true;
        var (allows, tell) = _accounts.With(user, account => account.Ask(OfAccount, clock));
        if (allows) return true;
        GuardMeters.GuessedAccount();
        if (tell) log.AccountGuessed(OfAccount.Most, user);
        return false;
    }

    private Allowance OfAccount => new(gate.Options.FailedLoginsOfAccount, TimeSpan.FromMinutes(10));

    private void CountGuess(IPAddress client, string user)
    {
        if (IsAtHome(client, user)) return;
        gate.Guessed(client);
        if (Shown(user) is { Length: > 0 } name) _accounts.With(name, account => account.Count(OfAccount, clock));
    }

    private Principal? Enter(LoginAttempt attempt, string user, Principal principal)
    {
        if (changes.IsOver(principal)) return null;
        gate.LoggedIn(attempt.Remote);
        var now = clock.GetUtcNow();
        _logins.With(Key(attempt.Remote, user), login => login.At = now);
        _logins.With(Key(attempt.Remote, principal.Address), login => login.At = now);
        _pairs.With(Key(attempt.Remote, user), pair => pair.Forgive());
        Entered(principal);
        return principal;
    }

    private async ValueTask<Principal?> RefuseAsync(
        LoginAttempt attempt, string user, string? password, CancellationToken cancel, Look look = Look.Yes)
    {
        // Nobody looked at what it brought, or it is half in: not its failure.
        if (attempt.Notes.Advice is { Kind: LoginAdviceKind.Unavailable or LoginAdviceKind.SecondStepNeeded }) return null;
        var tries = attempt.Notes.CountedAs ?? CountFailure(attempt, user, password, look);
        // A timer, not a thread; and so many at most that waiting can't be used against us.
        if (Interlocked.Increment(ref _waiting) <= MostWaiting)
        {
            try
            {
                var wait = Step * Math.Min(tries, 20);
                await Task.Delay(wait < LongestWait ? wait : LongestWait, clock, cancel);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
        else Interlocked.Decrement(ref _waiting);
        return null;
    }

    /// <returns>How often this client has failed at this name.</returns>
    private double CountFailure(LoginAttempt attempt, string user, string? password, Look look)
    {
        // Who proved the password and only came the wrong way is no guesser: a phone with an expired app password must not lock out the
        // laptop beside it.
        var (tries, isRepeat) = attempt.Notes.Advice is { IsGuess: false }
            ? (1, true) : _pairs.With(Key(attempt.Remote, user), pair => pair.Fail(password, look == Look.Yes, clock));
        if (!isRepeat && look == Look.Yes) CountGuess(attempt.Remote, user);
        // What others did is no evidence against this one: it may be the owner.
        if (!isRepeat && look != Look.OthersGuess) gate.Report(new(attempt.Kind, attempt.Remote, Reason.LoginFailed), Shown(user));
        return tries;
    }

    private (UInt128, string) Key(IPAddress client, string user) => (Networks.ClientKey(client), Shown(user));

    private string Shown(string user) => NameOf(user.Length > 320 ? user[..320] : user);

    private string Hash(string user, string password) =>
        Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{Shown(user)}\0{password}")).AsSpan(0, 12));

    private enum Look
    {
        Yes,

        /// <summary>No, it has failed too often.</summary>
        Guesses,

        /// <summary>No, its network or all who try this account have failed too often.</summary>
        OthersGuess,
    }

    /// <summary>Failures for one account from all clients where it is not at home.</summary>
    private sealed class AccountGuesses
    {
        private static readonly TimeSpan TellAgain = TimeSpan.FromHours(1);

        private readonly TokenBucket _bucket = new();
        private long? _toldAt;

        public (bool Allows, bool Tell) Ask(Allowance allowance, TimeProvider clock)
        {
            var now = clock.GetTimestamp();
            if (_bucket.Has(allowance, now, clock)) return (true, false);
            var tell = _toldAt is not { } at || clock.GetElapsedTime(at, now) >= TellAgain;
            _toldAt = now;
            return (false, tell);
        }

        public bool Count(Allowance allowance, TimeProvider clock) => _bucket.Take(allowance, clock.GetTimestamp(), clock);
    }

    /// <summary>Failures of one client for one user, forgotten at the rate that is allowed.</summary>
    private sealed class Pair
    {
        private double _failures, _tries;
        private long _at;
        private string? _last;

        public bool Forgive()
        {
            (_failures, _tries) = (0, 0);
            return true;
        }

        public bool IsFull(TimeProvider clock) => _failures - Leaked(clock) >= FailuresPerHour;

        // A device that repeats itself, or goes on while nobody looks, must not lock its owner out of the same address for ever.
        public (double Tries, bool IsRepeat) Fail(string? password, bool wasLookedAt, TimeProvider clock)
        {
            var isRepeat = password is not null && password == _last;
            var leaked = Leaked(clock);
            _failures = Math.Max(0, _failures - leaked) + (wasLookedAt && !isRepeat ? 1 : 0);
            _tries = Math.Min(Math.Max(0, _tries - leaked) + 1, FailuresPerHour);
            (_at, _last) = (clock.GetTimestamp(), password ?? _last);
            return (_tries, isRepeat);
        }

        private double Leaked(TimeProvider clock) => _tries > 0 ? clock.GetElapsedTime(_at).TotalHours * FailuresPerHour : 0;
    }
}
