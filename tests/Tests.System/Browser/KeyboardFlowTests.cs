using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>Without a mouse: nothing here clicks.</summary>
[Collection(BrowserScene.Collection)]
public sealed class KeyboardFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    [Fact]
    public Task From_the_door_to_a_sent_letter() => scene.PlayAsync(async play =>
    {
        var (anna, bob) = (play.NewPerson(), play.NewPerson());
        anna.Receives(new Letter("One"), new Letter("Two"), new Letter("Three"));
        var mail = await play.DoorAsync(script: WritingFlowTests.AtOnce);
        var keys = mail.Keys;
        await Expect(mail.Page.GetByLabel("Address")).ToBeFocusedAsync();
        await keys.TypeAsync(anna.Address);
        await TabToAsync(mail, mail.Page.GetByLabel("Password"));
        await keys.TypeAsync(AvisoServer.Password);
        await keys.PressAsync("Enter");
        await Expect(mail.Row("Three")).ToBeVisibleAsync();

        // j, k and Enter move and open; x marks, e archives, z takes back.
        await keys.PressAsync("j");
        await keys.PressAsync("j");
        await keys.PressAsync("Enter");
        await Expect(mail.Reader.GetByRole(AriaRole.Heading, new() { Name = "Two" })).ToBeVisibleAsync();
        await keys.PressAsync("k");
        await Expect(mail.Reader.GetByRole(AriaRole.Heading, new() { Name = "Three" })).ToBeVisibleAsync();
        await keys.PressAsync("u");
        await keys.PressAsync("x");
        await Expect(mail.Page.GetByText("1 selected").First).ToBeVisibleAsync();
        await keys.PressAsync("e");
        await Expect(mail.Row("Three")).ToBeHiddenAsync();
        await keys.PressAsync("z");
        await Expect(mail.Row("Three")).ToBeVisibleAsync();

        await keys.PressAsync("c");
        await Expect(mail.Composer.GetByLabel("To", new() { Exact = true })).ToBeFocusedAsync();
        await keys.TypeAsync(bob.Address);
        await keys.PressAsync("Enter");
        await TabToAsync(mail, mail.Composer.GetByLabel("Subject"));
        await keys.TypeAsync("By hand");
        await TabToAsync(mail, mail.Editor);
        await keys.TypeAsync("Not one click.");
        await keys.PressAsync("Control+Enter");
        await Expect(mail.Composer).ToBeHiddenAsync();
        await Expect(mail.Status).ToContainTextAsync("Sent");

        await keys.PressAsync("g");
        await keys.PressAsync("s");
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Sent", Level = 1 })).ToBeVisibleAsync();
        await Expect(mail.Row("By hand")).ToBeVisibleAsync();
        await Patience.UntilAsync(() => bob.Count("INBOX") == 1, "the letter arrives");
    });

    /// <summary>The browser says that a dialog closed with its next picture, on a slow machine long after.</summary>
    [Fact]
    public Task A_dialog_that_closes_does_not_take_the_next_one_with_it() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("Number") { Html = "<p><a href=\"http://127.0.0.1:9/\">number</a></p>" });
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Number");
        await mail.Body.GetByText("number", new() { Exact = true }).ClickAsync();
        await Expect(mail.Dialog).ToContainTextAsync("bare number");
        var titles = await mail.Page.EvaluateAsync<string[]>(
            """
            async () => {
              const title = () => document.querySelector('dialog[open] h2')?.textContent ?? '';
              document.querySelector('dialog .dialog-foot button').click();
              for (let i = 0; i < 50 && title() !== ''; i++) await null;
              const closed = title();
              document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }));
              for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame);
              return [closed, title()];
            }
            """);
        Assert.Equal("", titles[0]);
        Assert.NotEqual("", titles[1]);
    });

    /// <summary>The browser closes a dialog at once and says so with its next picture: a key pressed in between means what it means.</summary>
    [Fact]
    public Task A_key_right_after_a_dialog_was_closed_is_heard() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("One"));
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Row("One")).ToBeVisibleAsync();
        await mail.Keys.PressAsync("?");
        await Expect(mail.Dialog).ToBeVisibleAsync();
        Assert.True(await mail.Page.EvaluateAsync<bool>(
            """
            async () => {
              document.querySelector('dialog[open]').close();
              document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }));
              for (let i = 0; i < 10; i++) await new Promise(requestAnimationFrame);
              return document.querySelector('dialog[open]') !== null;
            }
            """));
    });

    [Fact]
    public Task The_sheet_of_keys_opens_closes_and_gives_the_focus_back() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("One"));
        var mail = await play.SignedInAsync(person);
        await Expect(mail.Row("One")).ToBeVisibleAsync();
        await mail.Keys.PressAsync("/");
        var field = mail.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search mail" });
        await Expect(field).ToBeFocusedAsync();
        // In a field a question mark is a question mark.
        await mail.Keys.TypeAsync("?");
        await Expect(field).ToHaveValueAsync("?");
        await mail.Keys.PressAsync("Backspace");
        await TabToAsync(mail, mail.Page.GetByRole(AriaRole.Grid, new() { Name = "Messages" }));
        await mail.Keys.PressAsync("?");
        await Expect(mail.Dialog.GetByRole(AriaRole.Heading, new() { Name = "Keyboard shortcuts" })).ToBeVisibleAsync();
        foreach (var key in (string[])["Archive", "Reply", "Undo", "Go to folder…"]) await Expect(mail.Dialog).ToContainTextAsync(key);
        await mail.Keys.PressAsync("Escape");
        await Expect(mail.Dialog).ToHaveCountAsync(0);
        await Expect(mail.Page.GetByRole(AriaRole.Grid, new() { Name = "Messages" })).ToBeFocusedAsync();
        // Single keys can be switched off, and then mean nothing.
        await mail.Keys.PressAsync("?");
        await mail.Dialog.GetByLabel("Shortcuts with single keys").FocusAsync();
        await mail.Keys.PressAsync(" ");
        await mail.Keys.PressAsync("Escape");
        await Expect(mail.Dialog).ToHaveCountAsync(0);
        await Expect(mail.Page.GetByRole(AriaRole.Grid, new() { Name = "Messages" })).ToBeFocusedAsync();
        await mail.Keys.PressAsync("c");
        await mail.Keys.PressAsync("ArrowDown");
        await mail.Keys.PressAsync("Enter");
        await Expect(mail.Reader.GetByRole(AriaRole.Heading, new() { Name = "One" })).ToBeVisibleAsync();
        await Expect(mail.Composer).ToHaveCountAsync(0);
    });

    [Fact]
    public Task Keys_work_from_inside_the_message_too() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("One"), new Letter("Two") { Html = "<p>Some <a href=\"https://example.test/\">text</a>.</p>" });
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Two");
        await Expect(mail.Body.Locator("a")).ToBeVisibleAsync();
        await mail.Body.Locator("a").FocusAsync();
        await mail.Keys.PressAsync("j");
        await Expect(mail.Reader.GetByRole(AriaRole.Heading, new() { Name = "One" })).ToBeVisibleAsync();
    });

    // As far as a person would go before giving up.
    private static async Task TabToAsync(Webmail mail, ILocator wanted)
    {
        for (var presses = 0; presses < 25; presses++)
        {
            if (await wanted.EvaluateAsync<bool>("element => element === document.activeElement")) return;
            await mail.Keys.PressAsync("Tab");
        }
        await Expect(wanted).ToBeFocusedAsync();
    }
}
