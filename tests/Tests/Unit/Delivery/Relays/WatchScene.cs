using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Delivery.Relays;

/// <summary>The queue over the real store, a relay that takes everything, and the watch over what it says later.</summary>
internal sealed class WatchScene : IAsyncDisposable, IRelayEventSink
{
    private readonly AccountId _account;
    private readonly MailboxId _inbox;

    private WatchScene(TestStore test, AccountId account, MailboxId inbox)
    {
        (Test, _account, _inbox) = (test, account, inbox);
        Notices = new Inbox(account);
        Ledger = new(test.Store, test.Clock, NullLogger.Instance);
        Watch = new(Ledger, () => "home.test", new(test.Store, new MessageReader(), Router, Notices, new IdSource(test.Clock), () =>
            Woken++,
            test.Clock, NullLogger.Instance))
        { Sinks = [this] };
        Hooks = new(Watch, test.Store, test.Clock, NullLogger.Instance);
    }

    public TestStore Test { get; }

    public FakeSmtpServer Relay { get; } = new();

    public RelayLedger Ledger { get; }

    public RelayWatch Watch { get; }

    public RelayHooks Hooks { get; private set; }

    public INoticeTarget Notices { get; }

    public List<RelayNews> News { get; } = [];

    public int Woken { get; private set; }

    private Router Router { get; } = new([new("*", null, "r")]);

    public static async Task<WatchScene> StartAsync()
    {
        var test = await TestStore.OpenAsync();
        var (account, inbox) = await test.AccountAsync();
        return new(test, account, inbox);
    }

    public async ValueTask DisposeAsync()
    {
        Watch.Dispose();
        await Relay.DisposeAsync();
        await Test.DisposeAsync();
    }

    public Task HeardAsync(RelayNews news, CancellationToken cancel)
    {
        News.Add(news);
        return Task.CompletedTask;
    }

    /// <summary>A message of alice's goes to the relay and leaves the queue.</summary>
    public async Task SendAsync(string messageId, string[] to, DsnNotify notify = DsnNotify.Unspecified,
        string sender = "alice@example.test")
    {
        var now = Test.Clock.GetUtcNow();
        using var body = Test.Body(
            $"From: alice@example.test\r\nSubject: to {messageId}\r\nX-Secret: s\r\nMessage-ID: <{messageId}>\r\n\r\nhello\r\n");
        var queue = new QueueSubmission(sender, sender.Length > 0 ? _account : null, "", DsnReturn.Unspecified, QueueNeeds.None,
            QueuePriority.Person, default, to.Select(t => new QueueTarget(t, "relay:r", notify, "", now.ToUnixTimeMilliseconds()))
                .ToList());
        await Test.Store.AcceptAsync(new(body, TestStore.Rendered(messageId), [], queue) { ReceivedAt = now.ToUnixTimeSeconds() }, default);
        using var runner = new QueueRunner(new(
            Test.Store, Test.Store.Spool, new FakeReader(), new FakeZone().A("relay.test", "203.0.113.9"), Router, Notices,
            new IdSource(Test.Clock), _ => true, _ => false, Test.Clock, NullLogger.Instance)
        {
            Dial = (_, _) => Relay.ConnectAsync(),
            Relayed = Ledger,
        }, new() { HostName = "home.test", Relays = [new() { Name = "r", Host = "relay.test", Tls = TlsDemand.None }] });
        await runner.DeliverDueAsync(default);
    }

    /// <summary>What stands in alice's INBOX, oldest first.</summary>
    public async Task<IReadOnlyList<string>> InboxAsync()
    {
        var view = await Test.Store.ViewAsync(_account, _inbox, default);
        var texts = new List<string>();
        for (var i = 0; i < view!.Count; i++) texts.Add(await Test.ReadAsync(_account, view[i].Email));
        return texts;
    }

    public RelayEvent Event(RelayEventKind kind, string recipient, string id, string says = "550 5.1.1 no such user") =>
        new(kind, recipient, [id], Test.Clock.GetUtcNow(), says, HookText.Code(says));

    public Task<HookResult> PostAsync(string body, string authorization = "") =>
        Hooks.TakeAsync("r", new(Encoding.UTF8.GetBytes(body), authorization), "192.0.2.1", default);

    /// <summary>As after a restart: nothing in memory.</summary>
    public void Restart(RelayHookOptions options, FetchText? fetch = null)
    {
        Hooks = new(Watch, Test.Store, Test.Clock, NullLogger.Instance);
        Hooks.Take([options], fetch ?? ((_, _) => Task.FromResult<string?>(null)));
    }

    private sealed class Inbox(AccountId account) : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => ValueTask.FromResult(
            sender.EndsWith("@example.test", StringComparison.Ordinal)
                ? new NoticeAddress(new(account, "INBOX", "Return-Path: <>\r\n"u8.ToArray(), SystemFlags.None, []), sender)
                : new NoticeAddress(null, sender));
    }
}
