using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>The second factor of one account, as kept.</summary>
internal sealed record TotpRow
{
    public required byte[] Secret { get; init; }

    /// <summary>Unix seconds UTC; 0: made, and not yet confirmed by a code: it does not count.</summary>
    public long ConfirmedAt { get; init; }

    /// <summary>The last step whose code was used.</summary>
    public long LastStep { get; init; }

    /// <summary>Whether there was one is not known (a rebuild could not tell): nobody logs in until it is disabled by hand.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>SHA-256 of each recovery code that is left: 80 random bits.</summary>
    public IReadOnlyList<byte[]> Recovery { get; init; } = [];
}

/// <summary>What `account totp ... enable` shows, once.</summary>
/// <param name="Uri">otpauth://totp/...</param>
/// <param name="RecoveryCodes">Each works once in place of a code.</param>
public sealed record NewTotp(string Account, string Uri, string Secret, IReadOnlyList<string> RecoveryCodes);

/// <param name="State">"on", "off", "waiting": made, and not confirmed by a code yet; or "locked": a rebuild could not tell whether there was one.</param>
public sealed record TotpStatus(string Account, string State, DateTimeOffset? Since, int RecoveryCodesLeft);

public enum CodeVerdict
{
    Right, RightByRecoveryCode, Wrong,

    /// <summary>Too many wrong ones: not looked at for a while.</summary>
    TooMany,
}

/// <summary>
/// Time-based codes (RFC 6238) of accounts, for whoever can ask for a second step: the webmail. Mail programs cannot; an account with a
/// confirmed second factor needs app passwords there. Secrets live in the store's documents; one instance in a process.
/// </summary>
public sealed class SecondFactors(IDocumentRows rows, TimeProvider clock, ILogger log) : IDisposable
{
    public const string Kind = "totp";

    private const string RowName = "totp";
    private const int RecoveryCodes = 10;

    // A guess has a chance of three in a million; five in five minutes need a century.
    private const int MostWrong = 5;
    private static readonly TimeSpan WrongFor = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<long, TotpRow> _rows = new();
    private readonly Dictionary<long, (int Count, long Since)> _wrong = [];

