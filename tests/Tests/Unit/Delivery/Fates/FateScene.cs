using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Fates;

/// <summary>Who sends a message in a <see cref="FateScene"/>.</summary>
internal enum From
{
    /// <summary>A stranger whom SPF proves.</summary>
    Proven,

    /// <summary>A stranger who uses another's name.</summary>
    Unproven,

    /// <summary>The null reverse-path.</summary>
    Null,

    /// <summary>A stranger who uses the name of one of ours.</summary>
    AsOurs,
}

/// <summary>
/// A server with accounts, aliases and scripts, into which messages are sent and in which they are looked for: mailboxes as
/// "bob/INBOX", the queue as "to dan@elsewhere.example", bounces as "bounce of alice@example.org".
/// </summary>
internal sealed class FateScene : IAsyncDisposable
{
    public const string Domain = "example.org";

    private const string Client = "192.0.2.7";
    private readonly TestStore _store;
    public FakeZone Zone { get; } = new FakeZone().Txt("sender.example", $"v=spf1 ip4:{Client} -all").Txt(Domain, "v=spf1 ip4:192.0.2.1 -all");
    private readonly SieveScripts _scripts;
    private readonly Dictionary<AccountId, string> _texts = [];
    private readonly List<string> _locals = [];
    private string? _folder;
    private int _messages;

    private FateScene(TestStore store)
    {
        _store = store;
        Accounts = new(store.Store, store.Clock, NullLogger.Instance);
        _scripts = new(store.Store, store.Clock);
        var (reader, router) = (new MessageReader(), new Router([]));
        Filters = new()
        {
            Verifier = new(Zone, new() { HostName = "mail.example.org" }, store.Clock),
            Srs = Srs = new(new(["a secret of ours"u8.ToArray()], store.Clock), store.Store, store.Clock, NullLogger.Instance),
            Sieve = new(new() { HostName = "mail.example.org" }, _scripts, store.Store, store.Clock, NullLogger.Instance),
            Post = new(new NoticeTarget(Accounts, Srs), Accounts, store.Store, reader, router, store.Clock, NullLogger.Instance),
        };
    }

    public AccountBook Accounts { get; }

    public TestStore Store => _store;

    public SenderRewriter Srs { get; }

    public ReceiveFilters Filters { get; set; }

    public ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>In memory where the machine has such a folder: thousands of cases want no disk.</summary>
    public static async Task<FateScene> OpenAsync(params object[] facts)
    {
        var folder = Directory.Exists("/dev/shm") ? Path.Combine("/dev/shm", "aviso-fates-" + Path.GetRandomFileName()) : null;
        var scene = new FateScene(await TestStore.OpenAsync(folder)) { _folder = folder };
        await scene.DeclareAsync(facts);
        return scene;
    }

    /// <summary>alice@ and bob@, and these accounts, aliases and domains.</summary>
    public async Task DeclareAsync(params object[] facts)
    {
        Assert.Empty((await Accounts.ApplyAsync(Declare.All(facts), default)).Contradictions);
        _locals.Clear();
        _locals.AddRange(["alice", "bob", .. facts.OfType<DeclaredAccount>().Select(a => a.Address.Split('@')[0])]);
    }

    /// <summary>Null takes the account's script away.</summary>
    public async Task ScriptAsync(string local, string? script)
    {
        var account = AccountOf(local);
        if (_texts.GetValueOrDefault(account) == script) return;
        if (script is not null) await _scripts.PutAsync(account, "rules", Encoding.UTF8.GetBytes(script), default);
        await _scripts.SetActiveAsync(account, script is null ? null : "rules", default);
        if (script is null) _texts.Remove(account);
        else _texts[account] = script;
    }

    public AccountId AccountOf(string local) => Accounts.Table.FindAccount($"{local}@{Domain}") ?? throw new ArgumentException(local);

    public Task<Sent> SendAsync(params string[] to) => SendAsync(From.Proven, to);

