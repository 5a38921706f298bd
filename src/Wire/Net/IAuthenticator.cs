using System.Net;

namespace Aviso.Net;

/// <summary>Who logged in. <paramref name="Account"/> is the store's account id, <paramref name="Address"/> its address.</summary>
public sealed record Principal(long Account, string Address)
{
    /// <summary>The count of credential changes when the proof began; who gives logins out keeps it (Guard).</summary>
    public long ProvedAt { get; init; }
}

/// <summary>One try to log in, for limits, logs and (later) bans.</summary>
public sealed record LoginAttempt(string SessionId, ListenerKind Kind, IPAddress Remote, string Mechanism);

/// <summary>What a SCRAM server needs (RFC 5802 §3): salted keys, never the password.</summary>
public sealed record ScramKeys(byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey);

/// <summary>Too many logins wait for their password to be derived: answer 454 4.7.0 or NO [UNAVAILABLE], the client tries again.</summary>
public sealed class LoginOverloadException() : IOException("too many logins wait");

/// <summary>Answered by Accounts; asked by every protocol that lets people in. Unknown users cost the same as known ones.</summary>
public interface IAuthenticator
{
    /// <summary>The principal, or null: wrong password, unknown or suspended user, not told apart. Throws
    /// <see cref="LoginOverloadException"/> when too many logins wait.</summary>
    ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel);

    /// <summary>True while every account that may log in has SCRAM keys; only then is SCRAM offered.</summary>
    bool ScramOffered { get; }

    /// <summary>Keys of this user; made up (but always the same) for an unknown one.</summary>
    ValueTask<ScramKeys> GetScramKeysAsync(string user, CancellationToken cancel);

    /// <summary>Called once after a SCRAM exchange whose client proof was right or wrong. Null when the user may not log in.</summary>
    ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel);
}
