using System.Text;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>The address book: people and groups, files of cards, and what the composer makes of them.</summary>
[Collection(BrowserScene.Collection)]
public sealed class ContactFlowTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    private const string File = """
        BEGIN:VCARD
        VERSION:3.0
        N:Berg;Tom;;;
        FN:Tom Berg
        EMAIL;TYPE=INTERNET;TYPE=WORK:tom@elsewhere.test
        X-ZODIAC:Heron
        PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA
         DUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
        END:VCARD
        BEGIN:VCARD
        VERSION:4.0
        FN:Ingrid Solberg
        EMAIL:ingrid@elsewhere.test
        this line says nothing
        END:VCARD
        BEGIN:VCARD
        VERSION:3.0
        FN:Tom Berg
        EMAIL:TOM@elsewhere.test
        END:VCARD

        """;

    [Fact]
    public Task Somebody_is_added_and_changed_and_every_step_is_undone() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var mail = await OpenAsync(play, person);
        await Expect(mail.Page.GetByText("No contacts yet")).ToBeVisibleAsync();
        await mail.Keys.PressAsync("n");
        await Expect(mail.Page.GetByLabel("First name")).ToBeFocusedAsync();
        await Form(mail).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(mail.Page.GetByText("Give a name, an address or a number.")).ToBeVisibleAsync();
        await mail.Page.GetByLabel("First name").FillAsync("Mia");
        // A look at the mail loses nothing.
        await mail.GoAsync("Inbox");
        await mail.Folder("Contacts").ClickAsync();
        await Expect(mail.Page.GetByLabel("First name")).ToHaveValueAsync("Mia");
        await mail.Page.GetByLabel("Last name").FillAsync("Winter");
        await mail.Page.GetByLabel("E-mail", new() { Exact = true }).FillAsync("mia@elsewhere.test");
        await mail.Page.GetByLabel("Day", new() { Exact = true }).FillAsync("15");
        await mail.Page.GetByLabel("Month", new() { Exact = true }).SelectOptionAsync("4");
        await mail.Keys.PressAsync("Enter");
        await Expect(mail.Status).ToContainTextAsync("Mia Winter was added to your contacts");
        await Expect(Card(mail).GetByText("April 15")).ToBeVisibleAsync();
        // Another browser of hers sees it without asking.
        var other = await OpenAsync(play, person);
        await Row(other, "Mia Winter").ClickAsync();
        await mail.Keys.PressAsync("e");
        await mail.Page.GetByLabel("Company").FillAsync("Harbour Books");
        await Form(mail).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(Card(other).GetByText("Harbour Books")).ToBeVisibleAsync();
        await mail.UndoAsync();
        await Expect(Card(mail).GetByText("Harbour Books")).ToBeHiddenAsync();
        await mail.Keys.PressAsync("#");
        await Expect(Row(other, "Mia Winter")).ToBeHiddenAsync();
        await mail.UndoAsync();
        await Expect(Row(other, "Mia Winter")).ToBeVisibleAsync();
        // Another may see it before this page has heard that it is there again.
        await Expect(Card(mail).GetByText("April 15")).ToBeVisibleAsync();
        await mail.Page.ReloadAsync();
        await Expect(Card(mail).GetByText("April 15")).ToBeVisibleAsync();
    });

    [Fact]
    public Task Who_wrote_becomes_a_contact_and_a_group_is_written_to_by_its_name() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("Hello") { From = "Mia Winter <mia@elsewhere.test>" });
        var mail = await play.SignedInAsync(person);
        await mail.OpenAsync("Hello");
        await mail.Reader.GetByRole(AriaRole.Button, new() { Name = "More" }).Last.ClickAsync();
        await mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Add to contacts" }).ClickAsync();
        await Expect(mail.Status).ToContainTextAsync("Mia Winter was added to your contacts");
        await mail.Keys.PressAsync("g");
        await mail.Keys.PressAsync("c");
        await ImportAsync(mail, File);
        await Expect(mail.Dialog).ToContainTextAsync("2 contacts were imported");
        await mail.Keys.PressAsync("Escape");
        await mail.Button("More").First.ClickAsync();
        await mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "New group" }).ClickAsync();
        await mail.Page.GetByLabel("Name of the group").FillAsync("Sailors");
        foreach (var name in (string[])["mia", "tom"])
        {
            await mail.Page.GetByRole(AriaRole.Combobox, new() { Name = "Members" }).FillAsync(name);
            await mail.Keys.PressAsync("Enter");
        }
        await Form(mail).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(Row(mail, "Sailors")).ToContainTextAsync("2 members");
        await Card(mail).GetByRole(AriaRole.Link).Filter(new() { HasText = "Tom Berg" }).ClickAsync();
        await Expect(Card(mail).GetByText("In the groups").First).ToBeAttachedAsync();
        await mail.Keys.PressAsync("c");
        await mail.Composer.GetByLabel("To", new() { Exact = true }).FillAsync("sail");
        await mail.Composer.GetByRole(AriaRole.Option).Filter(new() { HasText = "Sailors" }).ClickAsync();
        await Expect(mail.Composer.Locator(".chip")).ToHaveTextAsync(["Mia Winter", "Tom Berg"]);
        await mail.Composer.GetByLabel("To", new() { Exact = true }).FillAsync("ingr");
        await mail.Keys.PressAsync("Enter");
        await Expect(mail.Composer.Locator(".chip").Last).ToHaveTextAsync("Ingrid Solberg");
    });

    [Fact]
    public Task Cards_of_a_file_come_in_are_told_of_and_go_out_as_they_came() => scene.PlayAsync(async play =>
    {
        var mail = await OpenAsync(play, play.NewPerson());
        await ImportAsync(mail, File);
        await Expect(mail.Dialog).ToContainTextAsync("1 was there already.");
        await Expect(mail.Dialog).ToContainTextAsync("1 line could not be read: 14");
        await mail.Keys.PressAsync("Escape");
        await Expect(Row(mail, "Tom Berg")).ToBeVisibleAsync();
        await mail.Button("More").First.ClickAsync();
        var download = await mail.Page.RunAndWaitForDownloadAsync(() =>
            mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Export all as vCard" }).ClickAsync());
        var text = await global::System.IO.File.ReadAllTextAsync(await download.PathAsync());
        Assert.Equal(2, text.Split("BEGIN:VCARD").Length - 1);
        Assert.Contains("EMAIL;TYPE=INTERNET;TYPE=WORK:tom@elsewhere.test\r\n", text, StringComparison.Ordinal);
        Assert.Contains("X-ZODIAC:Heron\r\n", text, StringComparison.Ordinal);
        Assert.Contains("PHOTO;ENCODING=b;TYPE=PNG:iVBOR", text, StringComparison.Ordinal);
        await Row(mail, "Tom Berg").ClickAsync();
        await Expect(Card(mail).Locator("img")).ToHaveJSPropertyAsync("naturalWidth", 1);
        await Expect(Card(mail)).ToContainTextAsync("1 more detail, which is kept but not shown");
        await mail.Status.GetByRole(AriaRole.Button, new() { Name = "Remove them again" }).ClickAsync();
        await Expect(mail.Page.GetByText("No contacts yet")).ToBeVisibleAsync();
        // By drag: what is no vCard says so.
        await mail.Page.EvaluateAsync("""
            () => { const data = new DataTransfer();
                data.items.add(new File(['no card'], 'letter.txt'));
                document.querySelector('main.contacts').dispatchEvent(
                    new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })) }
            """);
        await Expect(mail.Dialog).ToContainTextAsync("No contact could be read");
    });

    internal static ILocator Row(Webmail mail, string name) =>
        mail.Page.GetByRole(AriaRole.List, new() { Name = "List of contacts" }).GetByRole(AriaRole.Link).Filter(new() { HasText = name });

    internal static async Task ImportAsync(Webmail mail, string text)
    {
        await mail.Button("More").First.ClickAsync();
        var chooser = await mail.Page.RunAndWaitForFileChooserAsync(() =>
            mail.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Import vCard…" }).ClickAsync());
        await chooser.SetFilesAsync(new FilePayload
        {
            Name = "cards.vcf",
            MimeType = "text/vcard",
            Buffer = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"))
        });
    }

    private static ILocator Card(Webmail mail) => mail.Page.GetByRole(AriaRole.Region, new() { Name = "Contact", Exact = true });

    private static ILocator Form(Webmail mail) => mail.Page.Locator("form.contact-form");

    private static async Task<Webmail> OpenAsync(Play play, Person person)
    {
        var mail = await play.SignedInAsync(person);
        await mail.Folder("Contacts").ClickAsync();
        await Expect(mail.Page.GetByRole(AriaRole.Heading, new() { Name = "Contacts", Level = 1 })).ToBeVisibleAsync();
        return mail;
    }
}
