using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>The door, as a person meets it.</summary>
[Collection(BrowserScene.Collection)]
public sealed class SignInFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    /// <summary>A newer Chromium of Debian may stop understanding this driver: then this says so before all others.</summary>
    [Fact]
    public Task Debians_chromium_shows_the_webmail_and_nothing_is_fetched_for_it() => scene.PlayAsync(async play =>
    {
        var mail = await play.DoorAsync();
        Assert.Matches(@"^\d{3,}\.", play.Scene.Browser.Version);
        await Expect(mail.Page).ToHaveTitleAsync("Aviso");
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.False(Directory.Exists(BrowserScene.NoBrowsers), "Playwright fetched a browser");
    });

    [Fact]
    public Task What_a_page_does_in_secret_is_noticed() => scene.PlayAsync(async play =>
    {
        var mail = await play.DoorAsync();
        await mail.Page.EvaluateAsync(
            "() => { console.error('a word'); setTimeout(() => { throw new Error('a fault') }); alert('a box') }");
        await Patience.UntilAsync(() => mail.Watch.Troubles.Count >= 3, "three troubles", why: () =>
            string.Join('\n', mail.Watch.Troubles));
        Assert.Contains(mail.Watch.Troubles, t => t.StartsWith("console: a word", StringComparison.Ordinal));
        Assert.Contains(mail.Watch.Troubles, t => t.Contains("a fault", StringComparison.Ordinal));
        Assert.Contains(mail.Watch.Troubles, t => t == "dialog: alert a box");
        // The page's policy lets nothing out, so a page without one asks.
        var away = await mail.Page.Context.NewPageAsync();
        await away.GotoAsync($"http://{Sink.Host}/away");
        Assert.Contains(mail.Watch.Troubles, t => t == $"request: GET http://{Sink.Host}/away");
        Assert.Contains(play.Scene.Sink.Heard, line => line.StartsWith("GET /away ", StringComparison.Ordinal));
        Assert.ThrowsAny<Exception>(play.AssertQuiet);
        foreach (var expected in (string[])["a word", "a fault", "a box", $"http://{Sink.Host}/"]) mail.Watch.Expect(expected);
        play.Scene.Sink.Forget();
    });

    [Fact]
    public Task A_wrong_password_is_said_beside_the_field_and_the_right_one_opens() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.DoorAsync();
        await mail.TypeCredentialsAsync(person.Address, "not this one");
        var password = mail.Page.GetByLabel("Password");
        await Expect(password).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(password).ToHaveAccessibleDescriptionAsync("That address, password or code is not right.");
        await Expect(mail.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "not right" })).ToBeVisibleAsync();
        // What was typed is still there to be corrected.
        await Expect(mail.Page.GetByLabel("Address")).ToHaveValueAsync(person.Address);
        await mail.SignInAsync(person.Address);
        await Expect(mail.Page.GetByText("Nothing left to read")).ToBeVisibleAsync();
    });

    [Fact]
    public Task A_reload_keeps_one_signed_in_and_signing_out_ends_it_for_all_tabs() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.SignedInAsync(person);
        await mail.Page.ReloadAsync();
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Inbox" })).ToBeVisibleAsync();
        await mail.Button($"Account {person.Address}").ClickAsync();
        await mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await mail.Page.ReloadAsync();
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.Equal(401, (await mail.Page.APIRequest.GetAsync(play.Scene.Origin + "/session")).Status);
    });

    [Fact]
    public Task A_session_that_ends_while_one_writes_loses_nothing() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.SignedInAsync(person);
        await mail.WriteAsync("bob@example.test", "Half a letter", "This must not be lost.");
        // Signed out elsewhere, as with "sign out everywhere" on another device.
        await mail.Page.Context.ClearCookiesAsync();
        mail.Watch.Expect("status of 401");
        var again = mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in again" });
        await Expect(again).ToBeVisibleAsync();
        await mail.Page.GetByLabel("Password").FillAsync(AvisoServer.Password);
        await mail.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(again).ToBeHiddenAsync();
        await Expect(mail.Editor).ToContainTextAsync("This must not be lost.");
        await Expect(mail.Composer.GetByLabel("Subject")).ToHaveValueAsync("Half a letter");
        await mail.Editor.ClickAsync();
        await mail.Keys.TypeAsync(" More.");
        await Expect(mail.Composer.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    });
}
