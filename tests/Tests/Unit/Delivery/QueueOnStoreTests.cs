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

/// <summary>The queue over the real store; the store checks itself at the end.</summary>
public sealed class QueueOnStoreTests
{
    private sealed class Inbox(AccountId account) : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => ValueTask.FromResult<NoticeAddress>(
            new(new(account, "INBOX", "Return-Path: <>\r\n"u8.ToArray(), SystemFlags.None, []), sender));
    }

    [Fact]
    public async Task Mail_goes_out_after_a_crash_in_the_middle_counts_for_the_quota_and_bounces_into_the_mailbox()
    {
        await using var server = new FakeSmtpServer();
        server.Answer = line => line.Contains("<no@", StringComparison.Ordinal) ? "550 5.1.1 no" : null;
        await using var test = await TestStore.OpenAsync();
        var (account, inbox) = await test.AccountAsync();
        await SubmitAsync(test, account, "yes@far.test", "no@far.test");
        var now = test.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal(2, (await test.Store.LeaseAsync(now, now + 3_600_000, 10, new HashSet<string>(), default)).Count);
        Assert.Empty(await test.Store.LeaseAsync(now, now + 3_600_000, 10, new HashSet<string>(), default));
        await test.ReopenAsync();

        using var runner = new QueueRunner(new(
            test.Store, test.Store.Spool, new FakeReader(), new FakeZone()
                .A("relay.test", "203.0.113.9"), new Router([new("*", null, "r")]),
            new Inbox(account), new IdSource(test.Clock), _ => true, _ => false, test.Clock, NullLogger.Instance)
        {
            Dial = (_, _) => server.ConnectAsync(),
        }, new()
        {
            HostName = "home.test",
            Relays = [new() { Name = "r", Host = "relay.test", Tls = TlsDemand.None, Quota = 100 }],
        });
        await runner.DeliverDueAsync(default);

        var mail = Assert.Single(server.Mails);
        Assert.Equal(["yes@far.test"], mail.To);
        Assert.Equal("Received: by home.test\r\nSubject: x\r\n\r\nhello\r\n", mail.Data);
        Assert.Equal(0, (await test.Store.QueueTotalsAsync(default)).Messages);
        Assert.Equal(1, await test.Store.RelayUseAsync("r", 0, default));
        var view = await test.Store.ViewAsync(account, inbox, default);
        Assert.Contains("Final-Recipient: rfc822; no@far.test", await test.ReadAsync(account, view![0].Email));
    }

    private static async Task SubmitAsync(TestStore test, AccountId account, params string[] to)
    {
        var now = test.Clock.GetUtcNow();
        using var body = test.Body("Subject: x\r\n\r\nhello\r\n");
        var queue = new QueueSubmission("alice@example.test", account, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Person,
            "Received: by home.test\r\n"u8.ToArray(),
            to.Select(t => new QueueTarget(t, "relay:r", DsnNotify.Unspecified, "", now.ToUnixTimeMilliseconds())).ToList());
        var accepted = await test.Store.AcceptAsync(
            new(body, TestStore.Rendered(), [], queue) { ReceivedAt = now.ToUnixTimeSeconds() }, default);
        Assert.True(accepted.Ok);
    }
}
