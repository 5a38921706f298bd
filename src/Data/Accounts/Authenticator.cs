using System.Security.Cryptography;
using System.Text;
using Aviso.Net;

namespace Aviso.Accounts;

/// <summary>
/// Lets people in. A password that was proved before costs one HMAC; every other try costs one derivation on the bounded
/// worker, for unknown users too: they are compared with some account's credential, picked by their name and always the same,
/// and the result is thrown away.
/// </summary>
public sealed class Authenticator(AccountBook book) : IAuthenticator, IDisposable
{
    private static readonly ScramRecord Nobody = new(ScramRecord.Rounds, RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(32),
        RandomNumberGenerator.GetBytes(32));

    private readonly PasswordWorker _worker = new();
    private readonly ProofCache _proofs = new(book.Clock);

    public bool ScramOffered => book.ScramOffered;

    /// <summary>Derivations done since start.</summary>
    internal long Derivations => _worker.Done;

    public async ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel)
    {
        var proof = _proofs.Key(user, password);
        var prepared = PasswordText.Prepare(password);
        // Twice when the credential was replaced while it was being checked, by a login beside this one or by a reload.
        for (var tries = 0; tries < 2; tries++)
        {
            var credential = Find(user);
            if (credential is not null && _proofs.Holds(proof, credential)) return Enter(attempt, credential, "cached");
            var verdict = await DeriveAsync(attempt, credential ?? Decoy(user), prepared ?? "\ufffd", password, cancel);
            if (credential is null || prepared is null || !verdict.Holds) return Refuse(attempt, user, credential);
            if (await RenewAsync(credential, verdict, cancel) is not { } current) continue;
            _proofs.Add(proof, current);
            return Enter(attempt, current, "proved");
        }
        return Refuse(attempt, user, null);
    }

    public ValueTask<ScramKeys> GetScramKeysAsync(string user, CancellationToken cancel) =>
        new(Find(user) is { HasScram: true } known ? known.Record!.Keys : MadeUp(user));

    public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel)
    {
        var credential = Find(user);
        return new(proofHolds && credential is { HasScram: true } ? Enter(attempt, credential, "proved") : Refuse(attempt, user, credential));
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
            var verdict = await _worker.RunAsync(() => Verify(credential, password, password), cancel);
            if (verdict.Holds) await RenewAsync(credential, verdict, cancel);
        }
    }

    /// <summary>Derives a record for a verb.</summary>
    internal Task<ScramRecord> DeriveAsync(string prepared, CancellationToken cancel) =>
        _worker.RunAsync(() => ScramRecord.Derive(prepared), cancel);

    public void Dispose() => _worker.Dispose();

    private Credential? Find(string user) => book.Table.FindAccount(user) is { } account && !book.Table.IsSuspended(account)
        ? book.CredentialOf(account) : null;

    /// <param name="Made">A new record to store; null keeps the one there.</param>
    private readonly record struct Verdict(bool Holds, ScramRecord? Made);

    private static Verdict Verify(Credential credential, string prepared, string raw)
    {
        if (credential.Password is { } declared)
        {
            // One derivation whether it is right or wrong: the record that it makes is the one we want to have anyway.
            var salt = credential.Record?.Salt ?? RandomNumberGenerator.GetBytes(16);
            var made = ScramRecord.Derive(prepared, salt, credential.Record?.Iterations ?? ScramRecord.Rounds);
            var holds = Same(prepared, PasswordText.Prepare(declared) ?? "");
            var stands = credential.Record is not null && CryptographicOperations.FixedTimeEquals(made.StoredKey, credential.Record.StoredKey);
            return new(holds, holds && !stands ? (credential.Record is null ? made : ScramRecord.Derive(prepared)) : null);
        }
        if (credential.Hash is not { } hash) return new((credential.Record ?? Nobody).Holds(prepared), null);
        return CryptHash.Holds(raw, hash) ? new(true, ScramRecord.Derive(prepared)) : default;
    }

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(a)), SHA256.HashData(Encoding.UTF8.GetBytes(b)));

    private async Task<Verdict> DeriveAsync(LoginAttempt attempt, Credential against, string prepared, string raw, CancellationToken cancel)
    {
        try
        {
            return await _worker.RunAsync(() => Verify(against, prepared, raw), cancel);
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

    private Principal? Enter(LoginAttempt attempt, Credential credential, string how)
    {
        if (book.Table.AddressOf(credential.Account) is not { } address) return null;
        AccountsMeters.Login(attempt.Kind, how);
        book.Log.Login(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, address);
        return new(credential.Account.Value, address);
    }

    private Principal? Refuse(LoginAttempt attempt, string user, Credential? credential)
    {
        AccountsMeters.Login(attempt.Kind, "refused");
        book.Log.LoginRefused(attempt.SessionId, attempt.Kind, attempt.Remote, attempt.Mechanism, Shown(user),
            credential is not null ? "wrong password" : book.Table.FindAccount(user) is null ? "no such account" : "suspended or without a password");
        return null;
    }

    private Credential Decoy(string user)
    {
        var all = book.Credentials;
        return all.Length == 0 ? new(default, Nobody, null, null, null) : all[(int)(BitConverter.ToUInt32(Mac(user, 0)) % (uint)all.Length)];
    }

    private ScramKeys MadeUp(string user) => new(Mac(user, 1)[..16], ScramRecord.Rounds, Mac(user, 2), Mac(user, 3));

    private byte[] Mac(string user, byte use) =>
        HMACSHA256.HashData(book.DecoySecret.AsSpan(), (ReadOnlySpan<byte>)[use, .. Encoding.UTF8.GetBytes(AddressKey.Lower(user))]);

    private static string Shown(string user) => new([.. user.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
}
