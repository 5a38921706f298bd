using System.Security.Cryptography;
using System.Text;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// Lets people in. A password that was proved before costs one HMAC; every other try costs one derivation on the bounded
/// worker, for unknown users too: they are compared with some account's credential, picked by their name and always the same,
/// and the result is thrown away.
/// </summary>
public sealed class Authenticator(AccountBook book) : IAuthenticator, IDisposable
{
    private static readonly ScramRecord Nobody =
        new(ScramRecord.Rounds, RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(32),
        RandomNumberGenerator.GetBytes(32));

    private readonly PasswordWorker _worker = new();
    private readonly ProofCache _proofs = new(book.Clock);

    /// <summary>App passwords of all accounts; null: there are none.</summary>
    public AppPasswords? AppPasswords { get; init; }

    /// <summary>Second steps of accounts, for who can be asked for one; null: there are none.</summary>
    public SecondFactors? SecondFactors { get; init; }

    /// <summary>Is logging in to this account by its own password only half of what is asked? Then mail programs, which cannot ask for
    /// the other half, need an app password.</summary>
    public Func<AccountId, bool> IsTwoStep { get; init; } = static _ => false;

    /// <summary>Logins by token; null: none. May be replaced at any time.</summary>
    public TokenLogins? TokenLogins { get; set; }

    public TokenOffer? Tokens => TokenLogins?.Offer;

    public bool ScramOffered => book.ScramOffered;

    /// <summary>Derivations done since start.</summary>
    internal long Derivations => _worker.Done;

    public async ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
    {
        if (Active(user) is { } account && AppPasswords?.Find(account, password) is { } app)
        {
            if (Enter(attempt, app) is not { } principal) return null;
            if (app.Record is not { IsForScram: true }) await RenewAsync(app, principal.Address, password, cancel);
            return principal;
        }
        var proof = _proofs.Key(user, password);
        var prepared = PasswordText.Prepare(password);
        // Twice when the credential was replaced while it was being checked, by a login beside this one or by a reload.
        for (var tries = 0; tries < 2; tries++)
        {
            var credential = Find(user);
            if (credential is not null && _proofs.Holds(proof, credential)) return await EnterAsync(attempt, credential, "cached", cancel);
            var verdict = await DeriveAsync(attempt, credential ?? Decoy(user), prepared ?? "\ufffd", password, cancel);
            if (credential is null || prepared is null || !verdict.Holds) return Refuse(attempt, user, credential);
            if (await RenewAsync(credential, verdict, cancel) is not { } current) continue;
            _proofs.Add(proof, current);
            return await EnterAsync(attempt, current, "proved", cancel);
        }
        return Refuse(attempt, user, null);
    }

