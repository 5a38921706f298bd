using System.Text;
using Aviso.Smtp;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Scripts of the accounts among everything else that happens to a message.</summary>
public sealed class FilteredScriptTests : FilteredScene
{
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

        Filter.Score = 9;
        await SendAsync(Plain.Replace("<1@", "<3@", StringComparison.Ordinal), "alice@example.org");
        Assert.Equal(2, (await Store.Store.ListQueueAsync(new(), 10, default)).Count);
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
        Filter.Score = 9;
        await ActivateAsync("alice@example.org", script);
        await SendAsync(Plain, "alice@example.org");
        await OneAsync("alice@example.org", mailbox);
    }

    [Fact]
    public async Task Spam_does_not_use_up_the_answer_to_its_sender()
    {
        await ActivateAsync("alice@example.org", "require \"vacation\"; vacation \"away\";");
        Filter.Score = 9;
        await SendAsync(Plain, "alice@example.org");
        Assert.Empty(await Store.Store.ListQueueAsync(new(), 10, default));
        Filter.Score = 0;
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
            Assert.Empty(await Store.Store.ListQueueAsync(new(), 10, default));
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
        Assert.Single(await Store.Store.ListQueueAsync(new(), 10, default));
        await OneAsync("alice@example.org", "Junk");
    }
}
