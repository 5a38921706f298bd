using System.Text;
using Aviso.Base;
using Aviso.Imap;
using Aviso.Mime;
using Aviso.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Imap;

/// <summary>A whole IMAP server on a real store in a folder of its own; connections are in memory.</summary>
internal sealed class ImapHost : IAsyncDisposable
{
    private readonly TestStore _store;

    private ImapHost(TestStore store, AccountId account, ImapOptions options)
    {
        _store = store;
        Account = account;
        Server = new(options, store.Store, new MimeReader(), new OnePassword(account.Value), TimeProvider.System, NullLogger.Instance);
    }

    public AccountId Account { get; }

    public ImapServer Server { get; }

    public SqliteMailStore Store => _store.Store;

    public static async Task<ImapHost> StartAsync(Func<ImapOptions, ImapOptions>? with = null)
    {
        var store = await TestStore.OpenAsync(with: o => o with { Reader = new MimeReader() });
        var (account, _) = await store.AccountAsync();
        var options = new ImapOptions { HostName = "mail.example.test", FailedLoginDelay = TimeSpan.Zero };
        return new(store, account, with?.Invoke(options) ?? options);
    }

    public async Task DeliverAsync(string text, string mailbox = "INBOX")
    {
        using var body = Store.Spool.Begin();
        body.Write(Encoding.Latin1.GetBytes(text));
        var rendered = new MimeReader().Render(body);
        await Store.AcceptAsync(
            new(body, rendered, [new(Account, mailbox, "Return-Path: <a@b.example>\r\n"u8.ToArray(), SystemFlags.None, [])], null)
            {
                ReceivedAt = _store.Clock.Seconds,
            },
            default);
    }

    public WirePair Connect(bool cleartext = true) =>
        new(ListenerKind.Imap, origin: o => o with { ClearLoginAllowed = cleartext });

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private sealed class OnePassword(long account) : IAuthenticator
    {
        public bool ScramOffered => false;

        public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) =>
            new(user == "alice@example.test" && password == "secret" ? new Principal(account, user) : null);

        public ValueTask<ScramKeys> GetScramKeysAsync(string user, CancellationToken cancel) => throw new NotSupportedException();

        public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) => new((Principal?)null);
    }
}

/// <summary>What Delivery gives the store, made of Mime alone.</summary>
internal sealed class MimeReader : IMessageReader
{
    public int Version => ImapStructure.Version;

    public Rendered Render(SpooledBody body)
    {
        var octets = new byte[body.Length];
        body.Read(0, octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        var root = scanner.Finish();
        var header = octets.AsSpan(0, (int)root.HeaderLength);
        HeaderFields.TryFind(header, "Subject"u8, out var subject);
        HeaderFields.TryFind(header, "Message-ID"u8, out var id);
        HeaderFields.TryFind(header, "References"u8, out var references);
        HeaderFields.TryFind(header, "Date"u8, out var date);
        return new(
            Version, ImapStructure.Envelope(header, true), ImapStructure.BodyStructure(root, true), ImapStructure.Body(root, true),
            PartIndex.Write(root), "preview")
        {
            HeaderSize = root.HeaderLength,
            BaseSubject = BaseSubject.Of(HeaderText.Decode(subject)).Base,
            MessageId = MessageIds.Parse(id) is [var first, ..] ? first : "",
            References = MessageIds.Parse(references),
            SentDate = MailDate.TryParse(date, out var sent) ? sent.ToUnixTimeSeconds() : null,
        };
    }

    public string ExtractText(SpooledBody body, int limit)
    {
        var octets = new byte[body.Length];
        body.Read(0, octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        return SearchableText.All(scanner.Finish(), (offset, length) => octets.AsMemory((int)offset, Math.Min(length, octets.Length - (int)offset)), limit);
    }
}
