using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Smtp;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class SendingBrakeTests : IAsyncLifetime
{
    private const string Alice = "alice@example.test";

    private readonly HashSet<string> _known = [];
    private TestStore _store = null!;
    private AccountId _account;
    private MailboxId _inbox;
    private SendingBrake _brake = null!;
    private int _next;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _inbox) = await _store.AccountAsync();
        await OpenAsync();
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Messages_of_an_hour_and_of_a_day_are_counted()
    {
        _brake.Limits = new() { MessagesPerHour = 3, MessagesPerDay = 5 };
        var taken = new List<int>();
        for (var hour = 0; hour < 3; hour++)
        {
            taken.Add(await TakenAsync(10, "bob@far.example"));
            _store.Clock.Advance(TimeSpan.FromHours(1));
        }
        Assert.Equal([3, 2, 0], taken);
        Assert.Equal("450 4.7.1 Your account has sent too many messages today, try again later",
            (await CountAsync("bob@far.example")).No!.ToString());
        _store.Clock.Advance(TimeSpan.FromHours(21));
        Assert.Null((await CountAsync("bob@far.example")).No);
    }

    [Fact]
    public async Task Recipients_of_an_hour_and_of_a_day_are_counted_and_a_first_message_may_be_large()
    {
        _brake.Limits = new() { RecipientsPerHour = 10, RecipientsPerDay = 25, NewRecipients = 1000 };
        Assert.Null((await CountAsync(Many(20))).No);
        Assert.Equal(
            "450 4.7.1 Your account has sent too many recipients this hour, try again later", (await CountAsync(Many(1))).No!.ToString());
        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Null((await CountAsync(Many(5))).No);
        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Contains("recipients today", (await CountAsync(Many(1))).No!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sudden_fan_out_to_new_recipients_holds_the_account_and_refuses_nothing()
    {
        for (var i = 0; i < 50; i++) Assert.Equal(default, await CountAsync(Many(1)));
        Assert.Null(_brake.HoldReason(_account));
        var (no, began) = await CountAsync(Many(1));
        Assert.Null(no);
        Assert.Equal((Alice, 51, 0.0), (began!.Address, began.NewRecipients, began.Usual));
        Assert.StartsWith("sending brake: alice@example.test wrote to 51 new recipients within an hour", _brake.HoldReason(_account),
            StringComparison.Ordinal);
        Assert.Equal(default, await CountAsync(Many(3)));
        Assert.Null(_brake.HoldReason(new(_account.Value + 1)));
        _store.Clock.Advance(TimeSpan.FromDays(30));
        Assert.NotNull(_brake.HoldReason(_account));
    }

    [Fact]
    public async Task Whom_the_account_wrote_to_before_is_not_new_and_the_same_address_counts_once()
    {
        var list = Many(200);
        _known.UnionWith(list);
        Assert.Equal(default, await CountAsync(list));
        for (var i = 0; i < 100; i++) Assert.Equal(default, await CountAsync("Bob@far.example"));
        for (var i = 0; i < 45; i++) Assert.Null((await CountAsync(Many(1))).Began);
    }

    [Fact]
    public async Task New_recipients_spread_over_hours_hold_nothing_and_what_is_usual_grows()
    {
        for (var hour = 0; hour < 5; hour++)
        {
            for (var i = 0; i < 40; i++) Assert.Null((await CountAsync(Many(1))).Began);
            _store.Clock.Advance(TimeSpan.FromHours(1));
        }
        // Usual are 40 by now: five times as many may be.
        for (var i = 0; i < 200; i++) Assert.Null((await CountAsync(Many(1))).Began);
        Assert.NotNull((await CountAsync(Many(1))).Began);
    }

    [Fact]
    public async Task A_hold_and_what_is_usual_survive_a_restart_and_a_release_teaches()
    {
        await CountAsync(Many(80));
        await OpenAsync();
        Assert.Contains("80 new recipients", _brake.HoldReason(_account), StringComparison.Ordinal);
        Assert.Equal(Alice, Assert.Single(_brake.Holds).Address);
        Assert.True(await _brake.ReleaseAsync(_account, default));
        Assert.False(await _brake.ReleaseAsync(_account, default));
        Assert.Null(_brake.HoldReason(_account));
        await OpenAsync();
        Assert.Null(_brake.HoldReason(_account));
        Assert.Null((await CountAsync(Many(300))).Began);
        Assert.NotNull((await CountAsync(Many(101))).Began);
    }

    [Fact]
    public async Task An_account_without_limits_has_none()
    {
        _brake.Limits = new() { MessagesPerHour = 1, Unlimited = new HashSet<string> { Alice } };
        for (var i = 0; i < 20; i++) Assert.Equal(default, await CountAsync(Many(100)));
    }

    [Fact]
    public async Task A_store_that_cannot_write_holds_all_the_same()
    {
        _brake = await SendingBrake.OpenAsync(new(), new Broken(), _store.Clock, NullLogger.Instance, default);
        Assert.NotNull((await CountAsync(Many(60))).Began);
        Assert.NotNull(_brake.HoldReason(_account));
    }

    [Fact]
    public async Task The_queue_holds_what_the_account_has_in_it_tells_nobody_twice_and_a_release_sends_it()
    {
        await using var server = new FakeSmtpServer();
        await SubmitAsync(_account, "a@far.test", "b@far.test");
        await SubmitAsync(null, "c@far.test");
        await CountAsync(Many(60));
        using var runner = new QueueRunner(new(
            _store.Store, _store.Store.Spool, new FakeReader(), new FakeZone()
                .A("relay.test", "203.0.113.9"), new Router([new("*", null, "r")]),
            new Inbox(_account), new IdSource(_store.Clock), _ => true, _ => false, _store.Clock, NullLogger.Instance)
        {
            Dial = (_, _) => server.ConnectAsync(),
            HoldReason = _brake.HoldReason,
        }, new() { HostName = "home.test", Relays = [new() { Name = "r", Host = "relay.test", Tls = TlsDemand.None }] });
        await runner.DeliverDueAsync(default);
        Assert.Equal(["c@far.test"], Assert.Single(server.Mails).To);

        var queue = new QueueService(_store.Store, _store.Clock, () => { }, NullLogger.Instance);
        // Days later it is still there, and no notice of a delay has been added to the owner's trouble.
        _store.Clock.Advance(TimeSpan.FromDays(9));
        await runner.DeliverDueAsync(default);
        var held = Assert.Single(await queue.ListAsync(new(), 10, default));
        Assert.All(held.Recipients, r => Assert.Equal("held", r.State));
        Assert.StartsWith(SendingHold.Word, held.Recipients[0].Reason, StringComparison.Ordinal);
        Assert.Equal(0, (await _store.Store.ViewAsync(_account, _inbox, default))!.Count);

        Assert.True(await _brake.ReleaseAsync(_account, default));
        Assert.Equal(2, await queue.ReleaseAccountAsync(_account, default));
        await runner.DeliverDueAsync(default);
        Assert.Equal(["a@far.test", "b@far.test"], server.Mails.SelectMany(m => m.To).Order().Take(2));
        Assert.Empty(await queue.ListAsync(new(), 10, default));
    }

    private async Task OpenAsync() =>
        _brake = await SendingBrake.OpenAsync(new(), _store.Store, _store.Clock, NullLogger.Instance, default);

    private ValueTask<(Refusal? No, SendingHold? Began)> CountAsync(params string[] to) =>
        _brake.CountAsync(_account, Alice, to, _known.Contains, default);

    private async Task<int> TakenAsync(int messages, string to)
    {
        var taken = 0;
        for (var i = 0; i < messages; i++)
        {
            if ((await CountAsync(to)).No is null) taken++;
        }
        return taken;
    }

    private string[] Many(int count) => [.. Enumerable.Range(0, count).Select(_ => $"new{_next++}@far.example")];

    private async Task SubmitAsync(AccountId? account, params string[] to)
    {
        var now = _store.Clock.GetUtcNow();
        using var body = _store.Body("Subject: x\r\n\r\nhello\r\n");
        var queue = new QueueSubmission(Alice, account, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Person, default,
            to.Select(t => new QueueTarget(t, "relay:r", DsnNotify.Unspecified, "", now.ToUnixTimeMilliseconds())).ToList());
        Assert.True((await _store.Store.AcceptAsync(new(body, TestStore.Rendered(), [], queue) { ReceivedAt = now.ToUnixTimeSeconds() }, default)).Ok);
    }

    private sealed class Broken : IDocumentRows
    {
        public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel) =>
            throw new IOException("disk full");

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) =>
            throw new IOException("disk full");

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<Document>>([]);

        public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel) =>
            throw new IOException("disk full");

        public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel) => throw new IOException("disk full");
    }

    private sealed class Inbox(AccountId account) : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) =>
            new(new NoticeAddress(new(account, "INBOX", "Return-Path: <>\r\n"u8.ToArray(), SystemFlags.None, []), sender));
    }
}
