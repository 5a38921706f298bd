using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>The receive steps on a real store with everything they ask of others: the DNS, a filter that says what a test wants, keys, scripts, reports.</summary>
public abstract class FilteredScene : IAsyncLifetime
{
    internal const string Plain = "From: x@sender.example\r\nTo: alice@example.org\r\nSubject: hi\r\nMessage-ID: <1@sender.example>\r\nDate: Mon, 21 Sep 2026 14:13:20 +0000\r\n\r\nhello\r\n";

    private protected readonly FakeZone Zone = new FakeZone().Txt("sender.example", "v=spf1 ip4:192.0.2.7 -all").Txt("_dmarc.sender.example", "v=DMARC1; p=reject; rua=mailto:agg@sender.example");
    private protected readonly Points Filter = new();
    private protected TestStore Store { get; private set; } = null!;
    private protected AccountBook Accounts { get; private set; } = null!;
    private protected SigningKeys Keys { get; private set; } = null!;
    private protected SieveScripts Scripts { get; private set; } = null!;
    private protected VacationReplies Replies { get; private set; } = null!;
    private protected SenderRewriter Srs { get; private set; } = null!;
    private protected DmarcTally Tally { get; private set; } = null!;
    private readonly CancellationTokenSource _stop = new();
    private protected ReportBook Reports { get; private set; } = null!;
    private protected ReportIntake Intake { get; private set; } = null!;
    private Task _reading = Task.CompletedTask;
    private MailReceiver _receiver = null!;

    private protected MailReceiver Receiver => _receiver;

    private protected IdSource Ids => field ??= new(Store.Clock);

    /// <summary>Null unless a test records.</summary>
    private protected Aviso.Trace.TraceRecorder? Recorder { get; set; }

