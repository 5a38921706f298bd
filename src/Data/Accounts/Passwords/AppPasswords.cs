using System.Collections.Concurrent;
using System.Security.Cryptography;
using Aviso.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>An app password as `app-password list --json` shows it; never the secret.</summary>
/// <param name="State">"active", "expired" or "revoked".</param>
/// <param name="Scram">False when the account's own record has another salt, so that only PLAIN and LOGIN can use it.</param>
public sealed record AppPasswordInfo(
    string Account, string Id, string Name, string State, string Scope, DateTimeOffset Created, DateTimeOffset? Expires,
        DateTimeOffset? LastUsed,
    string LastUsedFrom, DateTimeOffset? FailingSince, string FailingBecause, bool Scram);

/// <summary>
/// The app passwords of every account: made here, with a scope, shown once. All of an account share one salt and number of rounds with
/// the account's own record, because a SCRAM server names one salt before it can know which password will be proved
/// (docs/decisions/0012). They live in the store's documents; one instance in a process holds them all in memory.
/// </summary>
public sealed class AppPasswords(IDocumentRows rows, TimeProvider clock, ILogger log) : IDisposable
{
    public const string Kind = "app-password";
    public const string UseKind = "app-password-use";

    /// <summary>Of one account, live ones.</summary>
    public const int Most = 50;

