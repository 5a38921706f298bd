using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>The receive steps with everything they ask of others: who sent it, is it junk, where does it go.</summary>
public sealed class FilteredReceiveTests : IAsyncLifetime
{
    private const string Plain = "From: x@sender.example\r\nTo: alice@example.org\r\nSubject: hi\r\nMessage-ID: <1@sender.example>\r\nDate: Mon, 21 Sep 2026 14:13:20 +0000\r\n\r\nhello\r\n";

    private readonly FakeZone _zone = new FakeZone().Txt("sender.example", "v=spf1 ip4:192.0.2.7 -all").Txt("_dmarc.sender.example", "v=DMARC1; p=reject; rua=mailto:agg@sender.example");
    private readonly Points _points = new();
    private TestStore _store = null!;
    private AccountBook _accounts = null!;
    private SigningKeys _keys = null!;
    private SieveScripts _scripts = null!;
    private SenderRewriter _srs = null!;
    private DmarcTally _tally = null!;
    private readonly CancellationTokenSource _stop = new();
    private ReportBook _reports = null!;
    private ReportIntake _intake = null!;
    private Task _reading = Task.CompletedTask;
    private MailReceiver _receiver = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _accounts = new(_store.Store, _store.Clock, NullLogger.Instance);
        Assert.Empty((await _accounts.ApplyAsync(Declare.All(
            Declare.Account("keeper@example.org"), Declare.Account("tight@example.org", quota: 2000), Declare.Account("carol@example.org", forwardTo: ["carol@elsewhere.example"]), Declare.Domain("caught.example", catchAll: "keeper@example.org"),
            Declare.Alias("out@caught.example", "dan@elsewhere.example")), default)).Contradictions);
        _keys = new(_store.Store, _zone, _store.Store.Spool, _store.Clock, NullLogger.Instance);
        await _keys.ApplyAsync([("example.org", []), ("caught.example", [])], default);
        _scripts = new(_store.Store, _store.Clock);
        _srs = new(new(["a secret of ours"u8.ToArray()], _store.Clock), _store.Store, _store.Clock, NullLogger.Instance);
        _tally = new(_store.Store, _store.Clock);
        _reports = new(_store.Store, _store.Clock, NullLogger.Instance);
        _intake = new(_reports, _store.Store.Spool, NullLogger.Instance);
        _reading = _intake.RunAsync(_stop.Token);
        Make();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _scripts.Dispose();
        _keys.Dispose();
        _accounts.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task What_was_found_out_stands_above_the_message_and_foreign_words_in_our_name_are_gone()
    {
        const string Foreign = "Authentication-Results: other.example; spf=fail smtp.mailfrom=a@b\r\n";
        await SendAsync("Authentication-Results: mail.example.org; dkim=pass\r\n\theader.d=bank.example\r\n" + Foreign + Plain, "alice@example.org");
        var text = await OneAsync("alice@example.org", "INBOX");
        Assert.Contains("Authentication-Results: mail.example.org;\r\n", text, StringComparison.Ordinal);
        Assert.Contains("spf=pass smtp.mailfrom=x@sender.example", text, StringComparison.Ordinal);
        Assert.Contains("dmarc=pass", text, StringComparison.Ordinal);
        Assert.DoesNotContain("bank.example", text, StringComparison.Ordinal);
        Assert.EndsWith(Foreign + Plain, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_say_of_spam_in_our_words_is_gone()
    {
        await SendAsync("X-Spam-Flag: YES\r\nX-Spam: YES\r\nX-Spam-Level: *****99.0\r\nx-spam-score: 99.0\r\nX-Spamd-Bar: ++YES\r\nX-Spamd-Result: default: 99.0\r\nX-Other: 1\r\nx-spam-result: score=99.0;\r\n\taction=tag;\r\n" + Plain, "alice@example.org");
        var text = await OneAsync("alice@example.org", "INBOX");
        Assert.DoesNotContain("YES", text, StringComparison.Ordinal);
        Assert.DoesNotContain("99.0", text, StringComparison.Ordinal);
        Assert.EndsWith("X-Other: 1\r\n" + Plain, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_through_a_trusted_relay_is_judged_by_its_original_client()
    {
        Make(f => f with { IsTrustedRelay = a => a.Equals(IPAddress.Parse("198.51.100.1")) });
        var received = "Received: from helo.sender.example (mx.sender.example [192.0.2.7])\r\n\tby relay.example.net with ESMTP; Mon, 21 Sep 2026 14:13:20 +0000\r\n";
        await SendAsync(received + Plain, ["alice@example.org"], remote: "198.51.100.1");
        Assert.Contains("spf=pass", await OneAsync("alice@example.org", "INBOX"), StringComparison.Ordinal);
        await SendAsync(received + Plain, ["bob@example.org"], remote: "198.51.100.2");
        Assert.Contains("spf=fail", await OneAsync("bob@example.org", "INBOX"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5.9, "INBOX")]
    [InlineData(6, "Junk")]
    [InlineData(14.9, "Junk")]
    public async Task The_tag_threshold_files_into_junk(double score, string mailbox)
    {
        _points.Score = score;
        Assert.Equal(mailbox == "Junk", (await SendAsync(Plain, "alice@example.org")).IsTagged);
        Assert.Contains("TEST=", await OneAsync("alice@example.org", mailbox), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Junk_by_another_name_is_found_by_its_use()
    {
        var alice = _accounts.Table.FindAccount("alice@example.org")!.Value;
        var junk = (await _store.Store.FindMailboxAsync(alice, "Junk", default))!;
        await _store.Store.RenameMailboxAsync(alice, junk.Id, "Spamverdacht", default);
        _points.Score = 8;
        await SendAsync(Plain, "alice@example.org");
        await OneAsync("alice@example.org", "Spamverdacht");
    }

    [Fact]
    public async Task The_reject_threshold_is_a_permanent_no_but_the_postmaster_hears_everything()
    {
        _points.Score = 15;
        Assert.Equal("550 5.7.1 This message looks like spam and is not accepted", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        Assert.Null((await SendAsync(Plain, "postmaster@example.org")).Recipients[0]);
        await OneAsync("alice@example.org", "Junk");
    }

    [Fact]
    public async Task A_filter_that_throws_or_a_resolver_that_fails_never_costs_a_message()
    {
        _points.Throws = true;
        _zone.Fail("sender.example", DnsStatus.Timeout).Fail("_dmarc.sender.example", DnsStatus.ServFail);
        Assert.Null((await SendAsync(Plain, "alice@example.org")).Recipients[0]);
        var text = await OneAsync("alice@example.org", "INBOX");
        Assert.Contains("skipped=points (fault)", text.Replace("\r\n\t", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("spf=temperror", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forward_has_a_sender_of_ours_a_seal_and_its_bounce_finds_the_way_back()
    {
        await PublishAsync("caught.example");
        await SendAsync(Plain, "out@caught.example");
        var (sender, text) = await QueuedAsync("dan@elsewhere.example");
        Assert.StartsWith("SRS0=", sender, StringComparison.Ordinal);
        Assert.EndsWith("@caught.example", sender, StringComparison.Ordinal);
        Assert.StartsWith("ARC-Seal:", text, StringComparison.Ordinal);
        Assert.Contains("\r\nDelivered-To: out@caught.example\r\n", text, StringComparison.Ordinal);
        using var body = Unit.MailAuth.Bodies.Raw(Encoding.UTF8.GetBytes(text));
        Assert.Equal(ArcResult.Pass, (await new ArcVerifier(_zone, new(), _store.Clock).VerifyAsync(body, default)).Result);

        await SendAsync("Subject: failed\r\n\r\nsorry\r\n", [sender], from: "");
        Assert.Equal("", (await QueuedAsync("x@sender.example")).Sender);
    }

    [Theory]
    [InlineData("", "SRS0=AAAAAA=AA=victim.example=bob@caught.example")]
    [InlineData("spammer@bad.example", null)]
    public async Task Nobody_sends_through_us_by_an_srs_address(string from, string? address)
    {
        address ??= (await _srs.ForwardAsync(Addresses.Of("x@sender.example"), Addresses.Domain("example.org"), default)).Wire;
        var transaction = Begin(from, "192.0.2.9");
        var no = await RcptAsync(transaction, new(Addresses.Of(address), null, null));
        // The catch-all takes what is nobody's; it never goes out.
        if (no is null) Assert.EndsWith("@caught.example", address, StringComparison.Ordinal);
        else Assert.Equal("550 5.1.1 No such mailbox here", no.ToString());
    }

    [Fact]
    public async Task Spam_is_not_forwarded_but_kept()
    {
        _points.Score = 7;
        await SendAsync(Plain, "out@caught.example");
        await SendAsync(Plain, "carol@example.org");
        await OneAsync("keeper@example.org", "Junk");
        await OneAsync("carol@example.org", "Junk");
        Assert.Empty(await _store.Store.ListQueueAsync(new(), 10, default));
    }

    [Theory]
    [InlineData("192.0.2.7", "x@sender.example", 0, 1)]
    [InlineData("203.0.113.9", "x@sender.example", 1, 0)]
    [InlineData("192.0.2.7", "x@unproven.example", 1, 0)]
    [InlineData("192.0.2.7", "", 1, 0)]
    public async Task A_full_mailbox_bounces_only_to_a_sender_that_is_proven(string remote, string from, int filed, int bounces)
    {
        await SendAsync(Plain + new string('x', 3000) + "\r\n", ["tight@example.org", "keeper@example.org"], from, remote);
        Assert.Single(await ReadAsync("keeper@example.org", "INBOX"));
        Assert.Equal(filed, (await ReadAsync("tight@example.org", "INBOX")).Count);
        Assert.Equal(bounces, (await _store.Store.ListQueueAsync(new(), 10, default)).Count);
    }

    [Fact]
    public async Task A_failed_forward_of_a_false_sender_is_kept_here_whole()
    {
        // SPF says that this client may not: whoever stands there did not send it.
        await SendAsync(Plain, ["out@caught.example"], remote: "203.0.113.9");
        var (sender, _) = await QueuedAsync("dan@elsewhere.example");
        Assert.Equal(Addresses.Of("keeper@example.org"), await _srs.ReverseAsync(Addresses.Of(sender).LocalPart, default));
        var item = Assert.Single(await _store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal(DsnReturn.Full, item.Message.Return);
        var kept = await new NoticeTarget(_accounts, _srs).FindAsync(sender, default);
        Assert.Equal(_accounts.Table.FindAccount("keeper@example.org"), kept.Local?.Account);
    }

    [Fact]
    public async Task An_author_in_unicode_is_signed_for_by_the_keys_of_the_a_labels()
    {
        await _keys.ApplyAsync([("xn--bcher-kva.example", [])], default);
        await PublishAsync("xn--bcher-kva.example");
        Assert.NotEmpty(_keys.KeysOf("xn--bcher-kva.example"));
        foreach (var spelling in (string[])["bücher.example", "BÜCHER.example", "Bu\u0308cher.EXAMPLE."])
            Assert.Equal(_keys.KeysOf("xn--bcher-kva.example"), _keys.KeysOf(spelling));
    }

    // RFC 5321 §4.1.2: what was acknowledged leaves under a path, and its bounce finds the way back.
    [Theory]
    [InlineData("\"john doe\"@sender.example")]
    [InlineData("\"a..b\"@sender.example")]
    [InlineData("bounces+28450412-3d1f-fwd=example.test@em7711.news.gartenwelt.sender.example")]
    public async Task A_forward_of_any_sender_leaves_under_a_path_and_its_bounce_comes_back(string from)
    {
        _zone.Txt("em7711.news.gartenwelt.sender.example", "v=spf1 ip4:192.0.2.7 -all");
        await SendAsync(Plain, ["out@caught.example"], from: from);
        var (sender, _) = await QueuedAsync("dan@elsewhere.example");
        var path = new PathGrammar(Encoding.UTF8.GetBytes($"<{sender}>"));
        Assert.True(path.TryPath(out var read) && path.AtEnd, sender);
        Assert.Equal("caught.example", read.Address.Domain.Ascii);
        await SendAsync(Plain, [sender], from: "", remote: "203.0.113.9");
        Assert.Equal("", (await QueuedAsync(Addresses.Of(from).Wire)).Sender);
    }

    // Neither sent on nor returned: the address that forwards it keeps it, whole.
    [Theory]
    [InlineData("")]
    [InlineData("SRS0=ABCDEF=AA=x.example=\"john doe\"@caught.example")]
    public async Task A_failed_forward_that_cannot_be_returned_is_for_the_address_that_forwards_it(string sender)
    {
        var target = new NoticeTarget(_accounts, _srs);
        if (sender.Length > 0) Assert.True((await target.FindAsync(sender, default)).IsNobody);
        var keeper = await target.KeeperAsync("rfc822;out@caught.example", default);
        Assert.Equal((_accounts.Table.FindAccount("keeper@example.org"), true), (keeper?.Local?.Account, keeper?.IsKeeper));
        Assert.Null(await target.KeeperAsync("rfc822;someone@elsewhere.example", default));
        Assert.Null(await target.KeeperAsync("", default));
    }

    [Fact]
    public async Task A_submission_is_signed_with_every_published_key()
    {
        Assert.Empty(_keys.KeysOf("example.org"));
        await PublishAsync("example.org");
        Assert.Equal(2, _keys.KeysOf("example.org").Count);
        await SendAsync("From: alice@example.org\r\nSubject: hi\r\n\r\nhello\r\n", ["bob@example.org"], from: "alice@example.org", login: "alice@example.org");
        using var body = Unit.MailAuth.Bodies.Raw(Encoding.UTF8.GetBytes(await OneAsync("bob@example.org", "INBOX")));
        var verdicts = await new DkimVerifier(_zone, new(), _store.Clock).VerifyAsync(body, default);
        Assert.Equal(["rsa-sha256", "ed25519-sha256"], verdicts.Where(v => v.Result == DkimResult.Pass).Select(v => v.Algorithm).OrderDescending());
    }

    [Fact]
    public async Task Keys_rotate_with_overlap_and_a_record_that_changed_is_said()
    {
        await PublishAsync("example.org");
        var old = _keys.KeysOf("example.org").Select(k => k.Selector).ToList();
        _store.Clock.Advance(TimeSpan.FromDays(30));
        await _keys.RotateAsync("example.org", default);
        Assert.Equal(old.Order(), _keys.KeysOf("example.org").Select(k => k.Selector).Order());
        await PublishAsync("example.org");
        Assert.Empty(old.Intersect(_keys.KeysOf("example.org").Select(k => k.Selector)));
        Assert.Equal(2, _keys.List().Count(k => k is { Domain: "example.org", State: "retired" }));
        _store.Clock.Advance(TimeSpan.FromDays(15));
        await _keys.CheckAsync("example.org", default);
        Assert.DoesNotContain(_keys.List(), k => k.State == "retired");

        var selector = _keys.KeysOf("example.org")[0].Selector;
        _zone.Remove($"{selector}._domainkey.example.org").Txt($"{selector}._domainkey.example.org", "v=DKIM1; k=rsa; p=AAAA");
        await _keys.CheckAsync("example.org", default);
        Assert.Contains(_keys.List(), k => k.Selector == selector && k.State == "paused" && k.Problem.EndsWith("holds another key", StringComparison.Ordinal));
        // The other key is enough; when the DNS is silent, or all are wrong, nothing is taken back.
        Assert.Single(_keys.KeysOf("example.org"));
        _zone.Fail($"{selector}._domainkey.example.org", DnsStatus.ServFail);
        await _keys.CheckAsync("example.org", default);
        Assert.Equal(2, _keys.KeysOf("example.org").Count);
        foreach (var key in _keys.KeysOf("example.org")) _zone.Remove($"{key.Selector}._domainkey.example.org");
        await _keys.CheckAsync("example.org", default);
        Assert.Equal(2, _keys.KeysOf("example.org").Count);
    }

    [Theory]
    [InlineData("require \"fileinto\"; fileinto \"Archive\";", "Archive", null)]
    [InlineData("require \"reject\"; reject \"no thanks\";", null, "550 5.7.1 no thanks")]
    [InlineData("discard;", null, null)]
    [InlineData("require [\"editheader\", \"fileinto\"]; addheader \"X-Mine\" \"yes\"; fileinto \"Archive\";", "Archive", null)]
    [InlineData("require \"fileinto\"; if header :contains \"Authentication-Results\" \"spf=pass\" { fileinto \"Archive\"; }", "Archive", null)]
    public async Task A_script_says_where_its_owners_copy_goes(string script, string? mailbox, string? reply)
    {
        await ActivateAsync("alice@example.org", script);
        Assert.Equal(reply, (await SendAsync(Plain, "alice@example.org")).Recipients[0]?.ToString());
        if (mailbox is null) Assert.Empty(await ReadAsync("alice@example.org", "INBOX"));
        else
        {
            var text = await OneAsync("alice@example.org", mailbox);
            Assert.Equal(script.Contains("addheader", StringComparison.Ordinal), text.Contains("X-Mine: yes\r\n", StringComparison.Ordinal));
            Assert.Contains("\r\n\r\nhello\r\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_redirect_goes_out_rewritten_and_spam_is_neither_redirected_nor_answered()
    {
        await ActivateAsync("alice@example.org", "require \"vacation\"; redirect \"alice@elsewhere.example\"; vacation \"away\";");
        await SendAsync(Plain.Replace("<1@", "<2@", StringComparison.Ordinal), "alice@example.org");
        Assert.StartsWith("SRS0=", (await QueuedAsync("alice@elsewhere.example")).Sender, StringComparison.Ordinal);
        Assert.Contains("Auto-Submitted: auto-replied", (await QueuedAsync("x@sender.example")).Text, StringComparison.Ordinal);

        _points.Score = 9;
        await SendAsync(Plain.Replace("<1@", "<3@", StringComparison.Ordinal), "alice@example.org");
        Assert.Equal(2, (await _store.Store.ListQueueAsync(new(), 10, default)).Count);
        await OneAsync("alice@example.org", "Junk");
    }

    [Theory]
    [InlineData("require \"fileinto\"; fileinto \"INBOX\";", "INBOX")]
    [InlineData("require [\"fileinto\", \"special-use\"]; fileinto :specialuse \"\\\\Flagged\" \"inbox\";", "INBOX")]
    [InlineData("require \"fileinto\"; keep; fileinto \"INBOX\";", "INBOX")]
    [InlineData("require \"fileinto\"; fileinto \"Archive\";", "Archive")]
    [InlineData("require \"fileinto\"; fileinto \"Nowhere\";", "Junk")]
    [InlineData("keep;", "Junk")]
    [InlineData("stop;", "Junk")]
    public async Task A_mailbox_that_a_script_names_is_obeyed_for_spam_too(string script, string mailbox)
    {
        _points.Score = 9;
        await ActivateAsync("alice@example.org", script);
        await SendAsync(Plain, "alice@example.org");
        await OneAsync("alice@example.org", mailbox);
    }

    [Fact]
    public async Task Spam_does_not_use_up_the_answer_to_its_sender()
    {
        await ActivateAsync("alice@example.org", "require \"vacation\"; vacation \"away\";");
        _points.Score = 9;
        await SendAsync(Plain, "alice@example.org");
        Assert.Empty(await _store.Store.ListQueueAsync(new(), 10, default));
        _points.Score = 0;
        for (var i = 2; i < 4; i++) await SendAsync(Plain.Replace("<1@", $"<{i}@", StringComparison.Ordinal), "alice@example.org");
        Assert.Contains("Auto-Submitted: auto-replied", (await QueuedAsync("x@sender.example")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fileinto \"Archive\"; addheader \"X-Mine\" \"yes\"; fileinto \"Archive\";", "Archive")]
    [InlineData("fileinto \"Archive\"; addheader \"X-Mine\" \"yes\"; fileinto :specialuse \"\\\\Archive\" \"Archive\";", "Archive")]
    [InlineData("keep; addheader \"X-Mine\" \"yes\"; fileinto \"INBOX\";", "INBOX")]
    public async Task An_edited_message_is_filed_into_a_mailbox_once_as_it_stood_last(string script, string mailbox)
    {
        await ActivateAsync("alice@example.org", "require [\"fileinto\", \"editheader\", \"special-use\"]; " + script);
        await SendAsync(Plain, "alice@example.org");
        Assert.Contains("X-Mine: yes\r\n", await OneAsync("alice@example.org", mailbox), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reject", false, null)]
    [InlineData("reject", true, "550 5.7.1 bitte nicht, Jürgen")]
    [InlineData("ereject", false, "550 5.7.1 The recipient does not accept this message")]
    [InlineData("ereject", true, "550 5.7.1 bitte nicht, Jürgen")]
    public async Task Words_that_a_reply_cannot_carry_go_to_the_sender_in_a_bounce(string action, bool utf8, string? reply)
    {
        await ActivateAsync("alice@example.org", $"require \"{action}\"; {action} \"bitte nicht, Jürgen\";");
        var said = (await SendAsync(Plain, ["alice@example.org"], utf8: utf8)).Recipients[0];
        Assert.Equal(reply, said?.ToString());
        Assert.Empty(await ReadAsync("alice@example.org", "INBOX"));
        if (said is not null)
        {
            var line = new System.Buffers.ArrayBufferWriter<byte>();
            Reply.From(said).WriteTo(line);
            Assert.Equal(reply + "\r\n", Encoding.UTF8.GetString(line.WrittenSpan));
            Assert.Empty(await _store.Store.ListQueueAsync(new(), 10, default));
            return;
        }
        var bounce = (await QueuedAsync("x@sender.example")).Text;
        Assert.Contains("bitte nicht, J=C3=BCrgen", bounce, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; 550 5.7.1 bitte nicht, J\\x{FC}rgen", bounce, StringComparison.Ordinal);
        // Who cannot be told in a message hears it in the reply, in words of ours.
        Assert.Equal(550, (await SendAsync(Plain, ["alice@example.org"], remote: "203.0.113.9")).Recipients[0]!.Code);
    }

    [Fact]
    public async Task A_rejection_among_several_recipients_is_told_to_a_real_sender_only()
    {
        await ActivateAsync("alice@example.org", "require \"reject\"; reject \"no thanks\";");
        Assert.All((await SendAsync(Plain, "alice@example.org", "bob@example.org")).Recipients, Assert.Null);
        Assert.Contains("no thanks", (await QueuedAsync("x@sender.example")).Text, StringComparison.Ordinal);
        await SendAsync(Plain.Replace("<1@", "<4@", StringComparison.Ordinal), ["alice@example.org", "bob@example.org"], remote: "203.0.113.9");
        Assert.Single(await _store.Store.ListQueueAsync(new(), 10, default));
        await OneAsync("alice@example.org", "Junk");
    }

    [Fact]
    public async Task A_report_to_the_postmaster_is_kept_and_the_days_count_becomes_a_report_of_ours()
    {
        var xml = Convert.ToBase64String(DmarcReportWriter.Write(new()
        {
            Organization = "receiver.example",
            ReportId = "7",
            Begin = _store.Clock.GetUtcNow().AddDays(-1),
            End = _store.Clock.GetUtcNow(),
            Published = new("example.org", "none", "", "", false, false, 100, ""),
            Rows = [new() { SourceIp = IPAddress.Parse("192.0.2.99"), Count = 5, Disposition = "quarantine", HeaderFrom = "example.org" }],
        }), Base64FormattingOptions.InsertLineBreaks);
        await SendAsync("Subject: Report Domain: example.org\r\nContent-Type: text/xml; name=\"a!example.org!1!2.xml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + xml + "\r\n", "postmaster@example.org");
        await _intake.IdleAsync(default);
        var (dmarc, _, _, _) = await _reports.ListAsync(_store.Clock.GetUtcNow().AddDays(-3), default);
        Assert.Equal(5, Assert.Single(dmarc).Rows.Sum(r => r.Count));

        for (var i = 0; i < 3; i++) await SendAsync(Plain, "alice@example.org");
        _store.Clock.Advance(TimeSpan.FromDays(1));
        var sender = new ReportSender(new("mail.example.org", "postmaster@example.org", true), _tally, new(_store.Store, _store.Clock), _store.Store, new(), new Router([]), _zone,
            new IdSource(_store.Clock), _store.Clock, NullLogger.Instance);
        await sender.OnceAsync(default);
        var (_, text) = await QueuedAsync("agg@sender.example");
        var octets = Encoding.UTF8.GetBytes(text);
        var found = FoundReport.Find(Unit.Mime.MimeScannerTests.Scan(octets), Unit.Mime.ComposerTests.Reader(octets), new(WorkLimits.Report, TimeProvider.System))?.Dmarc;
        Assert.Equal(("sender.example", 3L), (found!.Published.Domain, found.Rows.Sum(r => r.Count)));
        await sender.OnceAsync(default);
        Assert.Single(await _store.Store.ListQueueAsync(new(Recipient: "agg@sender.example"), 10, default));
    }

    [Fact]
    public async Task Mail_to_a_trap_is_taken_and_goes_to_nobody_but_teaches()
    {
        using var file = RowFile.Open(Path.Combine(_store.Folder, "spam.db"), _store.Clock, NullLogger.Instance);
        using var words = new LearnedWords(file, _store.Clock, NullLogger.Instance);
        await using var reputation = new Reputation(file, _store.Clock);
        var heard = new Heard();
        var traps = new SpamTraps(_store.Clock, NullLogger.Instance) { Words = words, Reputation = reputation, Evidence = heard };
        traps.Declare(["Trap@example.org", "old-*@caught.example", "trap@elsewhere.example"]);
        Make(f => f with { Traps = traps });
        _points.Score = 20;
        Assert.Null((await SendAsync(Plain, "trap@example.org")).Recipients[0]);
        await words.SettleAsync();
        Assert.Equal((0, 1), words.Learned);
        Assert.Equal([new(ListenerKind.Smtp, IPAddress.Parse("192.0.2.7"), Reason.SpamTrap)], heard.All);
        Assert.True(reputation.Of(Reputation.Name('d', "sender.example", true))!.Value.Spam > 0);

        // With a person among the recipients it is filed, and the sender hears nothing of it; a pattern wins over a catch-all, and over nobody.
        Assert.All((await SendAsync(Plain.Replace("<1@", "<2@", StringComparison.Ordinal), "alice@example.org", "OLD-1@caught.example")).Recipients, Assert.Null);
        await OneAsync("alice@example.org", "Junk");
        Assert.Empty(await ReadAsync("keeper@example.org", "INBOX"));
        await words.SettleAsync();
        Assert.Equal((0, 2), words.Learned);

        // A bounce says that somebody else used the trap's name.
        Assert.Null((await SendAsync(Plain, ["trap@example.org"], from: "")).Recipients[0]);
        Assert.Equal(2, heard.All.Count);

        // A login is not fooled, and a domain that is not ours has no traps.
        var elsewhere = Begin("x@sender.example", "192.0.2.7");
        Assert.Equal(554, (await RcptAsync(elsewhere, new(Addresses.Of("trap@elsewhere.example"), null, null)))!.Code);
        var login = Begin("alice@example.org", "192.0.2.7", "alice@example.org");
        Assert.Equal(550, (await RcptAsync(login, new(Addresses.Of("trap@example.org"), null, null)))!.Code);

        // What one network teaches has an end.
        for (var i = 0; i < 20; i++) await SendAsync(Plain.Replace("hello", $"hello {i}", StringComparison.Ordinal), "trap@example.org");
        await words.SettleAsync();
        Assert.Equal((0, 5), words.Learned);
    }

    [Fact]
    public async Task A_greylisted_sender_hears_450_and_a_virus_is_named()
    {
        _points.Action = SpamAction.Greylist;
        Assert.Equal("450 4.7.1 New sender, please try again in a few minutes", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        (_points.Action, _points.Virus) = (SpamAction.Reject, "Eicar-Signature");
        Assert.Equal("550 5.7.1 This message has a virus (Eicar-Signature) and is not accepted", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        Assert.Empty(await ReadAsync("alice@example.org", "INBOX"));
    }

    [Theory]
    [InlineData(null, "0")]
    [InlineData("", "1")]
    [InlineData("Eicar-Signature", "5")]
    public async Task Scripts_hear_what_the_scanner_said(string? virus, string value)
    {
        _points.Virus = virus;
        await ActivateAsync("alice@example.org", $"require [\"virustest\", \"relational\", \"comparator-i;ascii-numeric\", \"imap4flags\"];\r\n"
            + $"if virustest :value \"eq\" :comparator \"i;ascii-numeric\" \"{value}\" {{ addflag \"$Seen{value}\"; }}");
        await SendAsync(Plain, "alice@example.org");
        var account = _accounts.Table.FindAccount("alice@example.org")!.Value;
        var view = (await _store.Store.ViewAsync(account, (await _store.Store.FindMailboxAsync(account, "INBOX", default))!.Id, default))!;
        Assert.Equal(1, view.Count);
        Assert.NotEqual(UInt128.Zero, view[0].Flags.Keywords);
    }

    private sealed class Heard : IEvidence
    {
        public List<Evidence> All { get; } = [];

        public void Report(Evidence evidence) => All.Add(evidence);
    }

    private void Make(Func<ReceiveFilters, ReceiveFilters>? with = null)
    {
        var reader = new MessageReader();
        var router = new Router([]);
        var filter = new SpamFilter(new(), [_points], _store.Clock, NullLogger.Instance);
        var filters = new ReceiveFilters
        {
            Verifier = new(_zone, new() { HostName = "mail.example.org" }, _store.Clock),
            Spam = () => filter,
            Keys = _keys,
            Srs = _srs,
            Sieve = new(new() { HostName = "mail.example.org" }, _scripts, _store.Store, _store.Clock, NullLogger.Instance),
            Post = new(new NoticeTarget(_accounts, _srs), _accounts, _store.Store, reader, router, _store.Clock, NullLogger.Instance),
            Tally = _tally,
            // What DMARC does has tests of its own.
            Dmarc = () => DmarcAction.Score,
            Reports = _intake,
        };
        _receiver = new(new() { HostName = "mail.example.org" }, _accounts, _store.Store, reader, router, new IdSource(_store.Clock), _store.Clock, NullLogger.Instance)
        {
            Filters = with?.Invoke(filters) ?? filters,
        };
    }

    private async Task PublishAsync(string domain)
    {
        foreach (var key in _keys.List().Where(k => k.Domain == domain))
        {
            // The zone line: name, IN, TXT, strings in parentheses.
            var record = string.Concat(key.Record.Split('"').Where((_, i) => i % 2 == 1));
            _zone.Remove($"{key.Selector}._domainkey.{domain}").Txt($"{key.Selector}._domainkey.{domain}", record);
        }
        await _keys.CheckAsync(domain, default);
    }

    private async Task ActivateAsync(string address, string script)
    {
        var account = _accounts.Table.FindAccount(address)!.Value;
        await _scripts.PutAsync(account, "rules", Encoding.UTF8.GetBytes(script), default);
        await _scripts.SetActiveAsync(account, "rules", default);
    }

    private MailTransaction Begin(string sender, string remote, string? login = null, bool utf8 = false)
    {
        var origin = new WireOrigin(ListenerKind.Smtp, new(IPAddress.Parse(remote), 1234), new(IPAddress.Loopback, 25));
        var principal = login is null ? null : new Principal(_accounts.Table.FindAccount(login)!.Value.Value, login);
        return new(new("s1", origin, "client.sender.example", "ESMTP", null, principal), new(Addresses.Of(sender)),
            new(null, BodyType.SevenBit, utf8, null, null, null));
    }

    private async Task<Refusal?> RcptAsync(MailTransaction transaction, MailRecipient recipient) =>
        await (await _receiver.BeginAsync(transaction, default)).Receiving.AddAsync(recipient, default);

    private Task<ReceiveResult> SendAsync(string text, params string[] to) => SendAsync(text, to, "x@sender.example");

    private async Task<ReceiveResult> SendAsync(string text, string[] to, string from = "x@sender.example", string remote = "192.0.2.7", string? login = null, bool utf8 = false)
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
        await _intake.IdleAsync(default);
        Assert.Equal(0, _store.Store.Spool.InFlight);
        return result;
    }

    private async Task<string> OneAsync(string address, string mailbox) => Assert.Single(await ReadAsync(address, mailbox));

    private async Task<List<string>> ReadAsync(string address, string mailbox)
    {
        var account = _accounts.Table.FindAccount(address)!.Value;
        var found = (await _store.Store.FindMailboxAsync(account, mailbox, default))!;
        var view = (await _store.Store.ViewAsync(account, found.Id, default))!;
        var texts = new List<string>();
        for (var i = 0; i < view.Count; i++) texts.Add(await _store.ReadAsync(account, view[i].Email));
        return texts;
    }

    private async Task<(string Sender, string Text)> QueuedAsync(string recipient)
    {
        var item = Assert.Single(await _store.Store.ListQueueAsync(new(Recipient: recipient), 10, default));
        using var body = (await _store.Store.OpenQueueBodyAsync(item.Message.Id, default))!;
        return (item.Message.Sender, TestStore.Read(body));
    }

    /// <summary>A check that says what a test wants.</summary>
    private sealed class Points : ISpamCheck
    {
        public double Score { get; set; }

        public bool Throws { get; set; }

        public SpamAction Action { get; set; }

        public string? Virus { get; set; }

        public string Name => "points";

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
