using System.Net;
using Aviso.Dns;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Who sent it, is it junk: what the receive steps make of what others say.</summary>
public sealed class FilteredReceiveTests : FilteredScene
{
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
        Filter.Score = score;
        Assert.Equal(mailbox == "Junk", (await SendAsync(Plain, "alice@example.org")).IsTagged);
        Assert.Contains("TEST=", await OneAsync("alice@example.org", mailbox), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Junk_by_another_name_is_found_by_its_use()
    {
        var alice = Accounts.Table.FindAccount("alice@example.org")!.Value;
        var junk = (await Store.Store.FindMailboxAsync(alice, "Junk", default))!;
        await Store.Store.RenameMailboxAsync(alice, junk.Id, "Spamverdacht", default);
        Filter.Score = 8;
        await SendAsync(Plain, "alice@example.org");
        await OneAsync("alice@example.org", "Spamverdacht");
    }

    [Fact]
    public async Task The_reject_threshold_is_a_permanent_no_but_the_postmaster_hears_everything()
    {
        Filter.Score = 15;
        Assert.Equal("550 5.7.1 This message looks like spam and is not accepted", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        Assert.Null((await SendAsync(Plain, "postmaster@example.org")).Recipients[0]);
        await OneAsync("alice@example.org", "Junk");
    }

    [Fact]
    public async Task A_filter_that_throws_or_a_resolver_that_fails_never_costs_a_message()
    {
        Filter.Throws = true;
        Zone.Fail("sender.example", DnsStatus.Timeout).Fail("_dmarc.sender.example", DnsStatus.ServFail);
        Assert.Null((await SendAsync(Plain, "alice@example.org")).Recipients[0]);
        var text = await OneAsync("alice@example.org", "INBOX");
        Assert.Contains("skipped=points (fault)", text.Replace("\r\n\t", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("spf=temperror", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_greylisted_sender_hears_450_and_a_virus_is_named()
    {
        Filter.Action = SpamAction.Greylist;
        Assert.Equal("450 4.7.1 New sender, please try again in a few minutes", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        (Filter.Action, Filter.Virus) = (SpamAction.Reject, "Eicar-Signature");
        Assert.Equal("550 5.7.1 This message has a virus (Eicar-Signature) and is not accepted", (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        Assert.Empty(await ReadAsync("alice@example.org", "INBOX"));
    }

    [Theory]
    [InlineData(null, "0")]
    [InlineData("", "1")]
    [InlineData("Eicar-Signature", "5")]
    public async Task Scripts_hear_what_the_scanner_said(string? virus, string value)
    {
        Filter.Virus = virus;
        await ActivateAsync("alice@example.org", $"require [\"virustest\", \"relational\", \"comparator-i;ascii-numeric\", \"imap4flags\"];\r\n"
            + $"if virustest :value \"eq\" :comparator \"i;ascii-numeric\" \"{value}\" {{ addflag \"$Seen{value}\"; }}");
        await SendAsync(Plain, "alice@example.org");
        var account = Accounts.Table.FindAccount("alice@example.org")!.Value;
        var view = (await Store.Store.ViewAsync(account, (await Store.Store.FindMailboxAsync(account, "INBOX", default))!.Id, default))!;
        Assert.Equal(1, view.Count);
        Assert.NotEqual(UInt128.Zero, view[0].Flags.Keywords);
    }

    // Mail came in unscanned while clamd was away, which is when somebody sends it.
    [Theory]
    [InlineData(0, "451 4.7.0 This message cannot be scanned for viruses now, please try again later")]
    [InlineData(8, "451 4.7.0 This message cannot be scanned for viruses now, please try again later")]
    [InlineData(15, "550 5.7.1 This message looks like spam and is not accepted")]
    public async Task Mail_that_was_not_scanned_waits_at_its_sender_unless_it_is_refused_anyway(double score, string reply)
    {
        (Filter.Owes, Filter.Score) = (true, score);
        Make();
        Assert.Equal(reply, (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.ToString());
        Assert.Empty(await ReadAsync("alice@example.org", "INBOX"));
        // The postmaster hears everything, and viruses too only after somebody looked.
        Assert.Equal(451, (await SendAsync(Plain, "postmaster@example.org")).Recipients[0]!.Code);
        Filter.Throws = true;
        Assert.Equal(451, (await SendAsync(Plain, "alice@example.org")).Recipients[0]!.Code);
        // What a login sends is not scanned, so nothing waits.
        Assert.Null((await SendAsync(Plain.Replace("x@sender.example", "alice@example.org", StringComparison.Ordinal), ["bob@example.org"], "alice@example.org",
            login: "alice@example.org")).Recipients[0]);
    }
}
