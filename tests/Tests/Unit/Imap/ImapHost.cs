using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Imap;
using Aviso.Mime;
using Aviso.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Imap;

/// <summary>A whole IMAP server on a real store in a folder of its own; connections are in memory.</summary>
internal sealed class ImapHost : IAsyncDisposable
{
    private readonly TestStore _store;

    private readonly TimeProvider _clock;

    private ImapHost(TestStore store, AccountId account, ImapOptions options, TimeProvider clock, bool scram, ILogger? log)
    {
        _store = store;
        _clock = clock;
        Account = account;
        Server = new(options, store.Store, new MimeReader(), new OnePassword(account.Value, scram), clock, log ?? NullLogger.Instance);
    }

    public AccountId Account { get; }

    public bool CheckAtEnd
    {
        set => _store.CheckAtEnd = value;
    }

    public ImapServer Server { get; }

    public SqliteMailStore Store => _store.Store;

    public static async Task<ImapHost> StartAsync(
        Func<ImapOptions, ImapOptions>? with = null, TimeProvider? clock = null, bool scram = false, int storedVersion = 0,
        Func<StoreOptions, StoreOptions>? store = null, ILogger? log = null)
    {
        var reader = new MimeReader { Version = storedVersion == 0 ? ImapStructure.Version : storedVersion };
        var opened = await TestStore.OpenAsync(with: o => store is null ? o with { Reader = reader } : store(o with { Reader = reader }));
        return await StartAsync(opened, with, clock, scram, log);
    }

    private static async Task<ImapHost> StartAsync(
        TestStore store, Func<ImapOptions, ImapOptions>? with, TimeProvider? clock, bool scram, ILogger? log)
    {
        var (account, _) = await store.AccountAsync();
        var options = new ImapOptions { HostName = "mail.example.test", FailedLoginDelay = TimeSpan.Zero };
        return new(store, account, with?.Invoke(options) ?? options, clock ?? TimeProvider.System, scram, log);
    }

    /// <summary>Indexes all mail now.</summary>
    public Task IndexAsync() => Store.IndexAllAsync(default);

    public async Task DeliverAsync(string text, string mailbox = "INBOX", int renderedVersion = 0)
    {
        using var body = Store.Spool.Begin();
        body.Write(Encoding.Latin1.GetBytes(text));
        var rendered = new MimeReader().Render(body) with { Version = renderedVersion == 0 ? ImapStructure.Version : renderedVersion };
        await Store.AcceptAsync(
            new(body, rendered, [new(Account, mailbox, "Return-Path: <a@b.example>\r\n"u8.ToArray(), SystemFlags.None, [])], null)
            {
                ReceivedAt = _store.Clock.Seconds,
            },
            default);
    }

    public WirePair Connect(bool cleartext = true, bool tls = false, bool isInternal = false) => new(
        ListenerKind.Imap, clock: _clock, certificates: tls ? TestCertificates.Shared : null,
        origin: o => o with { ClearLoginAllowed = cleartext, IsInternal = isInternal });

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private sealed class OnePassword(long account, bool scram) : IAuthenticator
    {
        public bool ScramOffered => scram;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new(user == "alice@example.test" ? Enter(attempt, user, password) : null);

        private Principal? Enter(LoginAttempt attempt, string user, string password)
        {
            attempt.Notes.Advice = password switch
            {
                "two-step" => new(LoginAdviceKind.AppPasswordNeeded, "Make an app password"),
                "expired" => new(LoginAdviceKind.Expired, "It has expired"),
                "away" => new(LoginAdviceKind.Unavailable, "Come again"),
                _ => null,
            };
            LoginScope? scope = password switch
            {
                "read-only" => new() { ReadOnly = true },
                "search-only" => new() { SearchOnly = true },
                "imap-only" => new() { Protocols = ["imap"] },
                "archive-only" => new() { Mailboxes = ["Archive", "Archive/*"] },
                _ => null,
            };
            return password == "secret" || scope is not null ? new Principal(account, user) { Scope = scope } : null;
        }

        public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel)
        {
            var salted = Rfc2898DeriveBytes.Pbkdf2("secret"u8, "salt"u8, 4096, HashAlgorithmName.SHA256, 32);
            var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
            return new(new ScramKeys("salt"u8.ToArray(), 4096, stored, HMACSHA256.HashData(salted, "Server Key"u8)));
        }

        public TokenOffer? Tokens => TestTokens.Offer;

        public ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
            TestTokens.CheckAsync(attempt, user, token, account);

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) =>
            new(proofHolds && user == "alice@example.test" ? new Principal(account, user) : null);
    }
}

/// <summary>Delivery's reader with a preview that transcripts can quote, and with any version.</summary>
internal sealed class MimeReader : IMessageReader
{
    private readonly MessageReader _reader = new();

    public int Version { get; init; } = ImapStructure.Version;

    public Rendered Render(SpooledBody body) => _reader.Render(body) with { Version = Version, Preview = "preview" };

    public (string Text, bool Whole) ExtractText(SpooledBody body, int limit) => _reader.ExtractText(body, limit);
}
