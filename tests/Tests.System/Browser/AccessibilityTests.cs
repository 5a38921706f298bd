using System.Text.Json;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>axe-core judges every view by the rules of WCAG 2.2 AA, light and dark, on a desk and on a phone: it finds nothing.</summary>
[Collection(BrowserScene.Collection)]
public sealed class AccessibilityTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    private const string Rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']";

    // Frames are judged one by one: that of messages has no origin, and nobody outside may look into it.
    // In the dark its ground is the page's, which axe cannot see from inside: there it would take light letters to stand on white.
    private const string Judge = "async () => JSON.stringify((await axe.run(document, { iframes: false, rules: { 'color-contrast': { "
        + "enabled: !document.documentElement.classList.contains('dark') } }, runOnly: " + Rules
        + " })).violations.map(v => "
        + "`${v.id} (${v.impact}): ${v.help}\\n` + v.nodes.slice(0, 4).map(n => `    ${n.html.slice(0, 200)}  "
            + "${n.failureSummary.replace(/\\s+/g, ' ').slice(0, 260)}`).join('\\n')))";

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public Task Axe_finds_nothing(bool dark, bool phone) => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.HasFolder("Bills");
        person.Receives(Mail);
        person.Keeps("INBOX", new Letter("Read already"), "\\Seen \\Flagged");
        var mail = await play.DoorAsync(Options(dark, phone), await AxeAsync());
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        await Expect(mail.Page.GetByLabel("Address")).ToBeVisibleAsync();
        await LookAsync(mail, "door", found);
        await mail.TypeCredentialsAsync(person.Address, "wrong");
        await Expect(mail.Page.GetByLabel("Password")).ToHaveAttributeAsync("aria-invalid", "true");
        await LookAsync(mail, "door with a trouble", found);
        await mail.SignInAsync(person.Address);
        await Expect(mail.Rows).ToHaveCountAsync(Mail.Length + 1);
        await ListAsync(mail, phone, found);
        await ReaderAsync(mail, phone, found);
        await ComposerAsync(mail, found);
        // Either width and either ground once: the others differ in nothing that this page has of its own.
        if (dark == phone) await ContactsAsync(mail, phone, found);
        Assert.True(found.Count == 0, string.Join("\n", found.Select(f => $"{f.Value}: {f.Key}")));
    });

    [Fact]
    public Task Axe_does_find_what_is_wrong() => scene.PlayAsync(async play =>
    {
        var mail = await play.DoorAsync(script: await AxeAsync());
        await Expect(mail.Page.GetByLabel("Address")).ToBeVisibleAsync();
        await mail.Page.EvaluateAsync("() => { const b = document.createElement('button'); document.querySelector('main').append(b) }");
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        await LookAsync(mail, "door", found);
        Assert.Contains(found.Keys, key => key.StartsWith("button-name", StringComparison.Ordinal));
    });

    /// <summary>Text at twice its size, and a window of 320 points (WCAG 1.4.10): nothing has to be scrolled sideways.</summary>
    [Fact]
    public Task A_narrow_window_is_never_scrolled_sideways() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(Mail);
        var mail = await play.SignedInAsync(person, new() { ViewportSize = new() { Width = 320, Height = 640 } });
        await Expect(mail.Rows).ToHaveCountAsync(Mail.Length);
        await FitsAsync(mail);
        await mail.OpenAsync("Plans for the summer");
        await Expect(mail.Body.GetByText("the old railway")).ToBeVisibleAsync();
        await FitsAsync(mail);
        await mail.Keys.PressAsync("r");
        await Expect(mail.Editor).ToBeVisibleAsync();
        await FitsAsync(mail);
        foreach (var name in (string[])["Send", "Discard", "Save and close"])
            await Expect(mail.Composer.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }))
                .ToBeInViewportAsync(new() { Ratio = 1 });
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
        await mail.Keys.PressAsync("g");
        await mail.Keys.PressAsync("c");
        await ContactFlowTests.ImportAsync(mail, Cards);
        await Expect(mail.Dialog).ToContainTextAsync("could not be read");
        await mail.Keys.PressAsync("Escape");
        await ContactFlowTests.Row(mail, "Mia Winter").ClickAsync();
        await FitsAsync(mail);
        await mail.Button("Edit").ClickAsync();
        await FitsAsync(mail);
    });

    internal static BrowserNewContextOptions Options(bool dark, bool phone) => new()
    {
        ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
        ViewportSize = phone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 800 },
        HasTouch = phone,
        IsMobile = phone,
    };

    private static async Task ListAsync(Webmail mail, bool phone, Dictionary<string, string> found)
    {
        await LookAsync(mail, "list", found);
        if (phone)
        {
            await mail.Button("Folders").ClickAsync();
            await Expect(mail.Folder("Bills")).ToBeVisibleAsync();
            await LookAsync(mail, "folders", found);
            await mail.Folder("Inbox").ClickAsync();
        }
        await mail.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Select all" }).CheckAsync();
        await LookAsync(mail, "list with marks", found);
        await mail.Keys.PressAsync("v");
        await Expect(mail.Dialog.GetByLabel("Folder")).ToBeVisibleAsync();
        await LookAsync(mail, "folder picker", found);
        await mail.Keys.PressAsync("Escape");
        await mail.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Select all" }).UncheckAsync();
        await mail.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Account ") }).ClickAsync();
        await LookAsync(mail, "menu of the account", found);
        await mail.Keys.PressAsync("Escape");
        await mail.Keys.PressAsync("?");
        await Expect(mail.Dialog).ToBeVisibleAsync();
        await LookAsync(mail, "sheet of keys", found);
        await mail.Keys.PressAsync("Escape");
        await mail.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search mail" }).ClickAsync();
        await LookAsync(mail, "search with hints", found);
        await mail.Keys.TypeAsync("from:nobody ");
        await Expect(mail.Page.GetByText("Nothing found")).ToBeVisibleAsync();
        await LookAsync(mail, "search without results", found);
        await mail.Button("Clear search").ClickAsync();
        // The hints are there again for who wants to search for something else.
        await mail.Keys.PressAsync("Escape");
        await Expect(mail.Rows).ToHaveCountAsync(Mail.Length + 1);
    }

    private static async Task ReaderAsync(Webmail mail, bool phone, Dictionary<string, string> found)
    {
        foreach (var subject in (string[])["Plans for the summer", "Your invoice"])
        {
            await mail.OpenAsync(subject);
            await Expect(mail.Reader.GetByRole(AriaRole.Button, new() { Name = "Forward" }).First).ToBeVisibleAsync();
            await mail.Reader.Locator(".message-to").First.ClickAsync();
            await LookAsync(mail, $"reader: {subject}", found);
            foreach (var frame in mail.Page.Frames.Where(f => f.Url.EndsWith("/m/frame", StringComparison.Ordinal)
                && f != mail.Page.MainFrame))
                if (await frame.Locator("#message").CountAsync() > 0) await JudgeAsync(frame, $"message: {subject}", found);
            if (phone) await mail.Button("Back to the list").ClickAsync();
        }
        await mail.OpenAsync("Your invoice");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = "More" }).Last.ClickAsync();
        await LookAsync(mail, "menu of a message", found);
        await mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Show source" }).ClickAsync();
        await Expect(mail.Dialog).ToContainTextAsync("Message-ID");
        await LookAsync(mail, "source", found);
        await mail.Keys.PressAsync("Escape");
    }

    private static async Task ComposerAsync(Webmail mail, Dictionary<string, string> found)
    {
        await mail.Keys.PressAsync("f");
        await Expect(mail.Editor).ToContainTextAsync("Forwarded message");
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Cc, Bcc" }).ClickAsync();
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Link", Exact = true }).ClickAsync();
        await mail.SendAsync();
        await Expect(mail.Composer.GetByText("Whom is it for?")).ToBeVisibleAsync();
        await LookAsync(mail, "composer", found);
        await mail.Composer.GetByLabel("To", new() { Exact = true }).FillAsync("not an address");
        await mail.Composer.GetByLabel("Subject").FillAsync("");
        await mail.SendAsync();
        await LookAsync(mail, "composer with a trouble", found);
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("Draft discarded");
        await LookAsync(mail, "notice", found);
    }

    private static async Task ContactsAsync(Webmail mail, bool phone, Dictionary<string, string> found)
    {
        if (phone) await mail.Button("Folders").ClickAsync();
        await mail.Folder("Contacts").ClickAsync();
        await Expect(mail.Page.GetByText("No contacts yet")).ToBeVisibleAsync();
        await LookAsync(mail, "no contacts", found);
        await ContactFlowTests.ImportAsync(mail, Cards);
        await Expect(mail.Dialog).ToContainTextAsync("could not be read");
        await LookAsync(mail, "what was imported", found);
        await mail.Keys.PressAsync("Escape");
        await Expect(ContactFlowTests.Row(mail, "Mia Winter")).ToBeVisibleAsync();
        await LookAsync(mail, "contacts", found);
        foreach (var name in (string[])["Mia Winter", "Sailors"])
        {
            await ContactFlowTests.Row(mail, name).ClickAsync();
            await Expect(mail.Button("Edit")).ToBeEnabledAsync();
            await LookAsync(mail, $"contact: {name}", found);
            await mail.Button("Edit").ClickAsync();
            await mail.Page.Locator("form.contact-form input").First.FillAsync("");
            if (name == "Sailors") await mail.Button("Save").ClickAsync();
            await LookAsync(mail, $"form of {name}", found);
            await mail.Button("Cancel").ClickAsync();
            await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
            if (phone) await mail.Button("Back to the contacts").ClickAsync();
        }
    }

    private const string Cards = "BEGIN:VCARD\nVERSION:3.0\nUID:u1\nN:Winter;Mia;;;\nFN:Mia Winter\nEMAIL:mia@elsewhere.test\n"
        + "TEL:+49 40 1\nADR;TYPE=HOME:;;Kai 12;Hamburg;;20457;Germany\nNOTE:Likes charts\nURL:https://example.test/\n"
        + "BDAY:1980-04-15\nnothing\n"
        + "END:VCARD\nBEGIN:VCARD\nVERSION:4.0\nKIND:group\nFN:Sailors\nMEMBER:u1\nEND:VCARD\n";

    // A page that moves, and one that only appears, would be judged half drawn.
    private static async Task LookAsync(Webmail mail, string view, Dictionary<string, string> found)
    {
        await mail.Page.EvaluateAsync("() => Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})))");
        await JudgeAsync(mail.Page.MainFrame, view, found);
    }

    private static async Task JudgeAsync(IFrame frame, string view, Dictionary<string, string> found)
    {
        foreach (var one in JsonSerializer.Deserialize<string[]>(await frame.EvaluateAsync<string>(Judge))!) found.TryAdd(one, view);
    }

    // Names what stands out, so that it can be found.
    private const string StandsOut = "() => [...document.querySelectorAll("
        + "'html, .shell, .reader-scroll, .composer, .list-pane, .contacts, .contacts-pane')]"
        + ".filter(e => e.scrollWidth > 320).map(e => `${e.className || e.localName} is ${e.scrollWidth} wide: `"
        + " + [...e.querySelectorAll('*')].filter(c => c.getBoundingClientRect().right > 321)"
        + ".slice(0, 6).map(c => c.className).join(', '))";

    private static async Task FitsAsync(Webmail mail) => Assert.Empty(await mail.Page.EvaluateAsync<string[]>(StandsOut));

    private static async Task<string> AxeAsync()
    {
        var path = Path.Combine(Checkout.Root, "web", "node_modules", "axe-core", "axe.min.js");
        if (!File.Exists(path)) Assert.Skip("axe-core is not there: web/node_modules is filled by npm when the web client is built");
        return await File.ReadAllTextAsync(path);
    }

    private static Letter[] Mail =>
    [
        new("Plans for the summer") { Text = "Hello,\r\n\r\nwe could walk along the old railway, see "
            + "https://example.test/walk?from=station&to=lake\r\n\r\n> Where to?\r\n\r\nMia\r\n" },
        new("Your invoice")
        {
            From = "Harbour Books <billing@elsewhere.test>",
            Html = "<table width=600><tr><td bgcolor=#ffffff><h1>Thank you</h1><p>Order <a "
                + "href=\"https://example.test/order\">4711</a></p><img src=\"https://example.test/logo.png\" width=80 "
                + "height=40></td></tr></table>",
            Parts = [Letter.Attachment("invoice-4711.pdf", "application/pdf", "%PDF-1.4"),
                $"Content-Type: image/png; name=dot.png\r\nContent-Disposition: attachment; "
                + $"filename=dot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{Letter.Base64(ReadingFlowTests.Dot)}"],
        },
        new("A very long subject that goes on and on, since some people put the whole letter into it and then wonder why nobody reads it")
        {
            From = "Wolfeschlegelsteinhausenbergerdorff the Elder of the Northern Provinces "
                + "<wolfeschlegelsteinhausenbergerdorff@elsewhere.test>",
        },
    ];
}
