using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>What is done with mail, and how it is undone; another program sees the same.</summary>
[Collection(BrowserScene.Collection)]
public sealed class ActingFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    [Fact]
    public Task Archive_and_undo() => ThereAndBack("Archive", "1 message archived", "Archive");

    [Fact]
    public Task Delete_and_undo() => ThereAndBack("Delete", "1 message moved to the trash", "Trash");

    [Fact]
    public Task Junk_and_undo() => ThereAndBack("Junk", "1 message is junk", "Junk");

    [Fact]
    public Task Moved_to_a_folder_that_is_typed() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        person.HasFolder("Bills/2026");
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Second");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = "Move to…" }).ClickAsync();
        await Expect(mail.Dialog.GetByLabel("Folder")).ToBeFocusedAsync();
        await mail.Keys.TypeAsync("2026");
        await mail.Keys.PressAsync("Enter");
        await Expect(mail.Status).ToContainTextAsync("1 message moved to 2026");
        await Expect(mail.Row("Second")).ToBeHiddenAsync();
        Assert.Equal((2, 1), (person.Count("INBOX"), person.Count("Bills/2026")));
        await mail.GoAsync("2026");
        await Expect(mail.Row("Second")).ToBeVisibleAsync();
        await mail.UndoAsync();
        await Expect(mail.Row("Second")).ToBeHiddenAsync();
        await mail.GoAsync("Inbox");
        await Expect(mail.Rows).ToHaveCountAsync(3);
        Assert.Equal((3, 0), (person.Count("INBOX"), person.Count("Bills/2026")));
    });

    [Fact]
    public Task Moved_to_a_folder_that_is_made_for_it() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Third");
        await mail.Keys.PressAsync("v");
        await Expect(mail.Dialog.GetByLabel("Folder")).ToBeFocusedAsync();
        await mail.Keys.TypeAsync("Travel");
        await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "New folder “Travel”" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("1 message moved to Travel");
        await mail.GoAsync("Travel");
        await Expect(mail.Row("Third")).ToBeVisibleAsync();
        Assert.Equal(1, person.Count("Travel"));
    });

    [Fact]
    public Task Marked_as_unread_and_starred() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("First");
        await Expect(mail.Row("First")).Not.ToContainTextAsync("Unread");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = "Mark as unread" }).ClickAsync();
        await Expect(mail.Row("First")).ToContainTextAsync("Unread");
        await Expect(mail.Page.GetByText("Nothing selected")).ToBeVisibleAsync();
        await mail.Row("First").GetByRole(AriaRole.Button, new() { Name = "Star" }).ClickAsync();
        await Expect(mail.Row("First").GetByRole(AriaRole.Button, new() { Name = "Remove star" }))
            .ToHaveAttributeAsync("aria-pressed", "true");
        // The server knows both.
        await mail.Page.ReloadAsync();
        await Expect(mail.Row("First")).ToContainTextAsync("Unread");
        await Expect(mail.Row("First").GetByRole(AriaRole.Button, new() { Name = "Remove star" })).ToBeVisibleAsync();
    });

    [Fact]
    public Task Many_are_marked_and_deleted_together() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        var mail = await play.SignedInAsync(person);
        await mail.MarkAsync("First");
        await mail.MarkAsync("Third");
        await Expect(mail.Page.GetByText("2 selected").First).ToBeVisibleAsync();
        await mail.Page.Locator(".list-head").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("2 messages moved to the trash");
        await Expect(mail.Rows).ToHaveCountAsync(1);
        Assert.Equal((1, 2), (person.Count("INBOX"), person.Count("Trash")));
        await mail.UndoAsync();
        await Expect(mail.Rows).ToHaveCountAsync(3);
        Assert.Equal((3, 0), (person.Count("INBOX"), person.Count("Trash")));
    });

    [Fact]
    public Task What_was_deleted_for_good_is_shown_and_comes_back() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        person.Keeps("Trash", new Letter("Thrown away"));
        person.Keeps("Trash", new Letter("Wanted after all"));
        var mail = await play.SignedInAsync(person);
        await mail.GoAsync("Trash");
        await mail.Page.GetByRole(AriaRole.Button, new() { Name = "Empty trash" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("2 messages deleted for good");
        await Patience.UntilAsync(() => person.Count("Trash") == 0, "it is gone for other programs too");
        await mail.Page.GetByRole(AriaRole.Button, new() { Name = "Bring back deleted messages" }).First.ClickAsync();
        await Expect(mail.Dialog).ToContainTextAsync("can be had back for 14 days");
        await Expect(mail.Dialog).ToContainTextAsync("Thrown away");
        await mail.Dialog.GetByRole(AriaRole.Checkbox).And(mail.Dialog.GetByLabel("Wanted after all")).CheckAsync();
        await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "Bring back", Exact = true }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("1 message is back where it was");
        await Expect(mail.Row("Wanted after all")).ToBeVisibleAsync();
        await Expect(mail.Row("Thrown away")).ToBeHiddenAsync();
        Assert.Equal(1, person.Count("Trash"));
    });

    [Fact]
    public Task A_whole_folder_of_more_than_is_in_sight_is_archived_and_comes_back() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(Enumerable.Range(1, 120).Select(n => new Letter($"Letter {n}")));
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Rows.First).ToContainTextAsync("Letter 120");
        await mail.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Select all" }).ClickAsync();
        await mail.Page.GetByRole(AriaRole.Button, new() { Name = "Select all 120 here" }).ClickAsync();
        await Expect(mail.Page.GetByText("120 selected").First).ToBeVisibleAsync();
        await mail.Page.Locator(".list-head").GetByRole(AriaRole.Button, new() { Name = "Archive" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("120 messages archived");
        await Expect(mail.Page.GetByText("Nothing left to read")).ToBeVisibleAsync();
        Assert.Equal((0, 120), (person.Count("INBOX"), person.Count("Archive")));
        await mail.UndoAsync();
        await Patience.UntilAsync(() => person.Count("INBOX") == 120, "all came back");
        await Expect(mail.Rows.First).ToContainTextAsync("Letter 120");
    });

    [Fact]
    public Task Two_tabs_see_the_same() => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        var one = await play.SignedInAsync(person);
        var other = new Webmail(await one.Page.Context.NewPageAsync(), one.Watch);
        await other.Page.GotoAsync(play.Scene.Origin + "/");
        await Expect(other.Rows).ToHaveCountAsync(3);
        await one.Row("Second").GetByRole(AriaRole.Button, new() { Name = "Star" }).ClickAsync();
        await Expect(other.Row("Second").GetByRole(AriaRole.Button, new() { Name = "Remove star" })).ToBeVisibleAsync();
        await other.OpenAsync("First");
        await Expect(one.Row("First")).Not.ToContainTextAsync("Unread");
        await other.Reader.GetByRole(AriaRole.Button, new() { Name = "Archive" }).ClickAsync();
        await Expect(one.Rows).ToHaveCountAsync(2);
        await other.UndoAsync();
        await Expect(one.Rows).ToHaveCountAsync(3);
    });

    private Task ThereAndBack(string act, string said, string folder) => scene.PlayAsync(async play =>
    {
        var person = Somebody(play);
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Second");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = act, Exact = true }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync(said);
        await Expect(mail.Row("Second")).ToBeHiddenAsync();
        await Patience.UntilAsync(() => person.Count(folder) == 1, $"another program sees it in {folder}");
        await mail.UndoAsync();
        await Expect(mail.Row("Second")).ToBeVisibleAsync();
        await Patience.UntilAsync(() => (person.Count("INBOX"), person.Count(folder)) == (3, 0), "another program sees it in INBOX again");
        await mail.Page.ReloadAsync();
        await Expect(mail.Rows).ToHaveCountAsync(3);
    });

    private static Person Somebody(Play play)
    {
        var person = play.NewPerson();
        person.Receives(new Letter("First"), new Letter("Second") { From = "Tom Berg <tom@elsewhere.test>" }, new Letter("Third"));
        return person;
    }
}
