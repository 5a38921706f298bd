using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>A passkey as kept. The document's name is its id in base64url.</summary>
internal sealed record PasskeyRow
{
    /// <summary>What its owner calls it.</summary>
    public required string Name { get; init; }

    /// <summary>In COSE form.</summary>
    public required byte[] Key { get; init; }

    public uint SignCount { get; init; }

    /// <summary>It may be in a cloud.</summary>
    public bool BackupEligible { get; init; }

    /// <summary>Unix seconds UTC.</summary>
    public long CreatedAt { get; init; }

    public long UsedAt { get; init; }
}

/// <param name="Id">base64url.</param>
public sealed record PasskeyInfo(string Account, string Id, string Name, DateTimeOffset Created, DateTimeOffset? LastUsed, bool Synced);

/// <summary>What a browser is asked.</summary>
/// <param name="Challenge">Random octets; good once, for five minutes.</param>
/// <param name="Credentials">Ids that are there: to be left out of a new registration, or allowed in an assertion.</param>
/// <param name="Algorithms">COSE numbers, best first.</param>
public sealed record PasskeyQuestion(byte[] Challenge, IReadOnlyList<byte[]> Credentials, IReadOnlyList<long> Algorithms);

/// <summary>What a browser answers to a login (WebAuthn §5.2.2).</summary>
/// <param name="UserHandle">What we called the account when the passkey was made.</param>
public sealed record PasskeyAnswer(byte[] Credential, byte[] UserHandle, byte[] ClientData, byte[] AuthenticatorData, byte[] Signature);

/// <summary>
/// Passkeys of accounts, for the webmail: registering one and logging in with one. A challenge is used once and belongs to the
/// ceremony it was made for; that of a registration to its account too. One instance in a process.
/// </summary>
public sealed class Passkeys(IDocumentRows rows, TimeProvider clock, ILogger log) : IDisposable
{
    public const string Kind = "passkey";

    /// <summary>Of one account.</summary>
    public const int Most = 20;

    private const string TooOld = "the question is too old or was answered", Unreadable = "the client's data cannot be read";
    private const int MostChallenges = 10_000;
    private static readonly TimeSpan ChallengeTime = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<string, (long Account, long Since)> _challenges = new(StringComparer.Ordinal);
    private readonly OpenChallenges _open = new(clock, ChallengeTime);

    public async Task<IReadOnlyList<PasskeyInfo>> ListAsync(AccountId account, string address, CancellationToken cancel) =>
        [.. (await ReadAsync(account, cancel)).Select(p =>
            new PasskeyInfo(address, p.Id, p.Row.Name, DateTimeOffset.FromUnixTimeSeconds(p.Row.CreatedAt),
            p.Row.UsedAt == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(p.Row.UsedAt), p.Row.BackupEligible))];

    /// <summary>What authenticators call the account (WebAuthn §5.4.3): nothing about its owner.</summary>
    public static byte[] UserHandle(AccountId account)
    {
        var handle = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(handle, account.Value);
        return handle;
    }

    /// <summary>Begins a registration.</summary>
    public async Task<PasskeyQuestion> AskNewAsync(AccountId account, CancellationToken cancel)
    {
        var challenge = RandomNumberGenerator.GetBytes(32);
        if (_challenges.Count >= MostChallenges) Forget();
        _challenges[Convert.ToBase64String(challenge)] = (account.Value, clock.GetTimestamp());
        return new(challenge, [.. (await ReadAsync(account, cancel)).Select(p => Base64Url.DecodeFromChars(p.Id))], CoseKey.Algorithms);
    }

    /// <summary>Begins a login: the authenticator shows whose passkeys it has, so a stranger learns nothing of ours.</summary>
    public PasskeyQuestion Ask() => new(_open.Make(), [], CoseKey.Algorithms);