    /// <param name="to">Local parts, or whole addresses.</param>
    /// <param name="before">Header fields with CRLF.</param>
    public async Task<Sent> SendAsync(From from, string[] to, bool lmtp = false, string before = "", string? notify = null, int octets = 0)
    {
        var token = $"token-{++_messages}-";
        var receiver = new MailReceiver(new() { HostName = "mail.example.org" }, Accounts, _store.Store, new MessageReader(), new Router([]),
            new IdSource(_store.Clock), _store.Clock, Log)
        { Filters = Filters };
        var receiving = (await receiver.BeginAsync(Begin(from, lmtp), default)).Receiving;
        var taken = new List<string>();
        foreach (var address in to.Select(t => t.Contains('@', StringComparison.Ordinal) ? t : $"{t}@{Domain}"))
        {
            if (await receiving.AddAsync(new(Addresses.Of(address), notify, null), default) is null) taken.Add(address);
        }
        if (taken.Count == 0) return new(token, [], []);
        var body = receiving.BeginBody();
        body.Write(Encoding.UTF8.GetBytes($"{before}From: x@sender.example\r\nTo: you@example.org\r\nSubject: {token}\r\nMessage-ID: <{token}@sender.example>\r\n"
            + $"Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n\r\nhello{new string('x', octets)}\r\n"));
        var result = await receiving.FinishAsync(body, default);
        Assert.Equal(0, _store.Store.Spool.InFlight);
        return new(token, taken, [.. result.Recipients.Select(r => r?.ToString())]);
    }

    /// <summary>Any text, as it is.</summary>
    /// <param name="login">Local part of whoever hands it in.</param>
    /// <returns>The reply; null is accepted.</returns>
    public async Task<string?> RawAsync(string text, string to, From from = From.Proven, string? login = null, bool lmtp = false, bool isInternal = false)
    {
        var receiver = new MailReceiver(new() { HostName = "mail.example.org" }, Accounts, _store.Store, new MessageReader(), new Router([]),
            new IdSource(_store.Clock), _store.Clock, Log)
        { Filters = Filters };
        var transaction = Begin(from, lmtp);
        var client = transaction.Client;
        if (isInternal) client = client with { Origin = client.Origin with { IsInternal = true } };
        if (login is not null)
        {
            client = client with { Login = new(AccountOf(login).Value, $"{login}@{Domain}") };
            transaction = transaction with { Sender = new(Addresses.Of($"{login}@{Domain}")) };
        }
        var receiving = (await receiver.BeginAsync(transaction with { Client = client }, default)).Receiving;
        foreach (var address in to.Split(' '))
            Assert.Null(await receiving.AddAsync(new(Addresses.Of(address.Contains('@', StringComparison.Ordinal) ? address : $"{address}@{Domain}"), null, null), default));
        var body = receiving.BeginBody();
        body.Write(Encoding.UTF8.GetBytes(text));
        var result = await receiving.FinishAsync(body, default);
        Assert.Equal(0, _store.Store.Spool.InFlight);
        return result.Recipients[0]?.ToString();
    }

    private MailTransaction Begin(From from, bool lmtp)
    {
        var remote = from is From.Proven or From.Null ? Client : "203.0.113.9";
        var origin = new WireOrigin(lmtp ? ListenerKind.Lmtp : ListenerKind.Smtp, new(IPAddress.Parse(remote), 1234), new(IPAddress.Loopback, 25));
        var sender = from switch
        {
            From.Null => ReversePath.Null,
            From.AsOurs => new(Addresses.Of($"bob@{Domain}")),
            _ => new ReversePath(Addresses.Of("x@sender.example")),
        };
        return new(new("s1", origin, "client.sender.example", lmtp ? "LMTP" : "ESMTP", null, null), sender,
            new(null, BodyType.SevenBit, false, null, null, null));
    }

