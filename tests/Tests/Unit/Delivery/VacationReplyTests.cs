using System.Text;
using Aviso.Accounts;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>VacationResponse (RFC 8621 §8) where mail arrives: who is answered, when and with what, and scripts go on as they
/// were.</summary>
public sealed class VacationReplyTests : FilteredScene
{
    private const string Me = "alice@example.org", Sender = "x@sender.example";

    private DateTimeOffset Now => Store.Clock.GetUtcNow();

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(-60, 60, true)]
    [InlineData(0, 60, true)]
    [InlineData(60, null, false)]
    [InlineData(null, -60, false)]
    [InlineData(null, 0, false)]
    [InlineData(60, -60, false)]
    public async Task A_message_is_answered_on_or_after_the_one_time_and_before_the_other(int? from, int? to, bool isAnswered)
    {
        await SetAsync(new() { IsEnabled = true, From = At(from), To = At(to), Text = "I am away." });
        await SendAsync(Plain, Me);
        await OneAsync(Me, "INBOX");
        Assert.Equal(isAnswered ? 1 : 0, (await Store.Store.ListQueueAsync(new(Recipient: Sender), 10, default)).Count);
        if (isAnswered) Assert.Equal("", (await QueuedAsync(Sender)).Sender);

        DateTimeOffset? At(int? seconds) => seconds is { } s ? Now.AddSeconds(s) : null;
    }

    [Fact]
    public async Task Times_come_and_go_without_anybody_doing_anything()
    {
        await SetAsync(new() { IsEnabled = true, From = Now.AddHours(1), To = Now.AddHours(2) });
        await SendAsync(Numbered(1), [Me], "one@sender.example");
        Store.Clock.Advance(TimeSpan.FromHours(1));
        await SendAsync(Numbered(2), [Me], "two@sender.example");
        Store.Clock.Advance(TimeSpan.FromHours(1));
        await SendAsync(Numbered(3), [Me], "three@sender.example");
        Assert.Equal(["two@sender.example"], await AnsweredAsync());
        await SetAsync(new() { IsEnabled = false });
        await SendAsync(Numbered(4), [Me], "four@sender.example");
        Assert.Equal(["two@sender.example"], await AnsweredAsync());
    }

    // RFC 5230 §4.5, §4.6, RFC 3834 §2
    [Theory]
    [InlineData("List-Id: <list.sender.example>\r\n", Sender)]
    [InlineData("Precedence: bulk\r\n", Sender)]
    [InlineData("Auto-Submitted: auto-replied\r\n", Sender)]
    [InlineData("X-Auto-Response-Suppress: All\r\n", Sender)]
    [InlineData("", "")]
    [InlineData("", "mailer-daemon@sender.example")]
    [InlineData("", "list-request@sender.example")]
    [InlineData("", Me)]
    public async Task Nobody_is_answered_who_is_no_person(string field, string from)
    {
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        await SendAsync(field + Plain, [Me], from);
        Assert.Empty(await Store.Store.ListQueueAsync(new(), 10, default));
    }

    [Fact]
    public async Task A_message_that_was_not_sent_to_the_account_itself_is_not_answered()
    {
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        await SendAsync(Plain.Replace("To: alice@example.org", "To: friends@sender.example", StringComparison.Ordinal), Me);
        Assert.Empty(await AnsweredAsync());
    }

    [Fact]
    public async Task A_sender_is_answered_once_a_week_and_again_when_something_else_is_said()
    {
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        for (var i = 0; i < 3; i++) await SendAsync(Numbered(i), Me);
        Assert.Single(await AnsweredAsync());
        Store.Clock.Advance(TimeSpan.FromDays(7.1));
        await SendAsync(Numbered(4), Me);
        Assert.Equal(2, (await AnsweredAsync()).Count);
        await SetAsync(new() { IsEnabled = true, Text = "I am still away." });
        await SendAsync(Numbered(5), Me);
        Assert.Equal(3, (await AnsweredAsync()).Count);
        // Off and on again is not something else.
        await SetAsync(new() { IsEnabled = false, Text = "I am still away." });
        await SetAsync(new() { IsEnabled = true, Text = "I am still away." });
        await SendAsync(Numbered(6), Me);
        Assert.Equal(3, (await AnsweredAsync()).Count);
    }

    [Theory]
    [InlineData("keep;", "INBOX", true)]
    [InlineData("require \"fileinto\"; fileinto \"Archive\"; stop;", "Archive", true)]
    [InlineData("require \"editheader\"; deleteheader \"To\";", "INBOX", true)]
    [InlineData("require \"no-such-extension\"; discard;", "INBOX", true)]
    [InlineData("discard;", null, false)]
    [InlineData("require \"vacation\"; vacation :handle \"mine\" \"The script speaks.\";", "INBOX", true)]
    [InlineData("require \"vacation\"; if header :is \"Subject\" \"none\" { vacation \"Never.\"; }", "INBOX", true)]
    public async Task The_persons_script_goes_on_as_it_was(string script, string? mailbox, bool isAnswered)
    {
        await ActivateAsync(Me, script);
        await SetAsync(new() { IsEnabled = true, Text = "The response speaks." });
        await SendAsync(Plain, Me);
        if (mailbox is null) Assert.Empty(await ReadAsync(Me, "INBOX"));
        else Assert.Contains(await ReadAsync(Me, mailbox), text => text.Contains("Subject: hi", StringComparison.Ordinal));
        Assert.Equal(isAnswered ? [Sender] : [], await AnsweredAsync());
        if (!isAnswered) return;
        // One answer to a message: the script's own, where it has one.
        var speaks = script.Contains("mine", StringComparison.Ordinal) ? "The script speaks." : "The response speaks.";
        Assert.Contains(speaks, (await QueuedAsync(Sender)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_the_script_refuses_is_not_answered()
    {
        await ActivateAsync(Me, "require \"ereject\"; ereject \"No.\";");
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        var result = await SendAsync(Plain, Me);
        Assert.NotNull(Assert.Single(result.Recipients));
        Assert.Empty(await AnsweredAsync());
    }

    [Fact]
    public async Task Spam_is_not_answered()
    {
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        Filter.Score = 9;
        await SendAsync(Plain, Me);
        Assert.Empty(await AnsweredAsync());
        await OneAsync(Me, "Junk");
    }

    [Theory]
    [InlineData(null, "Auto: hi")]
    [InlineData("Away", "Away")]
    [InlineData("On \"holiday\" \\ ${x}", "On \"holiday\" \\ ${x}")]
    [InlineData("Ferien in M\u00fcnchen", "Ferien in M\u00fcnchen")]
    public async Task The_subject_is_what_was_said_or_made_of_the_messages(string? subject, string expected)
    {
        await SetAsync(new() { IsEnabled = true, Subject = subject, Text = "x" });
        await SendAsync(Plain, Me);
        var header = Encoding.UTF8.GetBytes((await QueuedAsync(Sender)).Text);
        Assert.True(HeaderFields.TryFind(header, "Subject"u8, out var found));
        Assert.Equal(expected, HeaderText.Decode(found).Trim());
    }

    [Theory]
    [InlineData(
        "I am\naway.\n.\n\"quoted\" \\ ${unicode:40}", null, "text/plain", "I am\r\naway.\r\n.\r\n\"quoted\" \\ ${unicode:40}", null)]
    [InlineData(
        "Gr\u00fc\u00dfe", "<p>Gr\u00fc\u00dfe \"1\"</p>", "multipart/alternative", "Gr\u00fc\u00dfe", "<p>Gr\u00fc\u00dfe \"1\"</p>")]
    [InlineData(
        null, "<p>I am <b>away</b> &amp; glad</p>", "multipart/alternative", "I am away & glad", "<p>I am <b>away</b> &amp; glad</p>")]
    [InlineData(null, null, "text/plain", "Thank you for your message.", null)]
    [InlineData("", null, "text/plain", "", null)]
    public async Task The_answer_says_what_was_written(string? text, string? html, string type, string plain, string? alternative)
    {
        await SetAsync(new() { IsEnabled = true, Text = text, Html = html });
        await SendAsync(Plain, Me);
        var message = (await QueuedAsync(Sender)).Text;
        var root = MimeKit.MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(message)));
        Assert.Equal(type, root.Body!.ContentType.MimeType);
        Assert.StartsWith(plain, root.TextBody!.ReplaceLineEndings("\r\n"), StringComparison.Ordinal);
        Assert.Equal(alternative, root.HtmlBody?.Trim());
        Assert.Equal(Me, Assert.Single(root.From.Mailboxes).Address);
        Assert.Equal("auto-replied", root.Headers["Auto-Submitted"]);
        Assert.Equal("1@sender.example", root.InReplyTo);
    }

    [Fact]
    public async Task An_account_without_one_costs_nothing_and_others_are_left_alone()
    {
        await SetAsync(new() { IsEnabled = true, Text = "I am away." });
        await SendAsync(Plain.Replace(Me, "keeper@example.org", StringComparison.Ordinal), "keeper@example.org");
        Assert.Empty(await AnsweredAsync());
    }

    private static string Numbered(int number) => Plain.Replace("<1@", $"<n{number}@", StringComparison.Ordinal);

    private Task SetAsync(VacationReply reply) => Replies.ChangeAsync(Accounts.Table.FindAccount(Me)!.Value, (_, _) => reply, default);

    private async Task<List<string>> AnsweredAsync() =>
        [.. (await Store.Store.ListQueueAsync(new(), 10, default)).SelectMany(item => item.Recipients).Select(r => r.Address)
            .Order(StringComparer.Ordinal)];
}