    public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel)
    {
        var own = Find(user) is { HasScram: true } known ? known.Record : null;
        var apps = Active(user) is { } account && AppPasswords is { } all
            ? all.Of(account).Where(p => p.Record is { IsForScram: true }).ToList() : [];
        if (apps.Count == 0) return new(own?.Keys ?? MadeUp(user) with { IsMadeUp = Active(user) is null });
        // One salt is told before anything is proved: the own password's, else that of the newest live app password.
        var told = own ?? (apps.LastOrDefault(p => p.RevokedAt == 0) ?? apps[^1]).Record!;
        var keys = own?.Keys ?? MadeUp(user) with { Salt = told.Salt, Iterations = told.Iterations };
        return new(keys with
        {
            Others = [.. apps.Where(p => AppPasswords.SameSalt(p.Record!, told)).Select(p =>
                new ScramProofKeys(p.Id, p.Record!.StoredKey, p.Record.ServerKey))],
        });
    }

    public async ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
    {
        var credential = Find(user);
        if (proofHolds && attempt.Notes.ProvedBy.Length > 0)
        {
            return Active(user) is { } account && AppPasswords?.FindById(account, attempt.Notes.ProvedBy) is { } app
                ? Enter(attempt, app) : Refuse(attempt, user, credential);
        }
        return proofHolds && credential is { HasScram: true }
            ? await EnterAsync(attempt, credential, "proved", cancel) : Refuse(attempt, user, credential);
    }

    public async ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel)
    {
        if (TokenLogins is not { } logins) return null;
        var verdict = await logins.CheckAsync(user, token, cancel);
        if (verdict.Account is { } account && book.Table.AddressOf(account) is { } address)
            return Enter(attempt, account, address, "token");
        return Refuse(attempt, user, verdict with { Problem = "token: " + verdict.Problem });
    }

    /// <summary>A passkey, which is both steps in one: the authenticator has recognised its user.</summary>
    public async ValueTask<Principal?> CheckPasskeyAsync(
        LoginAttempt attempt, Passkeys passkeys, RelyingParty party, PasskeyAnswer answer, CancellationToken cancel)
    {
        var (found, problem) = await passkeys.AssertAsync(party, answer, cancel);
        if (found is not { } account) return Refuse(attempt, "", TokenVerdict.No("passkey: " + problem));
        return !book.Table.IsSuspended(account) && book.Table.AddressOf(account) is { } address
            ? Enter(attempt, account, address, "passkey") : Refuse(attempt, "", TokenVerdict.No("passkey: its account is suspended"));
    }

    /// <summary>The code with which the provider sent a browser back.</summary>
    public async ValueTask<Principal?> CheckOpenIdAsync(
        LoginAttempt attempt, OpenIdSignIn provider, OpenIdTry tried, string code, string redirect, CancellationToken cancel)
    {
        var verdict = await provider.FinishAsync(tried, code, redirect, cancel);
        return verdict.Account is { } account && book.Table.AddressOf(account) is { } address
            ? Enter(attempt, account, address, "token") : Refuse(attempt, "", verdict);
    }

    /// <summary>
    /// Compares declared passwords with their records and derives those that are missing or changed, one by one; SCRAM is
    /// offered when it is done. Run it in the background after every <see cref="AccountBook.ApplyAsync"/>.
    /// </summary>
    public async Task PrepareAsync(CancellationToken cancel)
    {
        foreach (var credential in book.Credentials.Where(c => c.Password is not null).ToList())
        {
            var password = PasswordText.Prepare(credential.Password!)!;
            var salt = AppPasswords?.SaltOf(credential.Account);
            var verdict = await _worker.RunAsync(() => Verify(credential, password, password, salt), cancel);
            if (verdict.Holds) await RenewAsync(credential, verdict, cancel);
        }
    }

    /// <summary>Derives a record for a verb.</summary>
    internal Task<ScramRecord> DeriveAsync(AccountId account, string prepared, CancellationToken cancel)
    {
        var salt = AppPasswords?.SaltOf(account);
        return _worker.RunAsync(() => New(prepared, salt), cancel);
    }

    /// <summary>Derives a record for an app password: with the salt that this account's clients are told.</summary>
    internal Task<ScramRecord> DeriveAppAsync(AccountId account, string address, string secret, CancellationToken cancel)
    {
        var told = book.CredentialOf(account) is { HasScram: true } own ? own.Record! : AppPasswords?.SaltOf(account);
        var (salt, rounds) = told is null ? (MadeUp(address).Salt, ScramRecord.Rounds) : (told.Salt, told.Iterations);
        return _worker.RunAsync(() => ScramRecord.Derive(secret, salt, rounds), cancel);
    }

    public void Dispose() => _worker.Dispose();

    private AccountId? Active(string user) => book.Table.FindAccount(user) is { } account && !book.Table.IsSuspended(account) ? account : null;

    private Credential? Find(string user) => Active(user) is { } account ? book.CredentialOf(account) : null;

    /// <param name="Made">A new record to store; null keeps the one there.</param>
    private readonly record struct Verdict(bool Holds, ScramRecord? Made);

    private static Verdict Verify(Credential credential, string prepared, string raw, ScramRecord? shared)
    {
        if (credential.Password is { } declared)
        {
            // One derivation whether it is right or wrong: the record that it makes is the one we want to have anyway.
            var record = credential.Record is { IsForScram: true } usable ? usable : null;
            var salt = record?.Salt ?? shared?.Salt ?? RandomNumberGenerator.GetBytes(16);
            var made = ScramRecord.Derive(prepared, salt, record?.Iterations ?? shared?.Iterations ?? ScramRecord.Rounds);
            var holds = Same(prepared, PasswordText.Prepare(declared) ?? "");
            var stands = record is not null && CryptographicOperations.FixedTimeEquals(made.StoredKey, record.StoredKey);
            return new(holds, holds && !stands ? (record is null ? made : New(prepared, shared)) : null);
        }
        if (credential.Hash is not { } hash)
        {
            var kept = credential.Record ?? Nobody;
            var holds = kept.Holds(prepared);
            return new(holds, holds && !kept.IsForScram ? New(prepared, shared) : null);
        }
        return CryptHash.Holds(raw, hash) ? new(true, New(prepared, shared)) : default;
    }

    private static ScramRecord New(string prepared, ScramRecord? shared) =>
        shared is null ? ScramRecord.Derive(prepared) : ScramRecord.Derive(prepared, shared.Salt, shared.Iterations);

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(a)), SHA256.HashData(Encoding.UTF8.GetBytes(b)));

    private async Task<Verdict> DeriveAsync(LoginAttempt attempt, Credential against, string prepared, string raw, CancellationToken cancel)
    {
        try
        {
            var salt = AppPasswords?.SaltOf(against.Account);
            return await _worker.RunAsync(() => Verify(against, prepared, raw, salt), cancel);
        }
        catch (LoginOverloadException)
        {
            AccountsMeters.Login(attempt.Kind, "overload");
            throw;
        }
    }

    /// <summary>Puts a new record in place; returns the credential that now stands for the proved password, null when another
    /// has come in its place.</summary>
    private async Task<Credential?> RenewAsync(Credential credential, Verdict verdict, CancellationToken cancel)
    {
        var account = credential.Account;
        if (!verdict.Holds || (credential.Password is null && verdict.Made is null))
            return ReferenceEquals(book.CredentialOf(account), credential) ? credential : null;
        try
        {
            if (!await book.ReplaceAsync(credential, verdict.Made ?? credential.Record!, verdict.Made is not null, cancel)) return null;
            if (credential.Hash is not null) book.Log.Rehashed(book.Table.AddressOf(account) ?? "");
            return book.CredentialOf(account);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // design.md section 2 rule 2: a login does not need the store to be writable.
            book.Log.RehashNotStored(e, book.Table.AddressOf(account) ?? "");
            return credential;
        }
    }

    private async ValueTask<Principal?> EnterAsync(LoginAttempt attempt, Credential credential, string how, CancellationToken cancel)
    {
        if (book.Table.AddressOf(credential.Account) is not { } address) return null;
        if (await HalfAsync(attempt, credential.Account, cancel) is { } half)
        {
            attempt.Notes.Advice = half;
            return Refuse(attempt, address, credential);
        }
        return Enter(attempt, credential.Account, address, how);
    }

    /// <summary>Why the account's own password alone is not enough this time; null: it is, or the second step was right too.</summary>
    private async ValueTask<LoginAdvice?> HalfAsync(LoginAttempt attempt, AccountId account, CancellationToken cancel)
    {
        if (attempt.SecondStep is not { } code)
        {
            return !IsTwoStep(account) ? null : new(LoginAdviceKind.AppPasswordNeeded,
                "This account logs in in two steps: make an app password for this program and use it instead of the password");
        }
        if (SecondFactors is not { } factors || !factors.IsOn(account)) return null;
        if (code.Length == 0) return new(LoginAdviceKind.SecondStepNeeded, "This account logs in in two steps: the code is needed");
        return await factors.CheckAsync(account, code, cancel) switch
        {
            CodeVerdict.Right or CodeVerdict.RightByRecoveryCode => null,
            CodeVerdict.TooMany => new(LoginAdviceKind.SecondStepWrong, "Too many wrong codes; try again in some minutes"),
            _ => new(LoginAdviceKind.SecondStepWrong, "The code is wrong"),
        };
    }

    /// <summary>Somebody proved himself in a way that needs no password.</summary>
    private Principal Enter(LoginAttempt attempt, AccountId account, string address, string how)
    {
        AccountsMeters.Login(attempt.Kind, how);
        book.Log.Login(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, address);
        return new(account.Value, address);
    }

    private Principal? Enter(LoginAttempt attempt, AppPassword app)
    {
        if (book.Table.AddressOf(app.Account) is not { } address) return null;
        if (AppPasswords!.Use(app, attempt) is { } refusal)
        {
            attempt.Notes.Advice = refusal;
            return Refuse(attempt, address, null);
        }
        attempt.Notes.ProvedBy = app.Id;
        AccountsMeters.Login(attempt.Kind, "app-password");
        book.Log.LoginByAppPassword(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, address, app.Name);
        return new(app.Account.Value, address) { Scope = app.LoginScope };
    }

    private Principal? Refuse(LoginAttempt attempt, string user, in TokenVerdict verdict)
    {
        if (verdict.Status.Length > 0) attempt.Notes.TokenStatus = verdict.Status;
        else attempt.Notes.Advice = new(LoginAdviceKind.Unavailable, "Logging in by token is not possible now; try again later");
        AccountsMeters.Login(attempt.Kind, verdict.Status.Length > 0 ? "refused" : "unavailable");
        book.Log.LoginRefused(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, Shown(user), verdict.Problem);
        return null;
    }

    private Principal? Refuse(LoginAttempt attempt, string user, Credential? credential)
    {
        AccountsMeters.Login(attempt.Kind, "refused");
        book.Log.LoginRefused(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, Shown(user),
            attempt.Notes.Advice is { } advice ? advice.Text : credential is not null ? "wrong password" : book.Table.FindAccount(user) is null ? "no such account" : "suspended or without a password");
        return null;
    }

    private Credential Decoy(string user)
    {
        var all = book.Credentials;
        return all.Length == 0
            ? new(default, Nobody, null, null, null) : all[(int)(BitConverter.ToUInt32(Mac(user, 0)) % (uint)all.Length)];
    }

    private async ValueTask RenewAsync(AppPassword app, string address, string secret, CancellationToken cancel)
    {
        try
        {
            await AppPasswords!.RenewAsync(app, await DeriveAppAsync(app.Account, address, secret, cancel), cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // It let in and does so again; the next login tries anew.
            book.Log.RehashNotStored(e, address);
        }
    }

    private ScramKeys MadeUp(string user) => new(Mac(user, 1)[..16], ScramRecord.Rounds, Mac(user, 2), Mac(user, 3));

    private byte[] Mac(string user, byte use) =>
        HMACSHA256.HashData(book.DecoySecret.AsSpan(), (ReadOnlySpan<byte>)[use, .. Encoding.UTF8.GetBytes(NameOf(user))]);

    // All spellings of an account have its one salt, so those of a name that nobody has must share one as well.
    private static string NameOf(string user) => AddressKey.TryParse(user, out var key) ? key.ToString() : AddressKey.Lower(user);

    private static string Shown(string user) => new([.. user.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
