using System.Net;

namespace Aviso.Net;

/// <summary>Who logged in. <paramref name="Account"/> is the store's account id, <paramref name="Address"/> its address.</summary>
public sealed record Principal(long Account, string Address)
{
    /// <summary>The count of credential changes when the proof began; who gives logins out keeps it (Guard).</summary>
    public long ProvedAt { get; init; }

    /// <summary>What this login is limited to; null: everything the account may.</summary>
    public LoginScope? Scope { get; init; }
}

/// <summary>One try to log in, for limits, logs and bans.</summary>
public sealed record LoginAttempt(string SessionId, ListenerKind Kind, IPAddress Remote, string Mechanism)
{
    /// <summary>What a browser says as its second step: empty while it has not been asked. Null: it cannot be asked, as a mail program
    /// cannot.</summary>
    public string? SecondStep { get; init; }

    /// <summary>What the parts that look at this try tell one another.</summary>
    public LoginNotes Notes { get; } = new();
}

/// <summary>Notes about one try to log in.</summary>
public sealed class LoginNotes
{
    /// <summary>Id of the app password that was proved; empty for the account's own password.</summary>
    public string ProvedBy { get; set; } = "";

    /// <summary>Failures of this name so far, when this try has been counted already: who asks for the salt of a name that nobody has need
    /// not go on.</summary>
    public double? CountedAs { get; set; }

    /// <summary>RFC 6750 §3.1 word for a token that was refused.</summary>
    public string TokenStatus { get; set; } = "invalid_token";

    /// <summary>Why somebody who proved who he is does not get in. Nothing is said here to one who did not.</summary>
    public LoginAdvice? Advice { get; set; }
}

public enum LoginAdviceKind
{
    /// <summary>The account's own password is right, but mail programs need an app password.</summary>
    AppPasswordNeeded,

    /// <summary>The password's time is over.</summary>
    Expired,

    /// <summary>Not for this protocol or not from this network.</summary>
    OutOfScope,

    /// <summary>Nobody could look at it now; the client may come again.</summary>
    Unavailable,

    /// <summary>The password is right; the second step is asked for.</summary>
    SecondStepNeeded,

    /// <summary>The password is right and the second step was wrong, or guessed too often.</summary>
    SecondStepWrong,
}

/// <param name="Text">A sentence for whoever reads the mail program's error; ASCII, no secrets.</param>
public sealed record LoginAdvice(LoginAdviceKind Kind, string Text)
{
    /// <summary>It may be a guess, and counts as one.</summary>
    public bool IsGuess => Kind == LoginAdviceKind.SecondStepWrong;
}

/// <summary>What a SCRAM server needs (RFC 5802 §3): salted keys, never the password.</summary>
public sealed record ScramKeys(byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey)
{
    /// <summary>Keys of other passwords of the same user, made with the same salt and iterations: RFC 5802 §5 lets a server tell a
    /// user one salt, before it can know which password will be proved.</summary>
    public IReadOnlyList<ScramProofKeys> Others { get; init; } = [];

    /// <summary>Nobody has this name. Never told to the client.</summary>
    public bool IsMadeUp { get; init; }
}

/// <param name="Id">Goes to <see cref="LoginNotes.ProvedBy"/>.</param>
public sealed record ScramProofKeys(string Id, byte[] StoredKey, byte[] ServerKey);

/// <summary>What clients that log in by token are told.</summary>
/// <param name="Discovery">Address of the provider's discovery document (RFC 7628 §3.2.2), or empty.</param>
/// <param name="Scope">Scopes a token must have, space separated, or empty.</param>
/// <param name="TokenLimit">Octets of the longest token.</param>
public sealed record TokenOffer(string Discovery, string Scope, int TokenLimit);

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
    ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel);

    /// <summary>Called once after a SCRAM exchange whose client proof was right or wrong; whose keys it was, the attempt's notes say. Null
    /// when the user may not log in.</summary>
    ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel);

    /// <summary>Logging in by token (OAUTHBEARER, XOAUTH2); null: there is none.</summary>
    TokenOffer? Tokens => null;

    /// <summary>The principal of a bearer token, or null: not good, not ours, or the provider cannot be asked.</summary>
    /// <param name="user">The name the client gave; empty when it gave none.</param>
    ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
        new((Principal?)null);
}
