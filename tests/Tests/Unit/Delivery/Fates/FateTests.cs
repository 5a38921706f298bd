using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Base;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Fates;

/// <summary>What is acknowledged is somewhere: redirects inside the server, refusals of one account among several, forwards cut as loops.</summary>
public sealed class FateTests
{
    private const string Copy = "require \"copy\"; ", Reject = "require \"reject\"; reject \"no thanks\";";

    private static readonly object[] Facts =
    [
        Declare.Account("carol@example.org"), Declare.Account("dave@example.org"), Declare.Account("tight@example.org", quota: 2000),
        Declare.Alias("me@example.org", "alice@example.org"), Declare.Alias("list@example.org", "alice@example.org", "bob@example.org"),
        Declare.Alias("others@example.org", "bob@example.org", "carol@example.org"), Declare.Alias("out@example.org", "dan@elsewhere.example"),
        Declare.Alias("both@example.org", "dave@example.org", "dan@elsewhere.example"),
        Declare.Alias("mixed@example.org", "out@example.org", "bob@example.org", "alice@example.org"),
        Declare.Domain("caught.example", catchAll: "dave@example.org"),
    ];

    public static TheoryData<string, string[], string[]> Redirects => new()
    {
        { "alice: redirect alice", ["alice"], ["alice/INBOX"] },
        { "alice: redirect Me", ["alice"], ["alice/INBOX"] },
        { "alice: redirect ALICE", ["alice"], ["alice/INBOX"] },
        { "alice: redirect alice+detail", ["alice"], ["alice/INBOX"] },
        { "alice: redirect nobody", ["alice"], ["alice/INBOX"] },
        { "alice: redirect x@elsewhere.example", ["alice"], ["to x@elsewhere.example"] },
        { "alice: redirect bob", ["alice"], ["bob/INBOX"] },
        { "alice: redirect :copy bob", ["alice"], ["alice/INBOX", "bob/INBOX"] },
        { "alice: redirect :copy alice", ["alice"], ["alice/INBOX"] },
        { "alice: redirect bob; bob: redirect alice", ["alice"], ["bob/INBOX"] },
        { "alice: redirect bob; bob: redirect alice", ["alice", "bob"], ["bob/INBOX"] },
        { "alice: redirect bob; bob: redirect carol; carol: redirect alice", ["alice"], ["carol/INBOX"] },
        { "alice: redirect bob; bob: redirect carol; carol: redirect bob", ["alice"], ["carol/INBOX"] },
        { "alice: redirect list", ["alice"], ["alice/INBOX", "bob/INBOX"] },
        { "alice: redirect list; bob: redirect list", ["alice"], ["alice/INBOX", "bob/INBOX"] },
        { "alice: redirect list", ["list"], ["alice/INBOX", "bob/INBOX"] },
        // What alice gets of carol she has sent to bob already.
        { "alice: redirect others; bob: redirect alice; carol: redirect alice", ["alice"], ["bob/INBOX"] },
        { "alice: redirect others; bob: redirect alice; carol: redirect alice", ["others"], ["alice/INBOX"] },
        { "bob: redirect alice; carol: redirect alice", ["others"], ["alice/INBOX"] },
        { "bob: redirect alice", ["alice", "bob"], ["alice/INBOX"] },
        { "alice: if-else nobody", ["alice"], ["alice/INBOX"] },
        { "alice: redirect bob; bob: discard", ["alice"], ["alice/INBOX"] },
        { "alice: discard", ["alice"], [] },
        { "alice: redirect any@caught.example", ["alice"], ["dave/INBOX"] },
        { "alice: redirect bob; alice: redirect x@elsewhere.example", ["alice"], ["to x@elsewhere.example"] },
    };

