using System.Text;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>Letters from the first key to the other's inbox.</summary>
[Collection(BrowserScene.Collection)]
public sealed class WritingFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    /// <summary>For those who wait for no undo.</summary>
    internal const string AtOnce = "if (origin !== 'null') localStorage.setItem('aviso.undoSeconds', '0')";

    private static readonly FilePayload Plan = new()
    {
        Name = "plan of the house.txt",
        MimeType = "text/plain",
        Buffer = Encoding.UTF8.GetBytes("four walls\n")
    };

    [Fact]
    public Task A_letter_with_an_attachment_arrives_and_is_answered() => scene.PlayAsync(async play =>
    {
        var (anna, bob) = (play.NewPerson(), play.NewPerson());
        var mail = await play.SignedInAsync(anna, script: AtOnce);
        var other = await play.SignedInAsync(bob, script: AtOnce);
        await mail.WriteAsync(bob.Address, "The plans", "Here they are.");
        await mail.Composer.GetByLabel("Attach files").SetInputFilesAsync(Plan);
        await Expect(mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Remove plan of the house.txt" })).ToBeVisibleAsync();
        await mail.SendAsync();
        await Expect(mail.Composer).ToBeHiddenAsync();
        await Expect(mail.Status).ToContainTextAsync("Sent");
        // It comes to the other by itself, whole.
        await other.OpenAsync("The plans");
        await Expect(other.Body.GetByText("Here they are.")).ToBeVisibleAsync();
        await Expect(other.Reader).ToContainTextAsync("1 attachment");
        var download = await other.Page.RunAndWaitForDownloadAsync(
            () => other.Reader.GetByRole(AriaRole.Link, new() { Name = "Save plan of the house.txt" }).ClickAsync());
        Assert.Equal("plan of the house.txt", download.SuggestedFilename);
        Assert.Equal("four walls\n", await File.ReadAllTextAsync(await download.PathAsync()));
        // And is answered, with what it says quoted.
        await other.Reader.GetByRole(AriaRole.Button, new() { Name = "Reply", Exact = true }).Last.ClickAsync();
        await Expect(other.Editor).ToContainTextAsync("Here they are.");
        await Expect(other.Composer.GetByLabel("Subject")).ToHaveValueAsync("Re: The plans");
        await Expect(other.Composer.GetByRole(AriaRole.Button, new() { Name = $"Remove {anna.Address}" })).ToBeVisibleAsync();
        await other.Keys.TypeAsync("Thank you!");
        await other.SendAsync();
        await Expect(other.Row("The plans")).ToContainTextAsync("Answered");
        await Expect(mail.Row("The plans")).ToBeVisibleAsync();
        await mail.OpenAsync("The plans");
        await Expect(mail.Reader).ToContainTextAsync("2 messages");
        await mail.GoAsync("Sent");
        await Expect(mail.Row("The plans")).ToContainTextAsync(bob.Address);
        Assert.Equal((1, 0), (anna.Count("Sent"), anna.Count("Drafts")));
    });

    [Fact]
    public Task Files_are_dropped_onto_a_letter() => scene.PlayAsync(async play =>
    {
        var mail = await play.SignedInAsync(play.NewPerson());
        await mail.WriteAsync("bob@example.test", "Dropped", "Look.");
        var dropped = await mail.Page.EvaluateHandleAsync(
            "() => { const all = new DataTransfer(); all.items.add(new File(['a,b'], 'table.csv', { type: 'text/csv' })); return all }");
        var detail = new Dictionary<string, object> { ["dataTransfer"] = dropped };
        await mail.Composer.DispatchEventAsync("dragover", detail);
        await Expect(mail.Composer.GetByText("Drop files here")).ToBeVisibleAsync();
        await mail.Composer.DispatchEventAsync("drop", detail);
        await Expect(mail.Composer.GetByText("Drop files here")).ToBeHiddenAsync();
        await Expect(mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Remove table.csv" })).ToBeVisibleAsync();
        await Expect(mail.Composer.GetByRole(AriaRole.Progressbar)).ToHaveCountAsync(0);
    });

    [Fact]
    public Task A_letter_that_was_sent_is_taken_back_and_nobody_gets_it() => scene.PlayAsync(async play =>
    {
        var (anna, bob) = (play.NewPerson(), play.NewPerson());
        var mail = await play.SignedInAsync(anna);
        await mail.WriteAsync(bob.Address, "Too quick", "I did not mean it.");
        await mail.SendAsync();
        await Expect(mail.Status).ToContainTextAsync("Sent");
        await mail.UndoAsync();
        await Expect(mail.Editor).ToContainTextAsync("I did not mean it.");
        await Expect(mail.Composer.GetByLabel("Subject")).ToHaveValueAsync("Too quick");
        await Patience.UntilAsync(() => (anna.Count("Sent"), anna.Count("Drafts")) == (0, 1), "it is a draft again");
        // What is sent after it overtakes it: had it gone out, it would be there by then.
        await mail.Composer.GetByLabel("Subject").FillAsync("Well considered");
        await mail.SendAsync();
        await Patience.UntilAsync(() => bob.Count("INBOX") > 0, "the second one arrives", seconds: 60);
        Assert.Equal(1, bob.Count("INBOX"));
        var other = await play.SignedInAsync(bob);
        await Expect(other.Row("Well considered")).ToBeVisibleAsync();
    });

    [Fact]
    public Task A_page_that_dies_leaves_its_letter_to_the_next() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.SignedInAsync(person);
        await mail.WriteAsync("bob@example.test", "Unfinished", "A thought that must not");
        // Only the copy in the browser is waited for: the server may never have heard of it.
        await mail.Page.WaitForFunctionAsync(
            "() => Object.keys(localStorage).some(k => k.startsWith('aviso.draft.') && localStorage[k].includes('must not'))");
        await mail.Page.CloseAsync();
        var next = new Webmail(await mail.Page.Context.NewPageAsync(), mail.Watch);
        await next.Page.GotoAsync(play.Scene.Origin + "/");
        var offer = next.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "An unfinished message was kept here: Unfinished" });
        await Expect(offer).ToBeVisibleAsync();
        await offer.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(next.Editor).ToContainTextAsync("A thought that must not");
        await Expect(next.Composer.GetByLabel("Subject")).ToHaveValueAsync("Unfinished");
        await Expect(next.Composer.GetByRole(AriaRole.Button, new() { Name = "Remove bob@example.test" })).ToBeVisibleAsync();
        await Expect(next.Composer.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
        await next.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
        await Expect(next.Composer).ToBeHiddenAsync();
        // One draft, however often it was saved, and nothing is left here to be offered again.
        await Patience.UntilAsync(() => person.Count("Drafts") == 1, "one draft");
        await Patience.UntilAsync(async () => await next.Page.EvaluateAsync<bool>(
            "() => !Object.keys(localStorage).some(k => k.startsWith('aviso.draft.'))"), "the copy here is gone");
        await next.GoAsync("Drafts");
        await next.Row("Unfinished").ClickAsync();
        await Expect(next.Editor).ToContainTextAsync("A thought that must not");
    });

    [Fact]
    public Task An_answer_that_was_not_begun_leaves_nothing_behind() => scene.PlayAsync(async play =>
    {
        var (person, bob) = (play.NewPerson(), play.NewPerson());
        person.Receives(new Letter("A question") { From = $"Bob <{bob.Address}>", Html = "<P>Is it <B style='color: red'>red</B>?<br>" });
        var mail = await play.SignedInAsync(person, script: AtOnce);
        await mail.OpenAsync("A question");
        await mail.Keys.PressAsync("r");
        await Expect(mail.Editor).ToContainTextAsync("Is it red?");
        await mail.Keys.PressAsync("Escape");
        await Expect(mail.Composer).ToBeHiddenAsync();
        // Nothing was kept, so nothing is said to have been.
        await Expect(mail.Page.GetByText("Kept among the drafts")).ToBeHiddenAsync();
        Assert.Equal(0, person.Count("Drafts"));
        // And one that is sent without a word is a letter all the same.
        await mail.Keys.PressAsync("r");
        await mail.SendAsync();
        await Expect(mail.Composer).ToHaveCountAsync(0);
        await Patience.UntilAsync(() => bob.Count("INBOX") == 1, "it arrives");
    });

    [Fact]
    public Task A_letter_to_nobody_and_a_forgotten_attachment_are_noticed() => scene.PlayAsync(async play =>
    {
        var (anna, bob) = (play.NewPerson(), play.NewPerson());
        var mail = await play.SignedInAsync(anna, script: AtOnce);
        await mail.WriteAsync("", "For whom", "I attach the plan.");
        await mail.SendAsync();
        await Expect(mail.Composer.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Whom is it for?" })).ToBeVisibleAsync();
        await mail.Composer.GetByLabel("To", new() { Exact = true }).FillAsync("nobody at all");
        await mail.SendAsync();
        await Expect(mail.Composer.GetByRole(AriaRole.Alert).Filter(new() { HasText = "“nobody at all” is not an address." }))
            .ToBeVisibleAsync();
        await mail.Button("Remove nobody at all").ClickAsync();
        await mail.Composer.GetByLabel("To", new() { Exact = true }).FillAsync(bob.Address);
        await mail.SendAsync();
        await Expect(mail.Dialog).ToContainTextAsync("You wrote “attach”, but nothing is attached.");
        await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(mail.Composer).ToBeVisibleAsync();
        await mail.SendAsync();
        await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "Send anyway" }).ClickAsync();
        await Expect(mail.Composer).ToBeHiddenAsync();
        await Patience.UntilAsync(() => bob.Count("INBOX") == 1, "it was sent all the same");
    });

    [Fact]
    public Task A_letter_thrown_away_can_be_had_back() => scene.PlayAsync(async play =>
    {
        var mail = await play.SignedInAsync(play.NewPerson());
        await mail.WriteAsync("bob@example.test", "Thrown away", "Perhaps too early.");
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Expect(mail.Composer).ToBeHiddenAsync();
        await mail.UndoAsync();
        await Expect(mail.Editor).ToContainTextAsync("Perhaps too early.");
    });
}
