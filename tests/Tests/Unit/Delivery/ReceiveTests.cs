using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

public sealed class ReceiveTests
{
    private const string Plain = "From: x@y.example\r\nSubject: hi\r\n\r\nhello\r\n";

    [Theory]
    [InlineData("nobody@example.org", "550 5.1.1 No such mailbox here")]
    [InlineData("alice@elsewhere.example", "554 5.7.1 Relay access denied")]
    [InlineData("alice%elsewhere.example@relay.example", "554 5.7.1 Relay access denied")]
    [InlineData("alice@[127.0.0.1]", "554 5.7.1 Relay access denied")]
    [InlineData("gone@example.org", "450 4.2.1 Mailbox is not available now")]
    [InlineData("full@example.org", "452 4.2.2 Mailbox is full")]
    [InlineData("alice@example.org", null)]
    [InlineData("postmaster", null)]
    [InlineData("out@example.org", null)]
    public async Task A_recipient_is_taken_or_refused_with_its_code(string address, string? reply)
    {
        await using var house = await House.OpenAsync();
        foreach (var isInternal in (bool[])[false, true])
            Assert.Equal(reply, (await house.RcptAsync(house.Begin(isInternal: isInternal, parameters: new(1000, BodyType.SevenBit, false, null, null, null)), address))?.ToString());
    }

    [Fact]
    public async Task One_of_ours_refused_is_counted_apart()
    {
        await using var house = await House.OpenAsync();
        using var meter = new System.Diagnostics.Metrics.MeterListener();
        var count = 0L;
        meter.InstrumentPublished = (i, l) => { if (i.Name == "aviso_internal_refused_total") l.EnableMeasurementEvents(i); };
        meter.SetMeasurementEventCallback<long>((_, n, _, _) => Interlocked.Add(ref count, n));
        meter.Start();
        await house.RcptAsync(house.Begin(isInternal: true), "alice@elsewhere.example");
        Assert.True(Volatile.Read(ref count) >= 1);
    }

