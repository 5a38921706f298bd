using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>The main views as pictures: in .build/results/browser after every run, in docs/pictures with AVISO_WRITE=1.</summary>
[Collection(BrowserScene.Collection)]
public sealed class PictureTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    private const int MostOctets = 150_000;

    [Fact]
    public Task The_views_are_drawn() => scene.PlayAsync(async play =>
    {
        var alice = new Person(play.Scene.Server, "alice@example.test");
        Fill(alice);
        var door = await play.DoorAsync();
        await Expect(door.Page.GetByLabel("Address")).ToBeFocusedAsync();
        await TakeAsync(door, "sign-in");
        await DeskAsync(play, alice, dark: false);
        // Each of the others has a mailbox in which nobody has read and written yet.
        var (carol, bob) = (alice with { Address = "carol@example.test" }, alice with { Address = "bob@example.test" });
        Fill(carol);
        await DeskAsync(play, carol, dark: true);
        Fill(bob);
        await PhoneAsync(play, bob);
        await EmptyAsync(play);
    });

    private static async Task DeskAsync(Play play, Person alice, bool dark)
    {
        var name = dark ? "desktop-dark" : "desktop";
        var options = AccessibilityTests.Options(dark, phone: false);
        options.ViewportSize = new() { Width = 1120, Height = 700 };
        var mail = await play.SignedInAsync(alice, options);
        await mail.OpenAsync("Summer house in June?");
        await Expect((await mail.FrameWithAsync("The lake is warm")).GetByText("The lake is warm")).ToBeVisibleAsync();
        await TakeAsync(mail, name);
        await mail.OpenAsync("Your order is on its way");
        await Expect(mail.Body.GetByText("Thank you, Alice")).ToBeVisibleAsync();
        await TakeAsync(mail, $"reader{(dark ? "-dark" : "")}");
        await mail.OpenAsync("Summer house in June?");
        await mail.Keys.PressAsync("r");
        await Expect(mail.Editor).ToBeVisibleAsync();
        await mail.Keys.TypeAsync("Wonderful! I bring the boat, and Tom the tent. Shall we meet at the station on Friday?");
        await mail.Composer.GetByLabel("Attach files").SetInputFilesAsync(new FilePayload
        {
            Name = "way to the lake.pdf",
            MimeType = "application/pdf",
            Buffer = new byte[48_000]
        });
        await Expect(mail.Composer.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
        await TakeAsync(mail, $"compose{(dark ? "-dark" : "")}");
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await ContactsAsync(mail);
        await TakeAsync(mail, $"contacts{(dark ? "-dark" : "")}");
        await mail.Keys.PressAsync("u");
        await mail.Keys.PressAsync("u");
        await mail.Keys.PressAsync("?");
        await Expect(mail.Dialog).ToBeVisibleAsync();
        await TakeAsync(mail, $"keys{(dark ? "-dark" : "")}");
        await mail.Keys.PressAsync("Escape");
        await mail.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search mail" }).ClickAsync();
        await mail.Keys.TypeAsync("from:tom has:attachment ");
        await Expect(mail.Rows).ToHaveCountAsync(1);
        await TakeAsync(mail, $"search{(dark ? "-dark" : "")}");
    }

    private static async Task ContactsAsync(Webmail mail)
    {
        await mail.Keys.PressAsync("g");
        await mail.Keys.PressAsync("c");
        var people = (string[])[
            "N:Winter;Mia;;;\nFN:Mia Winter\nUID:mia\nORG:Harbour Books\nTITLE:Buyer\nEMAIL;TYPE=HOME:mia@elsewhere.test\nEMAIL;TYPE=WORK:"
                + "mia.winter@harbour-books.test\nTEL;TYPE=CELL:+49 40 123456\nADR;TYPE=HOME:;;Am Kaiserkai 12;Hamburg;;20457;Germany\n"
                + "BDAY:--0415\nNOTE:Met at the book fair. Likes sea charts.",
            "N:Berg;Tom;;;\nFN:Tom Berg\nUID:tom\nEMAIL:tom@elsewhere.test", "FN:Ingrid Solberg\nEMAIL:ingrid@elsewhere.test",
            "FN:Георги Иванов\nEMAIL:georgi@elsewhere.test", "FN:City Library\nTEL:+49 40 98765",
            "FN:Summer house\nX-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:mia\nX-ADDRESSBOOKSERVER-MEMBER:tom",
        ];
        await ContactFlowTests.ImportAsync(mail, string.Concat(people.Select(p => $"BEGIN:VCARD\nVERSION:3.0\n{p}\nEND:VCARD\n")));
        await ContactFlowTests.Row(mail, "Mia Winter").ClickAsync();
        await Expect(mail.Page.GetByText("Likes sea charts")).ToBeVisibleAsync();
        await mail.Status.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
    }

    private static async Task PhoneAsync(Play play, Person alice)
    {
        var mail = await play.SignedInAsync(alice, AccessibilityTests.Options(dark: false, phone: true));
        await Expect(mail.Row("Summer house in June?")).ToBeVisibleAsync();
        await TakeAsync(mail, "phone");
        await mail.OpenAsync("Your order is on its way");
        await Expect(mail.Body.GetByText("Thank you, Alice")).ToBeVisibleAsync();
        await TakeAsync(mail, "phone-reader");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = "Reply", Exact = true }).First.ClickAsync();
        await Expect(mail.Editor).ToBeVisibleAsync();
        await TakeAsync(mail, "phone-compose");
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
        await mail.Button("Back to the list").ClickAsync();
        await mail.Button("Folders").ClickAsync();
        await Expect(mail.Folder("Bills")).ToBeInViewportAsync();
        await TakeAsync(mail, "phone-folders");
    }

    private static async Task EmptyAsync(Play play)
    {
        var mail = await play.SignedInAsync(play.NewPerson());
        await Expect(mail.Page.GetByText("Nothing left to read")).ToBeVisibleAsync();
        await TakeAsync(mail, "empty");
    }

    private static async Task TakeAsync(Webmail mail, string name)
    {
        // Of the many, these are shown to people who look at the project.
        var kept = name is "desktop" or "desktop-dark" or "reader" or "compose" or "search" or "contacts" or "sign-in" or "empty"
            || name.StartsWith("phone", StringComparison.Ordinal);
        var folder = kept && Environment.GetEnvironmentVariable("AVISO_WRITE") == "1" ? Path.Combine(Checkout.Root, "docs", "pictures")
            : BrowserScene.Results;
        Directory.CreateDirectory(folder);
        await mail.Page.EvaluateAsync(
            "() => Promise.all([document.fonts.ready, ...document.getAnimations().map(a => a.finished.catch(() => {}))])");
        var octets = await mail.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png"), Caret = ScreenshotCaret.Hide });
        Assert.InRange(octets.Length, 4_000, MostOctets);
    }

    private static void Fill(Person alice)
    {
        alice.HasFolder("Bills");
        alice.HasFolder("Travel");
        alice.HasFolder("Travel/Norway");
        alice.Keeps("INBOX", new Letter("Minutes of the meeting")
        {
            From = "Ingrid Solberg <ingrid@elsewhere.test>",
            Text = "Dear all, attached are the minutes. Please tell me by Thursday what I got wrong.\r\n",
            Parts = [Letter.Attachment("minutes.odt", "application/octet-stream", "x")]
        }, "\\Seen");
        alice.Keeps("INBOX", new Letter("Re: the piano")
        {
            From = "\"Георги Иванов\" <georgi@elsewhere.test>".Replace("\"Георги Иванов\"",
            "=?utf-8?B?" + Convert.ToBase64String("Георги Иванов"u8) + "?=", StringComparison.Ordinal),
            Text = "It can be tuned on Monday. The man who does it has known it for longer than we have.\r\n"
        }, "\\Seen \\Answered");
        alice.Keeps("INBOX", new Letter("Your ticket to Bergen")
        {
            From = "Nordic Rail <tickets@elsewhere.test>",
            Text = "Coach 4, seat 31. Have a good journey.\r\n"
        }, "\\Seen \\Flagged");
        alice.Keeps("INBOX", new Letter("Pictures from the weekend")
        {
            From = "Tom Berg <tom@elsewhere.test>",
            Text = "The one with the heron is the best.\r\n",
            Parts = [Letter.Attachment("heron.jpg", "application/octet-stream", "x")]
        });
        alice.Receives(
            new Letter("Library: two books are due on Friday")
            {
                From = "City Library <no-reply@elsewhere.test>",
                Text = "You can extend them online, by telephone or at the counter.\r\n"
            },
            new Letter("Your order is on its way")
            {
                From = "Harbour Books <shop@elsewhere.test>",
                Html = Order,
                Parts = [Letter.Attachment("invoice-4711.pdf", "application/pdf", "%PDF-1.4 " + new string('x', 90_000))],
            },
            new Letter("Summer house in June?")
            {
                From = "Mia Winter <mia@elsewhere.test>",
                Text = Invitation,
                Fields = "References: <summer@elsewhere.test>\r\n"
            },
            new Letter("Re: Summer house in June?")
            {
                From = "Tom Berg <tom@elsewhere.test>",
                Html = "<p>Count me in. The lake is warm by then, and there is room for <b>two boats</b>.</p><p>I can "
                    + "bring:</p><ul><li>the tent</li><li>the small stove</li><li>coffee for a week</li></ul><p>Tom</p><blockquote>It is "
                    + "free from the 12th to the 19th.</blockquote>",
                Fields = "References: <summer@elsewhere.test>\r\nIn-Reply-To: <summer@elsewhere.test>\r\n",
            });
    }

    private const string Invitation = "Hello Alice,\r\n\r\nit is free from the 12th to the 19th. Shall we take it, all of us?\r\n\r\nThe "
        + "way there: https://example.test/summer-house\r\n\r\nMia\r\n";

    private const string Order = """
        <table width="560" cellpadding="0" cellspacing="0" style="font-family:Georgia,serif;background:#f7f2ea"><tr><td
          style="padding:28px;background:#21413a;color:#fff;font-size:24px">Harbour Books</td></tr>
        <tr><td style="padding:28px"><h2
          style="margin:0 0 12px;color:#21413a">Thank you, Alice</h2><p>Your parcel left the harbour this morning
          and is with you on <b>Thursday</b>.</p>
        <table width="100%" style="border-top:1px solid #d5cbb8"><tr><td
          style="padding:10px 0">The Fish Ladder</td><td align="right">14.00</td></tr><tr><td
            style="padding:10px 0">A Field Guide to Clouds</td><td align="right">22.50</td></tr><tr><td
              style="padding:10px 0"><b>Together</b></td><td align="right"><b>36.50</b></td></tr></table>
        <p style="margin-top:20px"><a href="https://example.test/parcel/4711"
          style="background:#b5532c;color:#fff;padding:12px 20px;border-radius:6px;text-decoration:none">Where is my parcel?</a></p><img
          src="https://example.test/open.gif" width="300" height="60" alt="Harbour"></td></tr></table>
        """;
}