    /// <summary>Takes a new passkey; null when it was taken, else what is wrong.</summary>
    public async Task<string?> RegisterAsync(
        RelyingParty party, AccountId account, string name, byte[] clientData, byte[] attestation, CancellationToken cancel)
    {
        if (WebAuthn.ChallengeOf(clientData) is not { } challenge) return Unreadable;
        if (!Take(account, challenge)) return TooOld;
        if (name.Length is 0 or > 100 || name.Any(char.IsControl)) return "a passkey needs a name of at most 100 characters";
        if (WebAuthn.Register(party, challenge, clientData, attestation, out var problem) is not { } made) return problem;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var row = new PasskeyRow { Name = name, Key = made.Key!.Octets, SignCount = made.SignCount, BackupEligible = made.BackupEligible, CreatedAt = now };
        await _one.WaitAsync(cancel);
        try
        {
            if ((await ReadAsync(account, cancel)).Count >= Most) return $"an account has at most {Most} passkeys";
            // §7.1 step 26: an id that is another's already is refused.
            var id = Base64Url.EncodeToString(made.CredentialId);
            if ((await rows.ListDocumentsAsync(Kind, cancel)).Any(d => d.Key.Name == id)) return "this passkey is registered already";
            return await rows.AddDocumentAsync(ToDocument(account, id, row), cancel) ? null : "this passkey is registered already";
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Whose passkey proved itself; nobody's, and what is wrong.</summary>
    public async Task<(AccountId? Account, string Problem)> AssertAsync(RelyingParty party, PasskeyAnswer answer, CancellationToken cancel)
    {
        if (WebAuthn.ChallengeOf(answer.ClientData) is not { } challenge) return (null, Unreadable);
        if (!_open.Take(challenge)) return (null, TooOld);
        // §7.2 step 6: nobody has been named before, so the handle names the account and the passkey must be among its own.
        if (answer.UserHandle.Length != sizeof(long)) return (null, "the answer does not say whose passkey it is");
        var account = new AccountId(BinaryPrimitives.ReadInt64BigEndian(answer.UserHandle));
        return await AssertAsync(party, account, challenge, answer, cancel) is { } problem ? (null, problem) : (account, "");
    }

    private async Task<string?> AssertAsync(
        RelyingParty party, AccountId account, byte[] challenge, PasskeyAnswer answer, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var id = Base64Url.EncodeToString(answer.Credential);
            var document = await rows.GetDocumentAsync(account, Kind, id, cancel);
            if (document?.Read(SecondFactorJson.Default.PasskeyRow) is not { } row) return "this passkey is not known";
            if (CoseKey.Read(row.Key, out _) is not { } key) return "this passkey cannot be read";
            var problem = WebAuthn.Assert(
                party, key, row.SignCount, challenge, answer.ClientData, answer.AuthenticatorData, answer.Signature, out var count);
            if (problem is not null) return problem;
            var used = row with { SignCount = count, UsedAt = clock.GetUtcNow().ToUnixTimeSeconds() };
            await rows.ChangeDocumentsAsync([ToDocument(account, id, used)], [], cancel);
            return null;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>False when it is not there.</summary>
    public async Task<bool> RemoveAsync(AccountId account, string idOrName, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if ((await ReadAsync(account, cancel)).FirstOrDefault(p => p.Id == idOrName || p.Row.Name == idOrName) is not { Id: { } id }) return false;
            await rows.ChangeDocumentsAsync([], [new(account, Kind, id)], cancel);
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<(string Id, PasskeyRow Row)>> ReadAsync(AccountId account, CancellationToken cancel)
    {
        var all = new List<(string, PasskeyRow)>();
        foreach (var document in await rows.ListDocumentsAsync(account, Kind, cancel))
        {
            if (document.Read(SecondFactorJson.Default.PasskeyRow) is { } row) all.Add((document.Key.Name, row));
            else log.PasskeyUnreadable(document.Key.Name);
        }
        return all;
    }

    // §13.4.3: a challenge is used once, right or wrong.
    private bool Take(AccountId account, byte[] challenge) =>
        _challenges.TryRemove(Convert.ToBase64String(challenge), out var asked) && asked.Account == account.Value
            && clock.GetElapsedTime(asked.Since) < ChallengeTime;

    // The old go; when all are young, somebody asks without end, and all go: whoever is in the middle asks again.
    private void Forget()
    {
        foreach (var (challenge, asked) in _challenges)
        {
            if (clock.GetElapsedTime(asked.Since) >= ChallengeTime) _challenges.TryRemove(challenge, out _);
        }
        if (_challenges.Count >= MostChallenges) _challenges.Clear();
    }

    private Document ToDocument(AccountId account, string id, PasskeyRow row) =>
        Documents.Of(new(account, Kind, id), row, SecondFactorJson.Default.PasskeyRow, clock.GetUtcNow().ToUnixTimeSeconds());
}