    public async ValueTask InitializeAsync()
    {
        Store = await TestStore.OpenAsync();
        Accounts = new(Store.Store, Store.Clock, NullLogger.Instance);
        Assert.Empty((await Accounts.ApplyAsync(Declare.All(
            Declare.Account("keeper@example.org"), Declare.Account("tight@example.org", quota: 2000), Declare.Account("carol@example.org", forwardTo: ["carol@elsewhere.example"]), Declare.Domain("caught.example", catchAll: "keeper@example.org"),
            Declare.Alias("out@caught.example", "dan@elsewhere.example")), default)).Contradictions);
        Keys = new(Store.Store, Zone, Store.Store.Spool, Store.Clock, NullLogger.Instance);
        await Keys.ApplyAsync([("example.org", []), ("caught.example", [])], default);
        Scripts = new(Store.Store, Store.Clock);
        Replies = new(Store.Store, Store.Clock);
        Srs = new(new(["a secret of ours"u8.ToArray()], Store.Clock), Store.Store, Store.Clock, NullLogger.Instance);
        Tally = new(Store.Store, Store.Clock);
        Reports = new(Store.Store, Store.Clock, NullLogger.Instance);
        Intake = new(Reports, Store.Store.Spool, NullLogger.Instance);
        _reading = Intake.RunAsync(_stop.Token);
        Make();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        Scripts.Dispose();
        Replies.Dispose();
        Keys.Dispose();
        Accounts.Dispose();
        if (Recorder is { } recorder) await recorder.DisposeAsync();
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected void Make(Func<ReceiveFilters, ReceiveFilters>? with = null)
    {
        var reader = new MessageReader();
        var router = new Router([]);
        var filter = new SpamFilter(new(), [Filter], Store.Clock, NullLogger.Instance);
        var filters = new ReceiveFilters
        {
            Verifier = new(Zone, new() { HostName = "mail.example.org" }, Store.Clock),
            Spam = () => filter,
            Keys = Keys,
            Srs = Srs,
            Sieve = new(new() { HostName = "mail.example.org" }, Scripts, Store.Store, Store.Clock, NullLogger.Instance)
            {
                Replies = Replies,
            },
            Post = new(new NoticeTarget(Accounts, Srs), Accounts, Store.Store, reader, router, Store.Clock, NullLogger.Instance),
            Tally = Tally,
            // What DMARC does has tests of its own.
            Dmarc = () => DmarcAction.Score,
            Reports = Intake,
        };
        _receiver = new(
            new() { HostName = "mail.example.org" }, Accounts, Store.Store, reader, router, Ids, Store.Clock, NullLogger.Instance)
        {
            Filters = with?.Invoke(filters) ?? filters,
        };
    }

    private protected async Task PublishAsync(string domain)
    {
        foreach (var key in Keys.List().Where(k => k.Domain == domain))
        {
            // The zone line: name, IN, TXT, strings in parentheses.
            var record = string.Concat(key.Record.Split('"').Where((_, i) => i % 2 == 1));
            Zone.Remove($"{key.Selector}._domainkey.{domain}").Txt($"{key.Selector}._domainkey.{domain}", record);
        }
        await Keys.CheckAsync(domain, default);
    }

    private protected async Task ActivateAsync(string address, string script)
    {
        var account = Accounts.Table.FindAccount(address)!.Value;
        await Scripts.PutAsync(account, "rules", Encoding.UTF8.GetBytes(script), default);
        await Scripts.SetActiveAsync(account, "rules", default);
    }

    private protected MailTransaction Begin(string sender, string remote, string? login = null, bool utf8 = false)
    {
        var origin = new WireOrigin(ListenerKind.Smtp, new(IPAddress.Parse(remote), 1234), new(IPAddress.Loopback, 25));
        var principal = login is null ? null : new Principal(Accounts.Table.FindAccount(login)!.Value.Value, login);
        return new(new("s1", origin, "client.sender.example", "ESMTP", null, principal), new(Addresses.Of(sender)),
            new(null, BodyType.SevenBit, utf8, null, null, null));
    }

    private protected async Task<Refusal?> RcptAsync(MailTransaction transaction, MailRecipient recipient) =>
        await (await _receiver.BeginAsync(transaction, default)).Receiving.AddAsync(recipient, default);

    private protected Task<ReceiveResult> SendAsync(string text, params string[] to) => SendAsync(text, to, "x@sender.example");

    private protected async Task<ReceiveResult> SendAsync(string text, string[] to, string from = "x@sender.example", string remote = "192.0.2.7", string? login = null, bool utf8 = false)
    {
        var transaction = Begin(from, remote, login, utf8);
        var receiving = (await _receiver.BeginAsync(transaction, default)).Receiving;
        foreach (var address in to)
        {
            Assert.Null(await receiving.AddAsync(new(Addresses.Of(address), null, null), default));
        }
        var body = receiving.BeginBody();
        body.Write(Encoding.UTF8.GetBytes(text));
        var result = await receiving.FinishAsync(body, default);
        await Intake.IdleAsync(default);
        Assert.Equal(0, Store.Store.Spool.InFlight);
        return result;
    }

    private protected async Task<string> OneAsync(string address, string mailbox) => Assert.Single(await ReadAsync(address, mailbox));

    private protected async Task<List<string>> ReadAsync(string address, string mailbox)
    {
        var account = Accounts.Table.FindAccount(address)!.Value;
        var found = (await Store.Store.FindMailboxAsync(account, mailbox, default))!;
        var view = (await Store.Store.ViewAsync(account, found.Id, default))!;
        var texts = new List<string>();
        for (var i = 0; i < view.Count; i++) texts.Add(await Store.ReadAsync(account, view[i].Email));
        return texts;
    }

    private protected async Task<(string Sender, string Text)> QueuedAsync(string recipient)
    {
        var item = Assert.Single(await Store.Store.ListQueueAsync(new(Recipient: recipient), 10, default));
        using var body = (await Store.Store.OpenQueueBodyAsync(item.Message.Id, default))!;
        return (item.Message.Sender, TestStore.Read(body));
    }

    /// <summary>A check that says what a test wants.</summary>
    private protected sealed class Points : ISpamCheck
    {
        public double Score { get; set; }

        public bool Throws { get; set; }

        public SpamAction Action { get; set; }

        public string? Virus { get; set; }

        /// <summary>No mail without its answer, which it does not give; to be set before <see cref="Make"/>.</summary>
        public bool Owes { get; set; }

        public string Name => "points";

        public bool IsAlone => Owes;

        public bool IsOwed => Owes;

        public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
        {
            if (Throws) throw new InvalidOperationException("a fault");
            if (Score != 0) context.Add("TEST", Score, "because");
            if (Virus is not null) context.VirusScanned(Virus);
            context.Ask(Action, "because");
            return default;
        }
    }
}
