using Microsoft.Playwright;
using Xunit;

namespace Aviso.Tests.System.Browser;

/// <summary>
/// One server and one Chromium, shared by the tests of a class. Every name but localhost leads to a sink on loopback, so that nothing the
/// browser is brought to ask for can leave the machine, and all of it is seen.
/// </summary>
public sealed class BrowserScene : IAsyncLifetime
{
    /// <summary>Tests that drive a browser run one after the other: two cores are enough for one.</summary>
    public const string Collection = "browser";

    private const int Accounts = 60;

    private AvisoServer? _server;
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private Sink? _sink;
    private int _people;

    internal AvisoServer Server => _server!;

    internal IBrowser Browser => _browser!;

    internal Sink Sink => _sink!;

    /// <summary>Where the webmail is.</summary>
    public string Origin => $"http://localhost:{Server.Port("http")}";

    /// <summary>Pictures of pages on which a test failed, and those of the views.</summary>
    public static string Results { get; } = Path.Combine(Checkout.Root, ".build", "results", "browser");

    /// <summary>Whoever fetches browsers for Playwright would put them here: nobody does.</summary>
    public static string NoBrowsers { get; } = Path.Combine(Path.GetTempPath(), "aviso-no-browsers");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _playwright?.Dispose();
        _sink?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
    }

    /// <summary>What a test does on the scene. Fails when a page met an error or asked for something elsewhere,
    /// whatever the test saw.</summary>
    internal async Task PlayAsync(Func<Play, Task> act)
    {
        await ReadyAsync();
        await using var play = new Play(this);
        try
        {
            await act(play);
            play.AssertQuiet();
        }
        catch (Exception)
        {
            await play.KeepAsync();
            throw;
        }
    }

    /// <summary>An account that no other test uses.</summary>
    internal Person NextPerson() => new(Server, $"reader{++_people}@{AvisoServer.Domain}");

    /// <summary>Another Chromium, for pages that may break it.</summary>
    internal Task<IBrowser> OtherBrowserAsync() => _playwright!.Chromium.LaunchAsync(Launch());

    private async Task ReadyAsync()
    {
        if (_browser is not null) return;
        Tool.Find("chromium", "chromium");
        _sink ??= new Sink();
        _server ??= await AvisoServer.StartAsync(
            "spam: { enabled: false }", "smtp submission imap http metrics",
            people: Enumerable.Range(1, Accounts).Select(n => $"reader{n}@{AvisoServer.Domain}"));
        using (var http = new HttpClient())
        {
            if (!(await http.GetStringAsync(new Uri(Origin))).Contains("id=\"app\"", StringComparison.Ordinal))
                Assert.Skip("the server was built without its web client (Node.js 20.19 or newer with npm is missing)");
        }
        Environment.SetEnvironmentVariable("PLAYWRIGHT_BROWSERS_PATH", NoBrowsers);
        _playwright ??= await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(Launch());
        Assertions.SetDefaultExpectTimeout(20_000);
    }

    private BrowserTypeLaunchOptions Launch() => new()
    {
        ExecutablePath = Tool.Find("chromium", "chromium"),
        Args = [.. Flags, $"--host-resolver-rules=MAP * 127.0.0.1:{Sink.Port}, EXCLUDE localhost, EXCLUDE 127.0.0.1"],
    };

    // Root may not have Chromium's sandbox, and what the browser would say home is not what is tested.
    private static string[] Flags =>
    [
        .. Environment.UserName == "root" ? (string[])["--no-sandbox"] : [],
        "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync",
        "--disable-dev-shm-usage", "--font-render-hinting=none",
    ];
}