    /// <summary>Reads what the store has. Once, before anybody logs in.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var document in await rows.ListDocumentsAsync(Kind, cancel))
        {
            if (document.Read(SecondFactorJson.Default.TotpRow) is not { } row)
            {
                log.SecondFactorUnreadable(document.Key.Owner.Value);
                // In doubt it is asked for, and no code is right.
                row = new() { Secret = RandomNumberGenerator.GetBytes(Totp.SecretLength), ConfirmedAt = 1 };
            }
            _rows[document.Key.Owner.Value] = row;
        }
    }

    /// <summary>Is there a confirmed second factor?</summary>
    public bool IsOn(AccountId account) => _rows.TryGetValue(account.Value, out var row) && row.ConfirmedAt > 0;

    /// <summary>Since when there is a confirmed one, Unix seconds; 0: there is none.</summary>
    public long SinceOf(AccountId account) => _rows.TryGetValue(account.Value, out var row) ? row.ConfirmedAt : 0;

    /// <summary>A rebuild could not tell: no password lets in, whatever the settings say, until an administrator has disabled it.</summary>
    public bool IsUnknown(AccountId account) => _rows.TryGetValue(account.Value, out var row) && row.IsUnknown;

    /// <summary>What a rebuild writes for an account of which it does not know whether it had a second factor.</summary>
    public static Document Unknown(AccountId account, DateTimeOffset now) => new(
        new(account, Kind, RowName),
        JsonSerializer.SerializeToUtf8Bytes(
            new TotpRow { Secret = RandomNumberGenerator.GetBytes(Totp.SecretLength), ConfirmedAt = 1, IsUnknown = true }, SecondFactorJson.Default.TotpRow),
        now.ToUnixTimeSeconds());

    public TotpStatus StatusOf(AccountId account, string address) => !_rows.TryGetValue(account.Value, out var row) ? new(address, "off", null, 0)
        : row.IsUnknown ? new(address, "locked", null, 0)
        : new(address, row.ConfirmedAt > 0 ? "on" : "waiting", row.ConfirmedAt > 0 ? DateTimeOffset.FromUnixTimeSeconds(row.ConfirmedAt) : null, row.Recovery.Count);

    /// <summary>Makes a secret that waits to be confirmed; null when a confirmed one is there.</summary>
    /// <param name="issuer">What the app shows beside the address.</param>
    public async Task<NewTotp?> BeginAsync(AccountId account, string address, string issuer, CancellationToken cancel)
    {
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretLength);
        var codes = Enumerable.Range(0, RecoveryCodes).Select(_ => Grouped(Totp.Base32(RandomNumberGenerator.GetBytes(10)))).ToList();
        return await ChangeAsync(account, row => row is { ConfirmedAt: > 0 } ? null : new()
        {
            Secret = secret,
            Recovery = [.. codes.Select(HashOf)],
        }, cancel) ? new(address, Totp.Uri(issuer, address, secret), Totp.Base32(secret), codes) : null;
    }

    /// <summary>Confirms a waiting secret with a code of the app: from here on it counts.</summary>
    public async Task<CodeVerdict> ConfirmAsync(AccountId account, string code, CancellationToken cancel)
    {
        if (IsLocked(account)) return CodeVerdict.TooMany;
        var now = clock.GetUtcNow();
        return await ChangeAsync(account, row => row is { ConfirmedAt: 0 } && Totp.Find(row.Secret, code, now, row.LastStep) is { } step
            ? row with { ConfirmedAt = now.ToUnixTimeSeconds(), LastStep = step } : null, cancel) ? Right(account, CodeVerdict.Right) : Wrong(account);
    }

    /// <summary>Is this the code of now, or a recovery code? Each works once.</summary>
    public async Task<CodeVerdict> CheckAsync(AccountId account, string code, CancellationToken cancel)
    {
        if (IsLocked(account)) return CodeVerdict.TooMany;
        var now = clock.GetUtcNow();
        var typed = code.Replace(" ", "", StringComparison.Ordinal);
        if (await ChangeAsync(account, row => row is { ConfirmedAt: > 0 } && Totp.Find(row.Secret, typed, now, row.LastStep) is { } step
            ? row with { LastStep = step } : null, cancel)) return Right(account, CodeVerdict.Right);
        var hash = HashOf(code);
        var used = await ChangeAsync(account, row => row is { ConfirmedAt: > 0 } && row.Recovery.FirstOrDefault(h => CryptographicOperations.FixedTimeEquals(h, hash)) is { } found
            ? row with { Recovery = [.. row.Recovery.Where(h => !ReferenceEquals(h, found))] } : null, cancel);
        return used ? Right(account, CodeVerdict.RightByRecoveryCode) : Wrong(account);
    }

    /// <summary>Takes the second factor away; false when there was none.</summary>
    public async Task<bool> RemoveAsync(AccountId account, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!_rows.ContainsKey(account.Value)) return false;
            await rows.ChangeDocumentsAsync([], [new(account, Kind, RowName)], cancel);
            _rows.TryRemove(account.Value, out _);
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    // One change at a time: two logins with one code, and only one gets in. Written before it counts.
    private async Task<bool> ChangeAsync(AccountId account, Func<TotpRow?, TotpRow?> change, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (change(_rows.GetValueOrDefault(account.Value)) is not { } next) return false;
            var document = Documents.Of(new(account, Kind, RowName), next, SecondFactorJson.Default.TotpRow, clock.GetUtcNow().ToUnixTimeSeconds());
            await rows.ChangeDocumentsAsync([document], [], cancel);
            _rows[account.Value] = next;
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    private bool IsLocked(AccountId account)
    {
        lock (_wrong) return _wrong.TryGetValue(account.Value, out var wrong) && wrong.Count >= MostWrong && clock.GetElapsedTime(wrong.Since) < WrongFor;
    }

    private CodeVerdict Wrong(AccountId account)
    {
        lock (_wrong)
        {
            var old = _wrong.GetValueOrDefault(account.Value);
            _wrong[account.Value] = old.Count > 0 && clock.GetElapsedTime(old.Since) < WrongFor ? (old.Count + 1, old.Since) : (1, clock.GetTimestamp());
        }
        return CodeVerdict.Wrong;
    }

    private CodeVerdict Right(AccountId account, CodeVerdict how)
    {
        lock (_wrong) _wrong.Remove(account.Value);
        return how;
    }

    private static string Grouped(string text) => string.Join('-', text.ToLowerInvariant().Chunk(4).Select(c => new string(c)));

    private static byte[] HashOf(string code) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(new string([.. code.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit)])));
}

[JsonSerializable(typeof(TotpRow))]
[JsonSerializable(typeof(PasskeyRow))]
internal sealed partial class SecondFactorJson : JsonSerializerContext;
