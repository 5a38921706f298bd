using System.Net;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class SmtpGuardTests : IAsyncLifetime
{
    private const string Stranger = "192.0.2.9";
    private const string Own = "10.0.0.7";
    private static readonly Refusal Unknown = new(550, new(5, 1, 1), "No such mailbox here", Reason.UnknownRecipient, "test");

    private readonly List<Reason> _heard = [];
    private readonly Inner _inner = new();
    private TestStore _store = null!;
    private DecisionBook _book = null!;
    private Gatekeeper _gate = null!;
    private SmtpGuard _guard = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _book = await DecisionBook.OpenAsync(_store.Store, _store.Clock, NullLogger.Instance, default);
        _gate = new(new(GuardOwner.None, Networks.Parse("10.0.0.0/8")), _book, _store.Clock, NullLogger.Instance);
        _gate.Heard += (evidence, _) => _heard.Add(evidence.What);
        _guard = new(_gate);
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(Stranger, false, 30)]
    [InlineData(Own, false, 100)]
    [InlineData(Stranger, true, 100)]
    public void A_stranger_sends_thirty_messages_a_minute_and_who_is_ours_or_logged_in_as_many_as_they_like(string client, bool loggedIn, int taken)
    {
        var replies = new List<Refusal?>();
        for (var i = 0; i < 100; i++) replies.Add(_guard.CheckMessage(Begin(client, loggedIn)));
        Assert.Equal(taken, replies.Count(r => r is null));
        Assert.All(replies.OfType<Refusal>(), r => Assert.StartsWith("450 4.7.1 ", r.ToString(), StringComparison.Ordinal));
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_guard.CheckMessage(Begin(client, loggedIn)));
    }

    [Theory]
    [InlineData(Stranger, 1000)]
    [InlineData(Own, 1200)]
    public async Task A_stranger_names_so_many_recipients_a_minute(string client, int taken)
    {
        var replies = new List<Refusal?>();
        for (var i = 0; i < 1200; i++) replies.Add(await RcptAsync(Begin(client), To("a")));
        Assert.Equal(taken, replies.Count(r => r is null));
        Assert.Equal(taken, _inner.Asked);
    }

    [Theory]
    [InlineData(Stranger, 60)]
    [InlineData(Own, 200)]
    public async Task After_sixty_unknown_recipients_a_stranger_learns_nothing_more_on_any_connection(string client, int asked)
    {
        _inner.Answer = Unknown;
        for (var i = 0; i < 200; i++) Assert.NotNull(await RcptAsync(Begin(client), To($"user{i}")));
        Assert.Equal(asked, _inner.Asked);
        _inner.Answer = null;
        var refused = await RcptAsync(Begin(client), To("known"));
        if (client == Own) Assert.Null(refused);
        else Assert.Equal(450, refused!.Code);
        Assert.Equal(asked, _heard.Count(h => h == Reason.UnknownRecipient));
        _store.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await RcptAsync(Begin(client), To("known")));
    }

    [Fact]
    public async Task After_six_hundred_unknown_recipients_a_network_learns_nothing_more()
    {
        _inner.Answer = Unknown;
        for (var i = 0; i < 1000; i++) await RcptAsync(Begin($"2001:db8:7:{i % 50:x}::1"), To($"user{i}"));
        Assert.Equal(600, _inner.Asked);
        _inner.Answer = null;
        Assert.Equal(450, (await RcptAsync(Begin("2001:db8:7:ffff::1"), To("known")))!.Code);
        _gate.LoggedIn(IPAddress.Parse("2001:db8:7:fffe::1"));
        Assert.Null(await RcptAsync(Begin("2001:db8:7:fffe::1"), To("known")));
        Assert.Null(await RcptAsync(Begin("2001:db8:8::1"), To("known")));
    }

    [Theory]
    [InlineData(nameof(Reason.UnknownRecipient), 550, false, ListenerKind.Smtp, true)]
    [InlineData(nameof(Reason.RelayDenied), 554, false, ListenerKind.Smtp, true)]
    [InlineData(nameof(Reason.OverQuota), 552, false, ListenerKind.Smtp, false)]
    [InlineData(nameof(Reason.UnknownRecipient), 450, false, ListenerKind.Smtp, false)]
    [InlineData(nameof(Reason.UnknownRecipient), 550, true, ListenerKind.Submission, false)]
    [InlineData(nameof(Reason.UnknownRecipient), 550, false, ListenerKind.Lmtp, false)]
    public async Task A_refused_recipient_is_evidence_by_its_reason(string reason, int code, bool loggedIn, ListenerKind kind, bool isHeard)
    {
        _inner.Answer = new(code, new(code / 100, 1, 1), "no", Reasons.Named(reason), "test");
        await RcptAsync(Begin(Stranger, loggedIn, kind), To("x"));
        Assert.Equal(isHeard ? [Reasons.Named(reason)] : [], _heard);
    }

    [Fact]
    public async Task Incident_26_a_bounce_that_cannot_be_delivered_or_a_full_mailbox_is_no_proof_of_abuse()
    {
        _gate.Options = _gate.Options with { Owner = GuardOwner.Builtin };
        _inner.Answer = new(552, new(5, 2, 2), "Mailbox is full", Reason.OverQuota, "test");
        for (var i = 0; i < 50; i++) await RcptAsync(Begin(Stranger), To("alice"));
        Assert.Empty(_book.List());
        Assert.Empty(_heard);
    }

    [Fact]
    public async Task Spam_is_evidence_and_good_mail_ends_the_wait_for_the_greeting()
    {
        var client = IPAddress.Parse(Stranger);
        Assert.Equal(TimeSpan.FromSeconds(1), _gate.PauseFor(ListenerKind.Smtp, client));
        _inner.Result = new(550, new(5, 7, 1), "This looks like junk", Reason.Spam, "20 points");
        await FinishAsync(Begin(Stranger));
        Assert.Equal([Reason.Spam], _heard);
        Assert.Equal(TimeSpan.FromSeconds(1), _gate.PauseFor(ListenerKind.Smtp, client));
        // Taken, but into Junk: neither.
        (_inner.Result, _inner.IsTagged) = (null, true);
        await FinishAsync(Begin(Stranger));
        Assert.Equal([Reason.Spam], _heard);
        Assert.Equal(TimeSpan.FromSeconds(1), _gate.PauseFor(ListenerKind.Smtp, client));
        _inner.IsTagged = false;
        await FinishAsync(Begin(Stranger));
        Assert.Equal(TimeSpan.Zero, _gate.PauseFor(ListenerKind.Smtp, client));
        _store.Clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(TimeSpan.FromSeconds(1), _gate.PauseFor(ListenerKind.Smtp, client));
    }

    [Theory]
    [InlineData(ListenerKind.Smtp, Stranger, 1)]
    [InlineData(ListenerKind.Smtp, Own, 0)]
    [InlineData(ListenerKind.Smtp, "127.0.0.1", 0)]
    [InlineData(ListenerKind.Submission, Stranger, 0)]
    [InlineData(ListenerKind.Imaps, Stranger, 0)]
    [InlineData(ListenerKind.Lmtp, Stranger, 0)]
    public void Only_strangers_on_kind_smtp_wait_for_the_greeting(ListenerKind kind, string client, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), _gate.PauseFor(kind, IPAddress.Parse(client)));
        _gate.Options = _gate.Options with { GreetingPause = TimeSpan.Zero };
        Assert.Equal(TimeSpan.Zero, _gate.PauseFor(kind, IPAddress.Parse(client)));
    }

    [Fact]
    public void A_stranger_gives_so_many_commands_a_minute_over_all_its_connections()
    {
        var client = IPAddress.Parse(Stranger);
        Assert.Equal(3000, Enumerable.Range(0, 4000).Count(_ => _gate.Allows(ClientRate.Commands, ListenerKind.Smtp, client)));
        Assert.True(_gate.Allows(ClientRate.Commands, ListenerKind.Imap, client));
        Assert.True(_gate.Allows(ClientRate.Commands, ListenerKind.Smtp, IPAddress.Parse(Own)));
    }

    [Theory]
    [InlineData(ClientRate.Messages)]
    [InlineData(ClientRate.Recipients)]
    [InlineData(ClientRate.Commands)]
    public void Addresses_of_one_ipv6_network_share_their_rates(ClientRate rate)
    {
        for (var i = 0; i < 5000; i++) _gate.Allows(rate, ListenerKind.Smtp, IPAddress.Parse($"2001:db8:1:2::{i:x}"));
        Assert.False(_gate.Allows(rate, ListenerKind.Smtp, IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.True(_gate.Allows(rate, ListenerKind.Smtp, IPAddress.Parse("2001:db8:1:3::1")));
    }

    private static SmtpClientInfo Begin(string client, bool loggedIn = false, ListenerKind kind = ListenerKind.Smtp) => new(
        "s1", new(kind, new(IPAddress.Parse(client), 40000), new(IPAddress.Loopback, 25)), "client.example", "ESMTP", null,
        loggedIn ? new Principal(1, "alice@example.org") : null);

    // As the session does: the guard first, and it hears of the receiver's no.
    private ValueTask<Refusal?> RcptAsync(SmtpClientInfo client, MailRecipient recipient)
    {
        if (_guard.CheckRecipient(client) is { } limited) return new(limited);
        var no = _inner.Add(recipient);
        if (no is not null) _guard.RecipientRefused(client, no);
        return new(no);
    }

    private ValueTask FinishAsync(SmtpClientInfo client)
    {
        _guard.Received(client, new("id1", [_inner.Result]) { IsTagged = _inner.IsTagged });
        return default;
    }

    private static MailRecipient To(string local) => new(Addresses.Of($"{local}@example.org"), null, null);

    private sealed class Inner
    {
        public Refusal? Answer { get; set; }

        public Refusal? Result { get; set; }

        public bool IsTagged { get; set; }

        public int Asked { get; private set; }

        public Refusal? Add(MailRecipient recipient)
        {
            Assert.NotEqual("", recipient.LocalPart);
            Asked++;
            return Answer;
        }
    }
}
