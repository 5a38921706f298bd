using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>Mail comes, is read and is found again.</summary>
[Collection(BrowserScene.Collection)]
public sealed class ReadingFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    [Fact]
    public Task New_mail_appears_by_itself_and_is_read() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("An older letter"));
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Row("An older letter")).ToBeVisibleAsync();
        await Expect(mail.Page).ToHaveTitleAsync("(1) Aviso");
        person.Receives(new Letter(
            "Just now")
        { Html = "<p>Hello <b>there</b>, this is <a href=\"https://example.test/x\">a link</a>.</p>" });
        await Expect(mail.Row("Just now")).ToBeVisibleAsync();
        await Expect(mail.Rows.First).ToContainTextAsync("Just now");
        await Expect(mail.Page).ToHaveTitleAsync("(2) Aviso");
        await Expect(mail.Row("Just now")).ToContainTextAsync("Unread");
        await mail.OpenAsync("Just now");
        await Expect(mail.Body.GetByText("Hello there, this is a link.")).ToBeVisibleAsync();
        await Expect(mail.Body.Locator("b")).ToHaveTextAsync("there");
        await Expect(mail.Reader).ToContainTextAsync("Mia Winter");
        await Expect(mail.Reader).ToContainTextAsync("to me");
        // Read after a moment, and the counts follow.
        await Expect(mail.Row("Just now")).Not.ToContainTextAsync("Unread");
        await Expect(mail.Page).ToHaveTitleAsync("(1) Aviso");
        await Expect(mail.Folder("Inbox")).ToContainTextAsync("1 unread");
    });

    [Fact]
    public Task A_conversation_shows_what_was_answered_and_folds_quotes() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var first = new Letter("Summer house") { Text = "Shall we go?\r\n", Fields = "References: <first@elsewhere.test>\r\n" };
        var second = new Letter("Re: Summer house")
        {
            Html = "<p>Yes, on Friday.</p><blockquote>Shall we go?</blockquote>",
            From = "Tom Berg <tom@elsewhere.test>",
            Fields = "References: <first@elsewhere.test>\r\nIn-Reply-To: <first@elsewhere.test>\r\n",
        };
        person.Receives(first, second);
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Rows).ToHaveCountAsync(1);
        await Expect(mail.Rows.First).ToContainTextAsync("Mia, Tom");
        await mail.Rows.First.ClickAsync();
        await Expect(mail.Reader).ToContainTextAsync("2 messages");
        var answer = await mail.FrameWithAsync("Yes, on Friday.");
        await Expect(answer.Locator("blockquote")).ToBeHiddenAsync();
        await answer.GetByRole(AriaRole.Button, new() { Name = "Show or hide the quoted text" }).ClickAsync();
        await Expect(answer.Locator("blockquote")).ToBeVisibleAsync();
        // What was said first is open too, being unread.
        await Expect((await mail.FrameWithAsync("Shall we go?")).Locator("#message")).ToBeVisibleAsync();
    });

    /// <summary>A frame is used again: until then nothing of a message that was left may act in it.</summary>
    [Fact]
    public Task A_message_that_was_left_is_in_no_frame_any_more() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        const string link = "<p><a href=\"http://127.0.0.1:9/left\">number</a></p>";
        person.Receives(
            new Letter("Alone") { Html = "<p>Alone</p>" },
            new Letter("Two") { Html = link, Fields = "References: <first@elsewhere.test>\r\n" },
            new Letter("Re: Two") { Html = link, Fields = "References: <first@elsewhere.test>\r\n" });
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Rows).ToHaveCountAsync(2);
        await mail.Rows.First.ClickAsync();
        await Expect(mail.Page.Locator(".message-frame.placed")).ToHaveCountAsync(2);
        foreach (var body in await mail.Page.Locator(".message-frame.placed").AllAsync())
            await Expect(body.ContentFrame.Locator("a")).ToBeVisibleAsync();
        await mail.OpenAsync("Alone");
        await Expect(mail.Page.Locator(".message-frame.placed")).ToHaveCountAsync(1);
        await Expect(mail.Body.Locator("#message")).ToContainTextAsync("Alone");
        Assert.True(await mail.Page.Locator(".message-frame").CountAsync() > 1);
        foreach (var frame in await mail.Page.Locator(".message-frame").AllAsync())
            await Expect(frame.ContentFrame.Locator("a")).ToHaveCountAsync(0);
    });

    [Fact]
    public Task A_search_with_operators_finds_and_its_pieces_are_taken_away() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(
            new Letter("Invoice for March")
            {
                From = "Shop <shop@elsewhere.test>",
                Parts = [Letter.Attachment("invoice.pdf", "application/pdf", "%PDF-1.4 x")]
            },
            new Letter("Invoice for April") { From = "Shop <shop@elsewhere.test>" },
            new Letter("Invoice jokes") { From = "Tom Berg <tom@elsewhere.test>" });
        person.Keeps("INBOX", new Letter("Invoice for May") { From = "Shop <shop@elsewhere.test>" }, "\\Seen");
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Rows).ToHaveCountAsync(4);
        var field = mail.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search mail" });
        await field.ClickAsync();
        await mail.Keys.TypeAsync("from:shop is:unread ");
        await Expect(mail.Rows).ToHaveCountAsync(2);
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Search results" })).ToBeVisibleAsync();
        await mail.Keys.TypeAsync("has:attachment ");
        await Expect(mail.Rows).ToHaveCountAsync(1);
        await Expect(mail.Rows.First).ToContainTextAsync("Invoice for March");
        await Expect(mail.Page.GetByText("Nothing found")).ToBeHiddenAsync();
        await mail.Button("Remove has:attachment").ClickAsync();
        await mail.Button("Remove is:unread").ClickAsync();
        await Expect(mail.Rows).ToHaveCountAsync(3);
        await field.FillAsync("-subject:\"Invoice for\"");
        await mail.Button("Remove from:shop").ClickAsync();
        await Expect(mail.Rows).ToHaveCountAsync(1);
        await Expect(mail.Rows.First).ToContainTextAsync("Invoice jokes");
        await field.FillAsync("nothing like it");
        await Expect(mail.Page.GetByText("Nothing found")).ToBeVisibleAsync();
        // Back is back: to the inbox, as a browser does it.
        await mail.Button("Clear search").ClickAsync();
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Inbox" })).ToBeVisibleAsync();
        await Expect(mail.Rows).ToHaveCountAsync(4);
    });

    [Fact]
    public Task Pictures_of_the_message_are_shown_and_those_of_elsewhere_are_not() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("Two pictures")
        {
            Html = $"<p>Ours: <img id=a src=\"cid:dot@elsewhere.test\"> theirs: <img src=\"http://{Sink.Host}/b.png\" width=40 "
                + $"height=40></p>",
            Kind = "related",
            Parts = [$"Content-Type: image/png\r\nContent-ID: <dot@elsewhere.test>\r\nContent-Disposition: inline; filename=dot.png\r\n"
                + $"Content-Transfer-Encoding: base64\r\n\r\n{Letter.Base64(Dot)}"],
        });
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Two pictures");
        await Expect(mail.Body.Locator("img[src^='blob:']")).ToHaveCountAsync(1);
        await Patience.UntilAsync(async () =>
            await mail.Body.Locator("img[src^='blob:']").EvaluateAsync<int>("image => image.naturalWidth") == 1,
                "the picture has been drawn");
        await Expect(mail.Reader).ToContainTextAsync("1 image from elsewhere was not loaded");
        // What stands in the text is not offered as an attachment too.
        await Expect(mail.Reader.GetByText("dot.png")).ToBeHiddenAsync();
    });

    [Fact]
    public Task A_long_list_is_scrolled_and_rows_come_as_they_are_looked_at() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(Enumerable.Range(1, 300).Select(n => new Letter($"Letter number {n}.")));
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Row("Letter number 300.")).ToBeVisibleAsync();
        var list = mail.Page.GetByRole(AriaRole.Grid, new() { Name = "Messages" });
        await Expect(list).ToHaveAttributeAsync("aria-rowcount", "300");
        Assert.InRange(await mail.Rows.CountAsync(), 8, 40);
        await list.EvaluateAsync("list => { list.scrollTop = list.scrollHeight }");
        await Expect(mail.Row("Letter number 1.")).ToBeVisibleAsync();
        await Expect(mail.Row("Letter number 1.")).ToHaveAttributeAsync("aria-rowindex", "300");
        Assert.InRange(await mail.Rows.CountAsync(), 8, 40);
        // The list stays where it is looked at when mail comes above it.
        person.Receives(new Letter("Something new"));
        await Expect(list).ToHaveAttributeAsync("aria-rowcount", "301");
        await Expect(mail.Row("Letter number 1.")).ToBeVisibleAsync();
    });

    // One point, as a PNG.
    internal static byte[] Dot { get; } = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
}
