using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// Stands before the authenticator of every protocol: failed logins become evidence and take longer each time, guessing at one account from
/// one client stops being looked at, and who gets in is trusted for a while. The same wrong password again is a device that was
/// forgotten, not a guess: it is slowed down and does not count twice.
/// </summary>
public sealed class GuardedLogin(IAuthenticator inner, Gatekeeper gate, LoginChanges changes, TimeProvider clock) : IAuthenticator
{
    private const int MostPairs = 100_000;
    private const int MostWaiting = 2_000;
    private const double FailuresPerHour = 30;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly BoundedTable<(UInt128 Client, string User), Pair> _pairs = new(MostPairs);
    private int _waiting;

    public bool ScramOffered => inner.ScramOffered;

    public async ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
    {
        if (!MayTry(attempt.Remote, user)) return await RefuseAsync(attempt, user, null, cancel, wasLookedAt: false);
        // Twice when the password changed while it was being checked: the new one may have been given.
        for (var tries = 0; tries < 2; tries++)
        {
            var began = changes.Count;
            if (await inner.CheckPasswordAsync(attempt, user, password, cancel) is not { } principal) break;
            if (Enter(attempt, user, principal with { ProvedAt = began }) is { } entered) return entered;
        }
        return await RefuseAsync(attempt, user, Hash(user, password), cancel);
    }

    public ValueTask<ScramKeys> GetScramKeysAsync(string user, CancellationToken cancel) => inner.GetScramKeysAsync(user, cancel);

    public async ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
    {
        var began = changes.Count;
        var mayTry = MayTry(attempt.Remote, user);
        return await inner.FinishScramAsync(attempt, user, proofHolds && mayTry, cancel) is { } principal
            && Enter(attempt, user, principal with { ProvedAt = began }) is { } entered
            ? entered : await RefuseAsync(attempt, user, null, cancel, mayTry);
    }

    public TokenOffer? Tokens => inner.Tokens;

    public async ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel)
    {
        if (!MayTry(attempt.Remote, user)) return await RefuseAsync(attempt, user, null, cancel, wasLookedAt: false);
        var began = changes.Count;
        return await inner.CheckTokenAsync(attempt, user, token, cancel) is { } principal
            && Enter(attempt, user, principal with { ProvedAt = began }) is { } entered
            ? entered : await RefuseAsync(attempt, user, Hash(user, token), cancel);
    }

    private bool MayTry(IPAddress client, string user) =>
        !_pairs.Peek(Key(client, user), pair => pair.IsFull(clock));

    private Principal? Enter(LoginAttempt attempt, string user, Principal principal)
    {
        if (changes.IsOver(principal)) return null;
        gate.LoggedIn(attempt.Remote);
        _pairs.With(Key(attempt.Remote, user), pair => pair.Forgive());
        return principal;
    }

    private async ValueTask<Principal?> RefuseAsync(LoginAttempt attempt, string user, string? password, CancellationToken cancel, bool wasLookedAt = true)
    {
        // Nobody looked at what it brought: not its failure.
        if (attempt.Notes.Advice is { Kind: LoginAdviceKind.Unavailable }) return null;
        // Who proved the password and only came the wrong way is no guesser: a phone with an expired app password must not lock out the
        // laptop beside it.
        var (tries, isRepeat) = attempt.Notes.Advice is not null ? (1, true) : _pairs.With(Key(attempt.Remote, user), pair => pair.Fail(password, wasLookedAt, clock));
        if (!isRepeat) gate.Report(new(attempt.Kind, attempt.Remote, GuardWords.LoginFailed), Shown(user));
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

    private static (UInt128, string) Key(IPAddress client, string user) => (Networks.ClientKey(client), Shown(user));

    private static string Shown(string user) => (user.Length > 320 ? user[..320] : user).ToLowerInvariant();

    private string Hash(string user, string password) => Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{Shown(user)}\0{password}")).AsSpan(0, 12));

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
