using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What let a session in, as far as it can change: the account's password and since when it has a second factor.</summary>
/// <param name="Password">A digest of the password's record; empty without one.</param>
/// <param name="SecondStepSince">Unix seconds; 0: it has none.</param>
public readonly record struct SessionGround(string Password, long SecondStepSince);

/// <summary>
/// What sessions of an account stand on now. It is compared at every use, so that a change ends them also when it was made while the server
/// was not running.
/// </summary>
public sealed class SessionGrounds(AccountBook book, SecondFactors factors, AppPasswords passwords)
{
    /// <summary>Null: nobody may be signed in here, for the account is suspended or gone, or the app password is dead.</summary>
    internal SessionGround? Of(AccountId account, string appPassword)
    {
        if (book.Table.IsSuspended(account)) return null;
        if (appPassword.Length > 0
            && passwords.FindById(account, appPassword)?.IsLive(book.Clock.GetUtcNow().ToUnixTimeSeconds()) != true) return null;
        return new(book.CredentialOf(account)?.Mark ?? "", factors.SinceOf(account));
    }

    /// <summary>Its password is declared anew and not yet compared with the record: whether the record still holds is not known.</summary>
    internal bool IsUnsettled(AccountId account) => book.CredentialOf(account) is { Password: not null, Record: not null };
}