    [Theory]
    [InlineData("alice@example.org", null)]
    [InlineData("alice+tag@example.org", null)]
    [InlineData("", null)]
    [InlineData("bob@example.org", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    public async Task A_submission_may_send_only_as_granted(string sender, string? reply)
    {
        await using var house = await House.OpenAsync();
        var transaction = house.Begin(sender, login: "alice@example.org");
        Assert.Equal(reply, (await house.Receiver.BeginAsync(transaction, default)).No?.ToString());
        if (reply is null) Assert.Null(await house.RcptAsync(transaction, "carol@elsewhere.example"));
    }

    [Theory]
    [InlineData("From: Alice <alice@example.org>\r\n", null)]
    [InlineData("", "554 5.6.0 The header is not acceptable: there is no From")]
    [InlineData("From: =?utf-8?q?x?=\r\n", "554 5.6.0 The header is not acceptable: From cannot be read, or has more than 100 addresses")]
    [InlineData("From: Bob <bob@example.org>\r\n", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    [InlineData("From: alice@example.org, Bob <bob@example.org>\r\n", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    [InlineData("From: alice@example.org\r\nFrom: bob@example.org\r\n", "554 5.6.0 The header is not acceptable: there are 2 From fields")]
    [InlineData("From: alice@example.org\r\nSender: bob@example.org\r\n", "553 5.7.1 alice@example.org lacks the grant send_as bob@example.org")]
    public async Task Header_authors_are_checked_too(string fields, string? reply)
    {
        await using var house = await House.OpenAsync();
        var result = await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org"), fields + "Subject: x\r\n\r\nhi\r\n", "bob@example.org");
        Assert.Equal(reply, result.Recipients[0]?.ToString());
        Assert.Equal(reply is null ? 1 : 0, (await house.ReadAsync("bob@example.org")).Count);
    }

    [Fact]
    public async Task A_message_is_filed_exactly_as_sent_after_our_prefix()
    {
        await using var house = await House.OpenAsync();
        var result = await house.SendAsync(house.Begin("x@y.example"), Plain, "Alice@example.org", "info@example.org");
        Assert.All(result.Recipients, Assert.Null);
        Assert.Equal("Return-Path: <x@y.example>\r\nDelivered-To: alice@example.org\r\n"
            + "Received: from client.y.example ([192.0.2.7])\r\n\tby mail.example.org with ESMTP\r\n\tid " + result.Id
            + "\r\n\tfor <Alice@example.org>; Mon, 21 Sep 2026 14:13:20 +0000\r\n" + Plain, Assert.Single(await house.ReadAsync("alice@example.org")));
        Assert.Equal("Return-Path: <x@y.example>\r\nDelivered-To: bob@example.org\r\nX-Original-To: info@example.org\r\n"
            + "Received: from client.y.example ([192.0.2.7])\r\n\tby mail.example.org with ESMTP\r\n\tid " + result.Id
            + "\r\n\tfor <info@example.org>; Mon, 21 Sep 2026 14:13:20 +0000\r\n" + Plain, Assert.Single(await house.ReadAsync("bob@example.org")));
    }

    [Theory]
    [InlineData("evil) (by x", "2001:db8::1", "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])")]
    [InlineData("", "192.0.2.7", "from [192.0.2.7] ([192.0.2.7])")]
    [InlineData("[192.0.2.9]", "192.0.2.7", "from [192.0.2.9] ([192.0.2.7])")]
    [InlineData("a:b", "192.0.2.7", "from [192.0.2.7] ([192.0.2.7])")]
    public async Task A_strange_helo_does_not_get_into_the_trace(string helo, string remote, string from)
    {
        await using var house = await House.OpenAsync();
        await house.SendAsync(house.Begin(helo: helo, remote: remote), Plain, "alice@example.org");
        Assert.Contains("Received: " + from + "\r\n", Assert.Single(await house.ReadAsync("alice@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submission_gets_what_is_missing_and_shows_no_client()
    {
        await using var house = await House.OpenAsync();
        var result = await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org", protocol: "ESMTPSA"),
            "From: alice@example.org\r\nBcc: bob@example.org\r\n\r\nhi\r\n", "bob@example.org");
        Assert.Equal("Return-Path: <alice@example.org>\r\nDelivered-To: bob@example.org\r\n"
            + "Received: from mail.example.org (authenticated)\r\n\tby mail.example.org with ESMTPSA\r\n\tid " + result.Id
            + "\r\n\tfor <bob@example.org>; Mon, 21 Sep 2026 14:13:20 +0000\r\n"
            + "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\nMessage-ID: <" + result.Id + "@mail.example.org>\r\n"
            + "From: alice@example.org\r\n\r\nhi\r\n", Assert.Single(await house.ReadAsync("bob@example.org")));
        var whole = "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <a@b>\r\nFrom: alice@example.org\r\n\r\nhi\r\n";
        await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org"), whole, "bob@example.org");
        Assert.EndsWith("+0000\r\n" + whole, (await house.ReadAsync("bob@example.org"))[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_from_outside_is_never_completed()
    {
        await using var house = await House.OpenAsync();
        await house.SendAsync(house.Begin(), "just text\r\n", "alice@example.org");
        Assert.EndsWith("+0000\r\n\r\njust text\r\n", Assert.Single(await house.ReadAsync("alice@example.org")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_and_foreign_recipients_are_one_commit()
    {
        await using var house = await House.OpenAsync();
        var transaction = house.Begin("alice@example.org", login: "alice@example.org",
            parameters: new(null, BodyType.EightBitMime, false, "HDRS", "env-1", null));
        var result = await house.SendAsync(transaction, "From: alice@example.org\r\nPrecedence: Bulk\r\n\r\nhé\r\n", "bob@example.org", "Carol@Elsewhere.example", "dan@elsewhere.example");
        Assert.All(result.Recipients, Assert.Null);
        var item = Assert.Single(await house.Store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(("alice@example.org", "env-1", DsnReturn.Headers, QueueNeeds.EightBit, QueuePriority.Bulk),
            (item.Message.Sender, item.Message.EnvelopeId, item.Message.Return, item.Message.Needs, item.Message.Priority));
        Assert.Equal(house.Accounts.Table.FindAccount("alice@example.org"), item.Message.Account);
        Assert.Equal([("Carol@elsewhere.example", "elsewhere.example"), ("dan@elsewhere.example", "elsewhere.example")], item.Recipients.Select(r => (r.Address, r.Destination)));
        using var octets = await house.Store.Store.OpenQueueBodyAsync(item.Message.Id, default);
        Assert.StartsWith("Received: from mail.example.org (authenticated)\r\n", TestStore.Read(octets!), StringComparison.Ordinal);
        Assert.DoesNotContain("for <", TestStore.Read(octets!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forward_keeps_its_sender_and_remembers_where_it_came_from()
    {
        await using var house = await House.OpenAsync();
        await house.SendAsync(house.Begin("x@y.example"), Plain, (List<MailRecipient>)[new(Addresses.Of("out@example.org"), "FAILURE,DELAY", null)]);
        var item = Assert.Single(await house.Store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(("x@y.example", QueuePriority.Person, (AccountId?)null), (item.Message.Sender, item.Message.Priority, item.Message.Account));
        var recipient = Assert.Single(item.Recipients);
        Assert.Equal(("Dan@elsewhere.example", DsnNotify.Failure | DsnNotify.Delay, "rfc822;out@example.org"), (recipient.Address, recipient.Notify, recipient.OriginalRecipient));
        using var octets = await house.Store.Store.OpenQueueBodyAsync(item.Message.Id, default);
        var sent = TestStore.Read(octets!);
        Assert.StartsWith("Delivered-To: out@example.org\r\nReceived: from client.y.example", sent, StringComparison.Ordinal);
        var back = await house.SendAsync(house.Begin("x@y.example"), sent, "out@example.org");
        Assert.Equal("554 5.4.6 Mail loop", back.Recipients[0]!.ToString());
    }

    [Fact]
    public async Task A_mailbox_takes_what_it_had_before_but_fifty_hops_are_a_loop()
    {
        await using var house = await House.OpenAsync();
        Assert.Null((await house.SendAsync(house.Begin(), "Delivered-To: alice@example.org\r\n" + Plain, "alice@example.org")).Recipients[0]);
        var hops = string.Concat(Enumerable.Repeat("Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n", 100));
        Assert.Null((await house.SendAsync(house.Begin(), hops + Plain, "alice@example.org")).Recipients[0]);
        Assert.Equal("554 5.4.6 Mail loop", (await house.SendAsync(house.Begin(), "Received: x\r\n" + hops + Plain, "alice@example.org")).Recipients[0]!.ToString());
    }

    [Fact]
    public async Task A_full_mailbox_after_the_data_bounces_only_when_others_took_the_message()
    {
        await using var house = await House.OpenAsync();
        var big = Plain + new string('x', 3000) + "\r\n";
        var refused = await house.SendAsync(house.Begin("alice@example.org"), big, "tight@example.org");
        Assert.Equal("452 4.2.2 Mailbox is full", refused.Recipients[0] is { } no ? no.ToString() : null);
        Assert.Empty(await house.ReadAsync("alice@example.org"));
        var other = await house.SendAsync(house.Begin("alice@example.org"), big, "tight@example.org", "bob@example.org");
        Assert.Equal([null, null], other.Recipients);
        var bounce = Assert.Single(await house.ReadAsync("alice@example.org"));
        Assert.StartsWith("Return-Path: <>\r\nDelivered-To: alice@example.org\r\n", bounce, StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: rfc822; tight@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n", bounce, StringComparison.Ordinal);
        var quiet = await house.SendAsync(house.Begin("alice@example.org"), big, (List<MailRecipient>)[new(Addresses.Of("tight@example.org"), "NEVER", null), new(Addresses.Of("bob@example.org"), null, null)]);
        Assert.Null(quiet.Recipients[0]);
        // Nobody may be told: then it is kept, whatever the quota says.
        Assert.EndsWith(big, Assert.Single(await house.ReadAsync("tight@example.org")), StringComparison.Ordinal);
        await house.SendAsync(house.Begin(""), big, "narrow@example.org", "bob@example.org");
        Assert.EndsWith(big, Assert.Single(await house.ReadAsync("narrow@example.org")), StringComparison.Ordinal);
        Assert.Single(await house.ReadAsync("alice@example.org"));
    }

    [Fact]
    public async Task Over_lmtp_each_recipient_has_its_own_reply_and_no_bounce()
    {
        await using var house = await House.OpenAsync();
        var big = Plain + new string('x', 3000) + "\r\n";
        var result = await house.SendAsync(house.Begin("alice@example.org", kind: ListenerKind.Lmtp), big, "bob@example.org", "tight@example.org");
        Assert.Equal([null, "452 4.2.2 Mailbox is full"], result.Recipients.Select(r => r?.ToString()));
        Assert.Empty(await house.ReadAsync("alice@example.org"));
    }

    [Fact]
    public async Task Notify_success_brings_word_of_the_delivery()
    {
        await using var house = await House.OpenAsync();
        await house.SendAsync(house.Begin("x@y.example", parameters: new(null, BodyType.SevenBit, false, null, "e1", null)), Plain,
            (List<MailRecipient>)[new(Addresses.Of("alice@example.org"), "SUCCESS", "rfc822;ally@y.example"), new(Addresses.Of("bob@example.org"), null, null)]);
        var item = Assert.Single(await house.Store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(("", "x@y.example", DsnNotify.Never), (item.Message.Sender, item.Recipients[0].Address, item.Recipients[0].Notify));
        using var octets = await house.Store.Store.OpenQueueBodyAsync(item.Message.Id, default);
        var report = TestStore.Read(octets!);
        Assert.Contains("Original-Envelope-Id: e1\r\n", report, StringComparison.Ordinal);
        Assert.Contains("Original-Recipient: rfc822; ally@y.example\r\nFinal-Recipient: rfc822; alice@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n", report, StringComparison.Ordinal);
        Assert.DoesNotContain("bob@", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("carol@b\u00fccher.example", "carol@xn--bcher-kva.example", QueueNeeds.None)]
    [InlineData("c\u00e4rol@b\u00fccher.example", "c\u00e4rol@b\u00fccher.example", QueueNeeds.SmtpUtf8)]
    public async Task Only_a_local_part_makes_the_next_hop_need_smtputf8(string to, string queued, QueueNeeds needs)
    {
        await using var house = await House.OpenAsync();
        await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org"), "From: alice@example.org\r\n\r\nhi\r\n", to);
        var item = Assert.Single(await house.Store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal((queued, needs), (item.Recipients[0].Address, item.Message.Needs));
    }

    [Theory]
    [InlineData(false, "", QueueNeeds.None)]
    [InlineData(true, "", QueueNeeds.RequireTls)]
    [InlineData(false, "TLS-Required: No\r\n", QueueNeeds.TlsOptional)]
    [InlineData(false, "tls-required:  no\r\n", QueueNeeds.TlsOptional)]
    [InlineData(false, "TLS-Required: Yes\r\n", QueueNeeds.None)]
    [InlineData(true, "TLS-Required: No\r\n", QueueNeeds.RequireTls)]
    public async Task What_the_sender_wants_of_tls_goes_with_the_queued_message(bool parameter, string field, QueueNeeds needs)
    {
        await using var house = await House.OpenAsync();
        var transaction = house.Begin("alice@example.org", login: "alice@example.org", parameters: new(null, BodyType.SevenBit, false, null, null, null) { RequireTls = parameter });
        await house.SendAsync(transaction, $"From: alice@example.org\r\n{field}\r\nhi\r\n", "carol@elsewhere.example");
        Assert.Equal(needs, Assert.Single(await house.Store.Store.ListQueueAsync(new(), 10, default)).Message.Needs);
    }

    [Fact]
    public async Task Two_ways_to_one_mailbox_are_one_copy()
    {
        await using var house = await House.OpenAsync();
        var result = await house.SendAsync(house.Begin(), Plain, "bob@example.org", "info@example.org", "Bob@example.org");
        Assert.Equal([null, null, null], result.Recipients);
        Assert.Single(await house.ReadAsync("bob@example.org"));
    }

    [Fact]
    public async Task Local_mode_keeps_foreign_mail_in_one_mailbox()
    {
        await using var house = await House.OpenAsync(o => o with { OutsideMailbox = "bob@example.org" });
        Assert.Equal("554 5.7.1 Relay access denied", (await house.RcptAsync(house.Begin(), "x@elsewhere.example"))?.ToString());
        await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org"), "From: alice@example.org\r\n\r\nhi\r\n", "x@elsewhere.example");
        await house.SendAsync(house.Begin(), Plain, "out@example.org");
        var kept = await house.ReadAsync("bob@example.org");
        Assert.Contains("\tfor <x@elsewhere.example>; ", kept[0], StringComparison.Ordinal);
        Assert.Equal(2, kept.Count);
        Assert.Empty(await house.Store.Store.ListQueueAsync(new(), 10, default));
    }

    [Fact]
    public async Task The_message_that_is_too_large_is_refused_whenever_it_is_known()
    {
        await using var house = await House.OpenAsync(o => o with { MessageSize = 100 });
        Assert.Equal("552 5.3.4 Message is too large", (await house.Receiver.BeginAsync(house.Begin(parameters: new(101, BodyType.SevenBit, false, null, null, null)), default)).No?.ToString());
        Assert.Equal("552 5.3.4 Message is too large", (await house.SendAsync(house.Begin(), Plain + new string('x', 200) + "\r\n", "alice@example.org")).Recipients[0]!.ToString());
    }

    [Fact]
    public async Task A_large_message_goes_through_a_spool_file_unchanged()
    {
        await using var house = await House.OpenAsync();
        var big = "From: alice@example.org\r\n\r\n" + string.Concat(Enumerable.Repeat("0123456789abcdef0123456789abcdef\r\n", 20_000));
        await house.SendAsync(house.Begin("alice@example.org", login: "alice@example.org"), big, "bob@example.org");
        Assert.EndsWith("@mail.example.org>\r\n" + big, Assert.Single(await house.ReadAsync("bob@example.org")), StringComparison.Ordinal);
    }

    private sealed class House(TestStore store, AccountBook accounts, MailReceiver receiver) : IAsyncDisposable
    {
        public TestStore Store => store;

        public AccountBook Accounts => accounts;

        public MailReceiver Receiver => receiver;

        public static async Task<House> OpenAsync(Func<ReceiveOptions, ReceiveOptions>? with = null)
        {
            var store = await TestStore.OpenAsync();
            var accounts = new AccountBook(store.Store, store.Clock, NullLogger.Instance);
            var all = Declare.All(Declare.Account("gone@example.org"), Declare.Account("full@example.org", quota: 1), Declare.Account("tight@example.org", quota: 2000), Declare.Account("narrow@example.org", quota: 2000),
                Declare.Alias("info@example.org", "alice@example.org", "bob@example.org"), Declare.Alias("out@example.org", "Dan@elsewhere.example"));
            Assert.Empty((await accounts.ApplyAsync(all, default)).Contradictions);
            await accounts.ApplyAsync(all with { Accounts = [.. all.Accounts.Where(a => a.Address != "gone@example.org")] }, default);
            var options = new ReceiveOptions { HostName = "mail.example.org" };
            var receiver = new MailReceiver(with?.Invoke(options) ?? options, accounts, store.Store, new MessageReader(), new Router([]), new IdSource(store.Clock),
                store.Clock, NullLogger.Instance);
            return new(store, accounts, receiver);
        }

        public MailTransaction Begin(
            string sender = "x@y.example", string? login = null, ListenerKind kind = ListenerKind.Smtp, bool isInternal = false, string helo = "client.y.example",
            string remote = "192.0.2.7", string protocol = "ESMTP", MailParameters? parameters = null)
        {
            var origin = new WireOrigin(kind, new(IPAddress.Parse(remote), 1234), new(IPAddress.Loopback, 25)) { IsInternal = isInternal };
            var principal = login is null ? null : new Principal(accounts.Table.FindAccount(login)!.Value.Value, login);
            return new(new("s1", origin, helo, protocol, null, principal), new(Addresses.Of(sender)),
                parameters ?? new(null, BodyType.SevenBit, false, null, null, null));
        }

        public async Task<Refusal?> RcptAsync(MailTransaction transaction, string address)
        {
            var receiving = (await receiver.BeginAsync(transaction, default)).Receiving;
            return await receiving.AddAsync(new(MailAddress.TryParse(address, out var read) ? read : new(address, default), null, null), default);
        }

        public Task<ReceiveResult> SendAsync(MailTransaction transaction, string text, params string[] to) => SendAsync(transaction, text,
            to.Select(t => new MailRecipient(Addresses.Of(t), null, null)).ToList());

        public async Task<ReceiveResult> SendAsync(MailTransaction transaction, string text, IReadOnlyList<MailRecipient> to)
        {
            var receiving = (await receiver.BeginAsync(transaction, default)).Receiving;
            foreach (var recipient in to) Assert.Null(await receiving.AddAsync(recipient, default));
            var body = receiving.BeginBody();
            body.Write(Encoding.UTF8.GetBytes(text));
            var result = await receiving.FinishAsync(body, default);
            Assert.Equal(0, store.Store.Spool.InFlight);
            return result;
        }

        public async Task<List<string>> ReadAsync(string address)
        {
            var account = accounts.Table.FindAccount(address)!.Value;
            var inbox = (await store.Store.FindMailboxAsync(account, "INBOX", default))!;
            var view = (await store.Store.ViewAsync(account, inbox.Id, default))!;
            var texts = new List<string>();
            for (var i = 0; i < view.Count; i++) texts.Add(await store.ReadAsync(account, view[i].Email));
            return texts;
        }

        public async ValueTask DisposeAsync()
        {
            accounts.Dispose();
            await store.DisposeAsync();
        }
    }
}