    /// <summary>Every place that holds the message, or tells its sender of it, each once; notes to owners of scripts are left out.</summary>
    public async Task<List<string>> FindAsync(Sent sent)
    {
        var found = new List<string>();
        foreach (var local in _locals)
        {
            var account = AccountOf(local);
            foreach (var mailbox in await _store.Store.ListMailboxesAsync(account, default))
            {
                foreach (var text in await ReadAsync(account, mailbox.Id)) Add(found, sent, text, $"{local}/{mailbox.Name}");
            }
        }
        foreach (var item in await _store.Store.ListQueueAsync(new(), 1000, default))
        {
            using var body = (await _store.Store.OpenQueueBodyAsync(item.Message.Id, default))!;
            var text = TestStore.Read(body);
            foreach (var recipient in item.Recipients) Add(found, sent, text, $"to {recipient.Address}");
        }
        return [.. found.Distinct().Order(StringComparer.Ordinal)];
    }

    private static void Add(List<string> found, Sent sent, string text, string place)
    {
        if (!text.Contains(sent.Token, StringComparison.Ordinal)) return;
        var header = text[..text.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        if (header.Contains("Auto-Submitted: auto-generated", StringComparison.Ordinal)) return;
        if (!header.Contains("report-type=delivery-status", StringComparison.OrdinalIgnoreCase)) found.Add(place);
        else if (text.Contains("Action: failed", StringComparison.Ordinal))
            found.AddRange(text.Split("\r\n").Where(l => l.StartsWith("Final-Recipient: ", StringComparison.Ordinal)).Select(l => "bounce of " + l[(l.IndexOf(';', StringComparison.Ordinal) + 2)..]));
    }

    public async Task<List<(string Text, AccountId? Account)>> QueuedAsync()
    {
        var found = new List<(string, AccountId?)>();
        foreach (var item in await _store.Store.ListQueueAsync(new(), 1000, default))
        {
            using var body = (await _store.Store.OpenQueueBodyAsync(item.Message.Id, default))!;
            found.Add((TestStore.Read(body), item.Message.Account));
        }
        return found;
    }

    /// <summary>Scripts may write as whom the settings say.</summary>
    public void AllowsSending() => Filters = Filters with
    {
        Sieve = new(new() { HostName = "mail.example.org" }, _scripts, _store.Store, _store.Clock, NullLogger.Instance) { MaySendAs = (a, b) => Accounts.Grants.MaySendAs(a, b) },
    };

    public async Task<List<string>> ReadAsync(string local, string mailbox) =>
        await ReadAsync(AccountOf(local), (await _store.Store.FindMailboxAsync(AccountOf(local), mailbox, default))!.Id);

    private async Task<List<string>> ReadAsync(AccountId account, MailboxId mailbox)
    {
        var view = (await _store.Store.ViewAsync(account, mailbox, default))!;
        var texts = new List<string>();
        for (var i = 0; i < view.Count; i++) texts.Add(await _store.ReadAsync(account, view[i].Email));
        return texts;
    }

    /// <summary>Empties mailboxes and the queue.</summary>
    public async Task EmptyAsync()
    {
        foreach (var account in _locals.Select(AccountOf))
        {
            foreach (var mailbox in await _store.Store.ListMailboxesAsync(account, default))
                await _store.Store.ExpungeAsync(account, mailbox.Id, null, onlyDeleted: false, default);
        }
        var waiting = await _store.Store.ListQueueAsync(new(), 1000, default);
        if (waiting.Count > 0) await _store.Store.ChangeQueueAsync(new(), QueueChange.Drop, _store.Clock.GetUtcNow().ToUnixTimeMilliseconds(), default);
    }

    public async ValueTask DisposeAsync()
    {
        _scripts.Dispose();
        Accounts.Dispose();
        await _store.DisposeAsync();
        if (_folder is not null && Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    /// <param name="Taken">Recipients that RCPT took.</param>
    /// <param name="Replies">One for each: null is accepted.</param>
    internal sealed record Sent(string Token, IReadOnlyList<string> Taken, IReadOnlyList<string?> Replies);
}