    [Theory]
    [MemberData(nameof(Redirects))]
    public async Task A_redirect_within_the_server_leaves_the_message_somewhere(string scripts, string[] to, string[] places)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await WriteAsync(scene, scripts);
        var sent = await scene.SendAsync(to);
        Assert.All(sent.Replies, Assert.Null);
        Assert.Equal(places, await scene.FindAsync(sent));
    }

    [Theory]
    [InlineData("alice: redirect alice", "that leads back to this mailbox")]
    [InlineData("alice: redirect nobody", "nobody here has this address")]
    [InlineData("alice: redirect bob; bob: discard", "bob@example.org does not keep it, or sends it back here")]
    public async Task Whose_redirect_comes_to_nothing_hears_of_it(string scripts, string why)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await WriteAsync(scene, scripts);
        await scene.SendAsync("alice");
        var note = Assert.Single(await scene.ReadAsync("alice", "INBOX"), t => t.Contains("Your mail filter \"rules\" failed", StringComparison.Ordinal));
        Assert.Contains(why, note, StringComparison.Ordinal);
        await scene.SendAsync("alice");
        Assert.Single(await scene.ReadAsync("alice", "INBOX"), t => t.Contains("Your mail filter \"rules\" failed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("alice: :copy bob; bob: reject", From.Proven, "alice", null, "alice/INBOX,bounce of alice@example.org")]
    [InlineData("alice: :copy bob; bob: reject", From.Unproven, "alice", null, "alice/INBOX,bob/Junk")]
    [InlineData("alice: redirect bob; bob: reject", From.Proven, "alice", null, "bounce of alice@example.org")]
    [InlineData("alice: redirect bob; bob: reject", From.Unproven, "alice", null, "bob/Junk")]
    [InlineData("alice: redirect others; bob: reject", From.Proven, "alice", null, "bounce of alice@example.org,carol/INBOX")]
    [InlineData("bob: reject", From.Proven, "list", null, "alice/INBOX,bounce of list@example.org")]
    [InlineData("bob: reject", From.Proven, "bob", "550 5.7.1 no thanks", "")]
    [InlineData("bob: ereject", From.Unproven, "bob", "550 5.7.1 no thanks", "")]
    [InlineData("alice: reject; bob: ereject", From.Proven, "alice bob", "550 5.7.1 no thanks", "")]
    [InlineData("alice: discard; bob: reject", From.Unproven, "alice bob", null, "bob/Junk")]
    [InlineData("alice: discard; bob: reject", From.Proven, "alice bob", null, "bounce of bob@example.org")]
    [InlineData("bob: reject; alice: redirect bob", From.Unproven, "alice bob", null, "alice/INBOX,bob/Junk")]
    [InlineData("bob: reject", From.Null, "mixed", null, "alice/INBOX,bob/Junk,to dan@elsewhere.example")]
    public async Task One_accounts_reject_never_takes_anothers_copy(string scripts, object from, string to, string? reply, string places)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await WriteAsync(scene, scripts);
        var sent = await scene.SendAsync((From)from, to.Split(' '));
        Assert.All(sent.Replies, r => Assert.Equal(reply, r));
        Assert.Equal(places, string.Join(',', await scene.FindAsync(sent)));
    }

    [Theory]
    [InlineData(false, From.Proven, "out", "554 5.4.6 Mail loop", "")]
    [InlineData(false, From.Proven, "out bob", null, "bob/INBOX,bounce of out@example.org")]
    [InlineData(false, From.Unproven, "out bob", null, "alice/INBOX,bob/INBOX")]
    [InlineData(false, From.Null, "out bob", null, "alice/INBOX,bob/INBOX")]
    [InlineData(false, From.Proven, "both", null, "bounce of both@example.org,dave/INBOX")]
    [InlineData(false, From.Unproven, "both", null, "dave/INBOX")]
    public async Task A_forward_cut_as_a_loop_is_told_or_kept(bool lmtp, object from, string to, string? reply, string places)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        var sent = await scene.SendAsync((From)from, to.Split(' '), lmtp, before: "Delivered-To: out@example.org\r\nDelivered-To: both@example.org\r\n");
        Assert.All(sent.Replies, r => Assert.Equal(reply, r));
        Assert.Equal(places, string.Join(',', await scene.FindAsync(sent)));
    }

    [Fact]
    public async Task Over_lmtp_a_forward_cut_as_a_loop_has_its_own_reply()
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        var sent = await scene.SendAsync(From.Proven, ["bob", "out"], lmtp: true, before: "Delivered-To: out@example.org\r\n");
        Assert.Equal([null, "554 5.4.6 Mail loop"], sent.Replies);
        Assert.Equal(["bob/INBOX"], await scene.FindAsync(sent));
    }

    [Theory]
    [InlineData("alice: redirect tight", "alice", null, "alice/INBOX")]
    // Who sends it there second keeps it as well: what the first keeps is not his.
    [InlineData("alice: redirect tight; bob: redirect tight", "alice bob", null, "alice/INBOX,bob/INBOX")]
    [InlineData("carol: redirect :copy tight; dave: redirect tight", "carol dave", null, "carol/INBOX,dave/INBOX")]
    [InlineData("alice: redirect tight", "alice tight", null, "alice/INBOX,bounce of tight@example.org")]
    [InlineData("alice: discard", "alice tight", null, "bounce of tight@example.org")]
    [InlineData("", "tight", "452 4.2.2 Mailbox is full", "")]
    public async Task A_full_mailbox_loses_nothing(string scripts, string to, string? reply, string places)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await WriteAsync(scene, scripts);
        var sent = await scene.SendAsync(From.Proven, to.Split(' '), octets: 3000);
        Assert.All(sent.Replies, r => Assert.Equal(reply, r));
        Assert.Equal(places, string.Join(',', await scene.FindAsync(sent)));
    }

    [Fact]
    public async Task What_a_script_changed_reaches_accounts_of_ours_changed_and_marked()
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await scene.ScriptAsync("alice", "require \"editheader\"; deleteheader \"Subject\"; addheader \"Subject\" \"edited\"; addheader \"X-Added\" \"yes\"; redirect \"carol@example.org\";");
        await scene.ScriptAsync("carol", "require \"fileinto\"; if header \"X-Added\" \"yes\" { fileinto \"Archive\"; }");
        await scene.SendAsync("alice");
        var text = Assert.Single(await scene.ReadAsync("carol", "Archive"));
        Assert.Contains("\r\nSubject: edited\r\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Subject: token", text, StringComparison.Ordinal);
        Assert.StartsWith("Return-Path: <x@sender.example>\r\nDelivered-To: carol@example.org\r\n", text, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Sieve-Redirected-From: alice@example.org\r\n", text, StringComparison.Ordinal);
        Assert.Equal(text.IndexOf("Return-Path:", StringComparison.Ordinal), text.LastIndexOf("Return-Path:", StringComparison.Ordinal));
        Assert.EndsWith("\r\n\r\nhello\r\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("info@example.org", "info@example.org", "")]
    [InlineData("Info+News@example.org", "Info+News@example.org", "News")]
    [InlineData("alice+x@example.org", "alice+x@example.org", "x")]
    [InlineData("list@example.org", "list@example.org", "")]
    [InlineData("some.thing@caught.example", "some.thing@caught.example", "")]
    [InlineData("alice@example.org", "alice@example.org", "")]
    public async Task The_envelope_of_a_script_is_the_address_that_the_sender_named(string to, string address, string detail)
    {
        await using var scene = await FateScene.OpenAsync([.. Facts, Declare.Alias("info@example.org", "alice@example.org")]);
        var local = to.EndsWith("caught.example", StringComparison.Ordinal) ? "dave" : "alice";
        await scene.ScriptAsync(local, "require [\"envelope\", \"subaddress\", \"variables\", \"fileinto\", \"mailbox\"];\r\n"
            + $"if allof(envelope :is \"to\" \"{address}\", envelope :detail :is \"to\" \"{detail}\") {{ fileinto :create \"Right\"; }}"
            + (detail.Length > 0 ? "" : $"\r\nif envelope :is \"to\" \"{address}\" {{ fileinto :create \"Right\"; }}"));
        await scene.SendAsync(to);
        var text = Assert.Single(await scene.ReadAsync(local, "Right"));
        Assert.Equal(to != "alice@example.org", text.Contains($"\r\nX-Original-To: {to}\r\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(From.Proven, 1)]
    [InlineData(From.Unproven, 0)]
    [InlineData(From.AsOurs, 0)]
    public async Task Only_a_sender_who_is_proven_gets_reports_and_answers(object from, int letters)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await scene.SendAsync((From)from, ["carol"], notify: "SUCCESS");
        Assert.Equal(letters, (await scene.Store.Store.ListQueueAsync(new(), 10, default)).Count);
        Assert.Empty(await scene.ReadAsync("bob", "INBOX"));
        await scene.ScriptAsync("carol", "require \"vacation\"; vacation :addresses \"you@example.org\" \"away\";");
        await scene.SendAsync((From)from, ["carol"]);
        Assert.Equal(2 * letters, (await scene.Store.Store.ListQueueAsync(new(), 10, default)).Count);
        Assert.Empty(await scene.ReadAsync("bob", "INBOX"));
    }

    [Fact]
    public async Task A_stranger_in_the_name_of_one_of_ours_is_not_forwarded_under_that_name()
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await scene.SendAsync(From.AsOurs, ["out"]);
        var sender = Assert.Single(await scene.Store.Store.ListQueueAsync(new(), 10, default)).Message.Sender;
        Assert.StartsWith("SRS0=", sender, StringComparison.Ordinal);
        Assert.Equal(Addresses.Of("alice@example.org"), await scene.Srs.ReverseAsync(Addresses.Of(sender).LocalPart, default));
    }

    [Theory]
    [InlineData("The Boss <ceo@bank.example>", "From: alice@example.org")]
    [InlineData("bob@example.org", "From: alice@example.org")]
    [InlineData("Alice <alice+x@example.org>", "From: Alice <alice+x@example.org>")]
    [InlineData("J\u00f6rg M\u00fcller <me@example.org>", "From: =?utf-8?")]
    public async Task Scripts_write_in_their_owners_name_only(string from, string field)
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        scene.AllowsSending();
        await scene.ScriptAsync("alice", $"require [\"vacation\", \"enotify\"]; vacation :addresses \"you@example.org\" :from \"{from}\" \"away\";\r\n"
            + $"notify :from \"{from}\" \"mailto:me@far.example\";");
        await scene.SendAsync("alice");
        var letters = await scene.QueuedAsync();
        Assert.Equal(2, letters.Count);
        Assert.All(letters, l => Assert.Contains("\r\n" + field, "\r\n" + l.Text, StringComparison.Ordinal));
        Assert.All(letters, l => Assert.Equal(scene.AccountOf("alice"), l.Account));
    }

    [Fact]
    public async Task A_reason_with_mime_fields_brings_no_others()
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        await scene.ScriptAsync("alice", "require \"vacation\"; vacation :addresses \"you@example.org\" :mime text:\r\nFrom: ceo@bank.example\r\nContent-Type: text/plain\r\n"
            + "DKIM-Signature: v=1\r\nReceived: from a\r\n\r\naway\r\n.\r\n;");
        await scene.SendAsync("alice");
        var text = Assert.Single(await scene.QueuedAsync()).Text;
        Assert.DoesNotContain("bank.example", text, StringComparison.Ordinal);
        Assert.DoesNotContain("DKIM-Signature", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Received: from a", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/plain\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\naway\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_scripts_send_counts_against_the_limits_of_their_owner()
    {
        await using var scene = await FateScene.OpenAsync(Facts);
        var brake = await Aviso.Delivery.SendingBrake.OpenAsync(
            new() { MessagesPerHour = 3, NewRecipients = 1 }, scene.Store.Store, scene.Store.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, default);
        scene.Filters = scene.Filters with { Sending = brake };
        await scene.ScriptAsync("alice", "require \"enotify\"; redirect \"one@far.example\"; notify \"mailto:two@far.example\";");
        for (var i = 0; i < 3; i++) await scene.SendAsync("alice");
        Assert.Equal(3, (await scene.QueuedAsync()).Count);
        // The redirect that was not sent is kept, and the brake holds the rest.
        Assert.Single(await scene.ReadAsync("alice", "INBOX"), t => t.Contains("hello", StringComparison.Ordinal));
        Assert.NotNull(brake.HoldReason(scene.AccountOf("alice")));
        Assert.Contains(await scene.ReadAsync("alice", "INBOX"), t => t.Contains("The last message came from a script.", StringComparison.Ordinal));
    }

    // "alice: redirect bob; bob: reject": one script a piece.
    private static async Task WriteAsync(FateScene scene, string scripts)
    {
        foreach (var piece in scripts.Split("; ", StringSplitOptions.RemoveEmptyEntries))
        {
            var (owner, what) = (piece.Split(": ")[0], piece[(piece.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            await scene.ScriptAsync(owner, what.Split(' ') switch
            {
                ["discard"] => "discard;",
                ["reject"] => Reject,
                ["ereject"] => Reject.Replace("reject", "ereject", StringComparison.Ordinal),
                ["redirect", ":copy", var to] => $"{Copy}redirect :copy \"{Whole(to)}\";",
                [":copy", var to] => $"{Copy}redirect :copy \"{Whole(to)}\";",
                ["if-else", var to] => $"if false {{ keep; }} else {{ redirect \"{Whole(to)}\"; }}",
                ["redirect", var to] => $"redirect \"{Whole(to)}\";",
                _ => throw new ArgumentException(piece),
            });
        }
    }

    private static string Whole(string address) => address.Contains('@', StringComparison.Ordinal) ? address : $"{address}@example.org";
}
