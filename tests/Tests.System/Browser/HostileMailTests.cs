using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Aviso.Tests.System.Browser;

/// <summary>
/// Mail that wants to run something, ask for something or look like something else: opened, poked, answered, sent on and printed. Nothing
/// may run, and the host that all of it speaks of must hear nothing. The control proves of the same detectors that they see.
/// </summary>
[Collection(BrowserScene.Collection)]
public sealed class HostileMailTests(BrowserScene scene) : IClassFixture<BrowserScene>
{
    // Everything an element may listen to, and a click on what may be clicked.
    private const string Poke = """
        () => {
          let count = 0;
          for (const one of document.querySelectorAll('*')) {
            if (count++ > 400) break;
            for (const name of ['mouseover', 'pointerenter', 'focus', 'load', 'error', 'toggle', 'beforetoggle',
              'animationstart', 'transitionend', 'start', 'begin'])
              one.dispatchEvent(new Event(name, { bubbles: false }));
            if (one.matches('a,area,button:not(.fold):not(.more),input,summary,label') &&
              !one.closest('[data-keys=compose] .composer-head, .composer-foot, .tools, .recipients'))
              one.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
          }
          return document.querySelectorAll('*').length;
        }
        """;

    // Told by a script of a message, wherever it runs.
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(20);
    private const string Ears = "addEventListener('message', event => { if (event.data === 'pwned') window.pwned = 'told' })";