    // How long a dead one is shown, with who still tries it.
    private static readonly long Remembered = (long)TimeSpan.FromDays(90).TotalSeconds;

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<long, AppPassword[]> _byAccount = new();
    private readonly ConcurrentDictionary<(long Account, string Id), AppPasswordUse> _uses = new();
    private readonly ConcurrentDictionary<(long Account, string Id), AppPasswordUse> _unwritten = new();

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Reads what the store has. Once, before anybody logs in.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        var passwords = (await rows.ListDocumentsAsync(Kind, cancel))
            .Select(d => (d.Key.Owner, Read: AppPassword.Read(d.Key.Owner, d.Value), d.Key.Name)).ToList();
        foreach (var broken in passwords.Where(p => p.Read is null)) log.AppPasswordUnreadable(broken.Name);
        foreach (var account in passwords.Select(p => p.Read).OfType<AppPassword>().GroupBy(p => p.Account.Value)) _byAccount[account.Key] =
            [.. account];
        foreach (var use in await rows.ListDocumentsAsync(UseKind, cancel))
        {
            if (use.Read(AppPasswordJson.Default.AppPasswordUse) is { } read) _uses[(use.Key.Owner.Value, use.Key.Name)] = read;
        }
    }

    /// <summary>Live and dead ones of an account.</summary>
    internal IReadOnlyList<AppPassword> Of(AccountId account) => _byAccount.GetValueOrDefault(account.Value) ?? [];

    /// <summary>The one with this secret, live or not; null: none.</summary>
    internal AppPassword? Find(AccountId account, string secret)
    {
        if (!AppPassword.LooksLikeOne(secret) || Of(account) is not { Count: > 0 } all) return null;
        var hash = AppPassword.HashOf(secret);
        AppPassword? found = null;
        foreach (var one in all)
        {
            if (CryptographicOperations.FixedTimeEquals(one.Hash, hash)) found = one;
        }
        return found;
    }

    internal AppPassword? FindById(AccountId account, string id) => Of(account).FirstOrDefault(p => p.Id == id);

    /// <summary>Salt and rounds that a new record of this account should use, so that SCRAM reaches all; null: any.</summary>
    internal ScramRecord? SaltOf(AccountId account) => Of(account).FirstOrDefault(p => p.IsLive(Now) && p.Record is { IsForScram: true })?.Record;

    /// <summary>Why it refuses somebody who proved it, or null: let in. Remembers either.</summary>
    internal LoginAdvice? Use(AppPassword password, LoginAttempt attempt)
    {
        var now = Now;
        var refusal = password.Refusal(attempt, now);
        var key = (password.Account.Value, password.Id);
        var before = _uses.GetValueOrDefault(key) ?? new();
        _uses[key] = _unwritten[key] = refusal is null ? before.Worked(attempt, now) : before.Failed(refusal.Text, now);
        return refusal;
    }

    /// <summary>Makes one and stores it.</summary>
    internal async Task<AppPassword?> AddAsync(
        AccountId account, string name, AppPasswordScope scope, long expiresAt, string secret, ScramRecord record, CancellationToken cancel)
    {
        var made = new AppPassword
        {
            Id = AppPassword.NewId(),
            Name = name,
            Hash = AppPassword.HashOf(secret),
            Scram = record.Format(),
            Scope = scope,
            CreatedAt = Now,
            ExpiresAt = expiresAt,
        }.For(account);
        await _one.WaitAsync(cancel);
        try
        {
            if (Of(account).Count(p => p.IsLive(Now)) >= Most) return null;
            await rows.ChangeDocumentsAsync([ToDocument(made)], [], cancel);
            _byAccount[account.Value] = [.. Of(account), made];
            return made;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Puts a record in place of one that clients cannot compute.</summary>
    internal async Task RenewAsync(AppPassword password, ScramRecord record, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (FindById(password.Account, password.Id) is not { } found || !ReferenceEquals(found, password)) return;
            var renewed = (found with { Scram = record.Format() }).For(found.Account);
            await rows.ChangeDocumentsAsync([ToDocument(renewed)], [], cancel);
            _byAccount[found.Account.Value] = [.. Of(found.Account).Select(p => ReferenceEquals(p, found) ? renewed : p)];
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Revokes it; false when it is dead already or not there.</summary>
    internal async Task<bool> RevokeAsync(AccountId account, string id, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (FindById(account, id) is not { RevokedAt: 0 } found) return false;
            var revoked = found with { RevokedAt = Now };
            await rows.ChangeDocumentsAsync([ToDocument(revoked)], [], cancel);
            _byAccount[account.Value] = [.. Of(account).Select(p => ReferenceEquals(p, found) ? revoked : p)];
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Writes uses that are not written, and forgets what is long dead. Returns accounts of which a password has expired since
    /// the last call: their sessions should end.</summary>
    public async Task<IReadOnlyList<AccountId>> UpkeepAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var now = Now;
            await WriteUsesAsync(now, cancel);
            var expired = new List<AccountId>();
            foreach (var (account, all) in _byAccount)
            {
                if (all.Any(p => p.RevokedAt == 0 && p.ExpiresAt > _lastUpkeep && p.ExpiresAt <= now)) expired.Add(new(account));
                if (all.Any(p => IsForgotten(p, now))) _byAccount[account] = [.. all.Where(p => !IsForgotten(p, now))];
            }
            _lastUpkeep = now;
            return expired;
        }
        finally
        {
            _one.Release();
        }
    }

    private long _lastUpkeep = clock.GetUtcNow().ToUnixTimeSeconds();

    public void Dispose() => _one.Dispose();

    internal AppPasswordInfo Describe(string address, AppPassword password, ScramRecord? own)
    {
        var now = Now;
        var use = _uses.GetValueOrDefault((password.Account.Value, password.Id)) ?? new();
        return new(address, password.Id, password.Name,
            password.RevokedAt > 0 ? "revoked" : password.IsLive(now) ? "active" : "expired", Words(password.Scope),
            DateTimeOffset.FromUnixTimeSeconds(password.CreatedAt), Time(password.ExpiresAt), Time(use.UsedAt),
            use.UsedAt == 0 ? "" : $"{use.UsedFrom} {use.UsedFor}", Time(use.FailingSince), use.FailingBecause,
            password.Record is { IsForScram: true } record && (own is null || SameSalt(own, record)));
    }

    /// <summary>Can one exchange serve both (RFC 5802 §5)?</summary>
    internal static bool SameSalt(ScramRecord a, ScramRecord b) => a.Iterations == b.Iterations && a.Salt.AsSpan().SequenceEqual(b.Salt);

    private static string Words(AppPasswordScope scope)
    {
        var words = new List<string> { scope.Protocols.Count == 0 ? "all protocols" : string.Join(' ', scope.Protocols) };
        if (scope.ReadOnly) words.Add("read-only");
        if (scope.SearchOnly) words.Add("search-only");
        if (scope.Mailboxes.Count > 0) words.Add("mailboxes " + string.Join(' ', scope.Mailboxes));
        if (scope.SendAs.Count > 0) words.Add("sends as " + string.Join(' ', scope.SendAs));
        if (scope.Networks.Count > 0) words.Add("from " + string.Join(' ', scope.Networks));
        return string.Join(", ", words);
    }

    private static DateTimeOffset? Time(long seconds) => seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(seconds);

    private async Task WriteUsesAsync(long now, CancellationToken cancel)
    {
        if (_unwritten.IsEmpty) return;
        var taken = _unwritten.ToArray();
        var documents = new List<Document>(taken.Length);
        foreach (var (key, use) in taken)
        {
            if (FindById(new(key.Account), key.Id) is { } password)
                documents.Add(Documents.Of(
                    new(new(key.Account), UseKind, key.Id), use, AppPasswordJson.Default.AppPasswordUse, now, EndOf(password)));
        }
        if (documents.Count > 0) await rows.ChangeDocumentsAsync(documents, [], cancel);
        // What was used again meanwhile stays for the next time.
        foreach (var written in taken) _unwritten.TryRemove(written);
    }

    private static bool IsForgotten(AppPassword password, long now) => EndOf(password) is > 0 and var end && now >= end;

    private static long EndOf(AppPassword password) =>
        password.RevokedAt > 0 ? password.RevokedAt + Remembered : password.ExpiresAt > 0 ? password.ExpiresAt + Remembered : 0;

    private static Document ToDocument(AppPassword password) => new(
        new(password.Account, Kind, password.Id), password.Write(), Math.Max(password.CreatedAt, password.RevokedAt), EndOf(password));
}
