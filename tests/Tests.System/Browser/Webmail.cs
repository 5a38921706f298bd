using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>The webmail as a person sees it: found by what it says, never by how it is made.</summary>
internal sealed class Webmail(IPage page, PageWatch watch)
{
    public IPage Page => page;

    public PageWatch Watch => watch;

    public IKeyboard Keys => page.Keyboard;

    public ILocator Rows => page.GetByRole(AriaRole.Grid, new() { Name = "Messages" }).GetByRole(AriaRole.Row);

    public ILocator Reader => page.GetByRole(AriaRole.Region, new() { Name = "Conversation" });

    public ILocator Composer => page.Locator("section.composer");

    public ILocator Editor => Composer.GetByRole(AriaRole.Textbox, new() { Name = "Text" });

    public ILocator Dialog => page.Locator("dialog[open]");

    public ILocator Status => page.Locator(".notices [role=status]");

    /// <summary>The frame that shows the open message, or the first of a conversation.</summary>
    public IFrameLocator Body => page.FrameLocator(".message-frame.placed");

    public ILocator Row(string subject) => Rows.Filter(new() { HasText = subject });

    public ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Folder(string name) => page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link).Filter(new() { HasText = name });

    public async Task TypeCredentialsAsync(string address, string password)
    {
        await page.GetByLabel("Address").FillAsync(address);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }

    public async Task SignInAsync(string address, string password = AvisoServer.Password)
    {
        await TypeCredentialsAsync(address, password);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Inbox" })).ToBeVisibleAsync();
    }

    public async Task OpenAsync(string subject)
    {
        await Row(subject).First.ClickAsync();
        await Expect(Reader.GetByRole(AriaRole.Heading, new() { Name = subject })).ToBeVisibleAsync();
    }

    /// <summary>The frame of the message that begins with this, in a conversation of several.</summary>
    public async Task<IFrame> FrameWithAsync(string text)
    {
        IFrame? found = null;
        await Patience.UntilAsync(async () =>
        {
            foreach (var frame in page.Frames)
                if (frame != page.MainFrame && await frame.GetByText(text).CountAsync() > 0) found = frame;
            return found is not null;
        }, $"a message says {text}");
        return found!;
    }

    public async Task GoAsync(string folder)
    {
        await Folder(folder).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = folder, Level = 1 })).ToBeVisibleAsync();
    }

    public async Task UndoAsync() => await Status.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();

    /// <summary>Opens a new letter and writes it.</summary>
    public async Task WriteAsync(string to, string subject, string text)
    {
        await page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Button, new() { Name = "New message" }).ClickAsync();
        await Composer.GetByLabel("To", new() { Exact = true }).FillAsync(to);
        await Composer.GetByLabel("Subject").FillAsync(subject);
        await Editor.ClickAsync();
        await Keys.TypeAsync(text);
    }

    public Task SendAsync() => Composer.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true }).ClickAsync();

    public async Task MarkAsync(string subject)
    {
        await Row(subject).HoverAsync();
        await Row(subject).GetByRole(AriaRole.Checkbox, new() { Name = "Select" }).ClickAsync();
    }
}
