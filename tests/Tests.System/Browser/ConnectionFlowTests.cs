using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>Lines that break while somebody reads and writes.</summary>
[Collection(BrowserScene.Collection)]
public sealed class ConnectionFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    private const string Said = "No connection. What you write is kept here.";

    [Fact]
    public Task A_dropped_line_is_said_and_what_is_written_is_saved_when_it_is_back() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.SignedInAsync(person);
        mail.Watch.Expect("net::ERR_");
        await mail.WriteAsync("bob@example.test", "In a tunnel", "Before it.");
        await Expect(mail.Composer.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
        await mail.Page.Context.SetOfflineAsync(true);
        await Expect(mail.Page.GetByText(Said)).ToBeVisibleAsync();
        await mail.Editor.ClickAsync();
        await mail.Keys.PressAsync("Control+End");
        await mail.Keys.TypeAsync(" And inside.");
        await Expect(mail.Composer.GetByText("Kept in this browser")).ToBeVisibleAsync();
        await mail.SendAsync();
        await Expect(mail.Composer.GetByText("No connection. Nothing was lost")).ToBeVisibleAsync();
        await mail.Page.Context.SetOfflineAsync(false);
        await Expect(mail.Page.GetByText(Said)).ToBeHiddenAsync();
        await Expect(mail.Editor).ToContainTextAsync("And inside.");
        await Expect(mail.Composer.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = 40_000 });
        Assert.Equal(1, person.Count("Drafts"));
    });

    [Fact]
    public Task Mail_that_came_while_the_line_was_down_appears_afterwards() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await play.SignedInAsync(person);
        mail.Watch.Expect("net::ERR_");
        await mail.Page.Context.SetOfflineAsync(true);
        await Expect(mail.Page.GetByText(Said)).ToBeVisibleAsync();
        person.Receives(new Letter("While you were away"));
        await mail.Page.Context.SetOfflineAsync(false);
        await Expect(mail.Row("While you were away")).ToBeVisibleAsync();
    });

    [Fact]
    public Task An_act_that_the_server_never_heard_of_goes_back_and_is_said() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("Stays"), new Letter("Other"));
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Stays");
        await Expect(mail.Row("Stays")).Not.ToContainTextAsync("Unread");
        mail.Watch.Expect("net::ERR_");
        await mail.Page.RouteAsync("**/jmap/**", route => route.AbortAsync());
        await mail.Keys.PressAsync("e");
        await Expect(mail.Page.GetByText("No connection. Nothing was lost")).ToBeVisibleAsync();
        await mail.Page.UnrouteAllAsync();
        // The list says what is true again: the message is where it was.
        await Expect(mail.Row("Stays")).ToBeVisibleAsync(new() { Timeout = 45_000 });
        Assert.Equal(2, person.Count("INBOX"));
    });
}