    public static TheoryData<string> Groups => [.. HostilePayload.All.Select(p => p.Group).Distinct(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Groups))]
    public Task It_does_nothing(string group) => scene.PlayAsync(async play =>
    {
        var payloads = HostilePayload.All.Where(p => p.Group == group).ToList();
        var person = play.NewPerson();
        person.Receives(payloads.Select(p => new Letter(p.Subject) { Html = $"<p>{p.Mark}</p>{p.Html}" }));
        var mail = await play.SignedInAsync(person, script: Ears);
        mail.Watch.ExpectWordsOfTheSanitiser();
        await Expect(mail.Rows.First).ToContainTextAsync(payloads[^1].Subject);
        foreach (var payload in Enumerable.Reverse(payloads))
        {
            if (payload == payloads[^1]) await mail.OpenAsync(payload.Subject);
            else await mail.Keys.PressAsync("j");
            await LookAsync(mail, payload);
            await AnswerAsync(mail, payload, "r");
            await AnswerAsync(mail, payload, "f");
            await PrintAsync(mail, payload);
        }
        // Whatever was asked for before this is asked has come before it.
        mail.Watch.Expect($"http://{Sink.Host}/after");
        var last = await mail.Page.Context.NewPageAsync();
        await last.GotoAsync($"http://{Sink.Host}/after");
        Assert.Equal([$"GET /after {Sink.Host}"], play.Scene.Sink.Heard.Where(line =>
            !line.Contains("favicon", StringComparison.Ordinal) && !payloads.Exists(p => p.IsLink(line))));
        play.Scene.Sink.Forget();
    });

    /// <summary>What the battery cannot see it cannot fail for: in a page that is not ours, the same mail is heard of.</summary>
    [Fact]
    public Task In_a_page_without_defence_it_does_what_it_says() => scene.PlayAsync(async play =>
    {
        var wanted = HostilePayload.All.Where(p => p.Runs || p.Asks).ToList();
        Assert.True(wanted.Count(p => p.Runs) >= 30 && wanted.Count(p => p.Asks) >= 25, "the control proves little");
        await using var browser = await play.Scene.OtherBrowserAsync();
        var context = await browser.NewContextAsync();
        var silent = new ConcurrentBag<string>();
        await Task.WhenAll(wanted.Chunk(wanted.Count / 3 + 1).Select(async some =>
        {
            foreach (var payload in some)
                if (!await IsHeardAsync(play, context, payload)) silent.Add($"{payload.Group}: {payload.Name}");
        }));
        play.Scene.Sink.Forget();
        Assert.True(silent.IsEmpty, string.Join("\n", silent));
    });

    // Such a page may hang or never end to load; what it asked for was heard all the same.
    private static async Task<bool> IsHeardAsync(Play play, IBrowserContext context, HostilePayload payload)
    {
        play.Scene.Sink.Serve($"control-{payload.Path}", $"<!doctype html><p>{payload.Mark}</p>{payload.Html}");
        try
        {
            var page = await context.NewPageAsync().WaitAsync(Patient);
            page.Dialog += (_, dialog) => _ = dialog.DismissAsync();
            var address = $"http://{Sink.Host}/control-{payload.Path}";
            await page.GotoAsync(address, new() { WaitUntil = WaitUntilState.Commit, Timeout = 8000 });
            for (var looks = 0; looks < 60 && !Fired(play, payload); looks++) await Task.Delay(100);
            await page.CloseAsync().WaitAsync(TimeSpan.FromSeconds(3));
        }
        catch (Exception e) when (e is TimeoutException or PlaywrightException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{payload.Name}: {e.Message}");
        }
        return Fired(play, payload);
    }

    private static bool Fired(Play play, HostilePayload payload) => play.Scene.Sink.Heard.Any(line =>
        payload.Runs ? line.Contains($"/{payload.Path}/script", StringComparison.Ordinal)
            || line.Contains($"/{payload.Path}/x.js/script", StringComparison.Ordinal)
            : line.Contains($"/{payload.Path}/", StringComparison.Ordinal));

    private static async Task LookAsync(Webmail mail, HostilePayload payload)
    {
        await Expect(mail.Reader.GetByRole(AriaRole.Heading, new() { Name = payload.Subject, Exact = true })).ToBeVisibleAsync();
        await Expect(mail.Body.Locator("#message")).ToContainTextAsync(payload.Mark);
        foreach (var frame in Shown(mail)) Assert.True(await frame.EvaluateAsync<int>(Poke).WaitAsync(Patient) > 3);
        await CheckAsync(mail, payload, "opened and poked");
        var left = await mail.Body.Locator("#message").EvaluateAsync<string>(Left).WaitAsync(Patient);
        Assert.True(left.Length == 0, $"{payload.Group}: {payload.Name} leaves {left}");
        if (payload.Leads) await CloseWhatOpenedAsync(mail, payload);
    }

    // Of what may stay: no element that runs, loads or sends, no handler, no address but of links and of pictures that are ours to show.
    private const string Left = """
        root => [...root.querySelectorAll('*')].flatMap(one => [
          ...(/^(script|iframe|object|embed|svg|math|form|input|select|textarea|link|meta|base|video|audio|source)$/i.test(one.localName)
            || /^(picture|template|noscript|dialog|frame|frameset)$/i.test(one.localName) ? [one.localName] : []),
          ...[...one.attributes].filter(a => /^on/i.test(a.name)
            || /^(srcdoc|srcset|background|poster|action|formaction|ping|autofocus|contenteditable|popover|target)$/i
              .test(a.name)).map(a => a.name),
          ...[...one.attributes].filter(a => a.name === 'href' && !/^(https?:|mailto:|tel:)/i.test(a.value)).map(a => a.value.slice(0, 60)),
          ...[...one.attributes].filter(a => a.name === 'src'
            && !/^(blob:|data:image\/(png|gif|jpeg|webp))/i.test(a.value)).map(a => a.value.slice(0, 60)),
          ...(/url\((?!"?(blob:|data:image))|@import/i.test(one.getAttribute('style') ?? '') || (one.localName === 'style'
            && /url\((?!"?(blob:|data:image))|@import|@font-face/i.test(one.textContent)) ? ['a style that loads'] : []),
          ...(['fixed', 'sticky'].includes(getComputedStyle(one).position) ? ['a cover'] : []),
        ]).slice(0, 5).join(' ')
        """;

    private static async Task AnswerAsync(Webmail mail, HostilePayload payload, string key)
    {
        await mail.Keys.PressAsync(key);
        await Expect(mail.Editor).ToContainTextAsync(payload.Mark);
        Assert.True(await mail.Page.EvaluateAsync<int>(Poke.Replace("document.querySelectorAll('*')",
            "document.querySelectorAll('.editor, .editor *')", StringComparison.Ordinal)).WaitAsync(Patient) > 0);
        await CheckAsync(mail, payload, key == "r" ? "answered" : "sent on");
        var left = await mail.Editor.EvaluateAsync<string>(Left).WaitAsync(Patient);
        Assert.True(left.Length == 0, $"{payload.Group}: {payload.Name} leaves {left} in the letter");
        await mail.Composer.GetByRole(AriaRole.Button, new() { Name = "Save and close" }).ClickAsync();
        await Expect(mail.Composer).ToHaveCountAsync(0);
    }

    private static async Task PrintAsync(Webmail mail, HostilePayload payload)
    {
        await mail.Page.EmulateMediaAsync(new() { Media = Media.Print });
        await mail.Page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .WaitAsync(Patient);
        await CheckAsync(mail, payload, "printed");
        await mail.Page.EmulateMediaAsync(new() { Media = Media.Screen });
    }

    private static async Task CheckAsync(Webmail mail, HostilePayload payload, string when)
    {
        var what = $"{payload.Group}: {payload.Name}, {when}";
        Assert.True(mail.Page.Url.StartsWith(new Uri(mail.Page.Url).GetLeftPart(UriPartial.Authority) + "/#/", StringComparison.Ordinal),
            $"{what}: the page went to {mail.Page.Url}");
        foreach (var frame in mail.Page.Frames)
        {
            Assert.True(frame == mail.Page.MainFrame || frame.Url.EndsWith("/m/frame", StringComparison.Ordinal),
                $"{what}: a frame went to {frame.Url}");
            Assert.True(await frame.EvaluateAsync<bool>("() => window.pwned === undefined").WaitAsync(Patient), $"{what}: a script ran");
        }
        if (payload.Leads) return;
        mail.Watch.AssertQuiet(what);
        Assert.True(mail.Page.Context.Pages.Count == 1, $"{what}: a window opened");
    }

    private static IEnumerable<IFrame> Shown(Webmail mail) =>
        mail.Page.Frames.Where(frame => frame != mail.Page.MainFrame && frame.Url.EndsWith("/m/frame", StringComparison.Ordinal));

    // The link was followed: into a window of its own that knows nothing of this one.
    private static async Task CloseWhatOpenedAsync(Webmail mail, HostilePayload payload)
    {
        mail.Watch.Expect($"http://{Sink.Host}/{payload.Path}/");
        await Patience.UntilAsync(() => mail.Page.Context.Pages.Count > 1, "the link leads to a window of its own");
        foreach (var page in mail.Page.Context.Pages.Where(p => p != mail.Page).ToList())
        {
            await page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
            Assert.Null(await page.EvaluateAsync<object?>("() => window.opener"));
            Assert.Equal("", await page.EvaluateAsync<string>("() => document.referrer"));
            await page.CloseAsync();
        }
    }
}
