using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Aviso.Tests.System.Browser;

/// <summary>One test on the scene: its people, their browsers, and what went wrong behind the pages.</summary>
internal sealed partial class Play(BrowserScene scene) : IAsyncDisposable
{
    private readonly List<(IBrowserContext Context, PageWatch Watch)> _contexts = [];

    public BrowserScene Scene => scene;

    public Person NewPerson() => scene.NextPerson();

    /// <summary>A browser of somebody's own, at the door.</summary>
    public async Task<Webmail> DoorAsync(BrowserNewContextOptions? options = null, string? script = null)
    {
        options ??= new();
        options.Locale ??= "en-GB";
        options.TimezoneId ??= "Europe/Berlin";
        options.ReducedMotion ??= ReducedMotion.Reduce;
        options.ViewportSize ??= new() { Width = 1280, Height = 800 };
        var context = await scene.Browser.NewContextAsync(options);
        context.SetDefaultTimeout(20_000);
        var watch = new PageWatch(context, scene.Origin);
        _contexts.Add((context, watch));
        if (script is not null) await context.AddInitScriptAsync(script);
        var page = await context.NewPageAsync();
        await page.GotoAsync(scene.Origin + "/");
        return new(page, watch);
    }

    /// <summary>A browser in which the person has signed in.</summary>
    public async Task<Webmail> SignedInAsync(Person person, BrowserNewContextOptions? options = null, string? script = null)
    {
        var mail = await DoorAsync(options, script);
        await mail.SignInAsync(person.Address);
        return mail;
    }

    public void AssertQuiet()
    {
        foreach (var (_, watch) in _contexts) watch.AssertQuiet("what no person would have seen:");
        Assert.Empty(scene.Sink.Heard);
    }

    /// <summary>The test failed: what its pages show is kept.</summary>
    public async Task KeepAsync()
    {
        Directory.CreateDirectory(BrowserScene.Results);
        var name = Unfit().Replace(TestContext.Current.Test?.TestDisplayName.Split("Browser.")[^1] ?? "test", "_");
        var number = 0;
        foreach (var page in _contexts.SelectMany(c => c.Context.Pages).ToList())
        {
            var path = Path.Combine(BrowserScene.Results, $"{name[..Math.Min(name.Length, 120)]}-{++number}.png");
            try
            {
                await page.ScreenshotAsync(new() { Path = path, Timeout = 5000 });
                TestContext.Current.TestOutputHelper?.WriteLine($"{page.Url} is in {path}");
            }
            catch (Exception e) when (e is PlaywrightException or TimeoutException)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{page.Url}: {e.Message}");
            }
        }
        foreach (var (_, watch) in _contexts)
            foreach (var trouble in watch.Troubles) TestContext.Current.TestOutputHelper?.WriteLine(trouble);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (context, _) in _contexts) await context.CloseAsync();
        scene.Sink.Forget();
    }

    [GeneratedRegex("[^A-Za-z0-9_.]+")]
    private static partial Regex Unfit();
}
