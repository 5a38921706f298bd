using System.Text;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Accounts;
using Aviso.Tests.Unit.Store;
using Aviso.Trace;
using Aviso.Web;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Server;

/// <summary>
/// The pages of signing in and of the own account, over a store, with accounts alice and bob made by verbs and carol of the settings. A
/// browser of the scene keeps its cookies.
/// </summary>
internal sealed class SignInScene : IAsyncDisposable
{
    public const string Password = "correct horse 1";

    private readonly FakeProvider _provider = new();
    private readonly WebTable _table;
    private readonly DecisionBook _decisions;
    private readonly AppPasswords _apps;
    private readonly SecondFactors _factors;
    private readonly Passkeys _passkeys;
    private readonly Authenticator _auth;

    private SignInScene(TestStore store, DecisionBook decisions)
    {
        var (log, rows, clock) = (NullLogger.Instance, store.Store, store.Clock);
        (Store, _decisions, Book) = (store, decisions, new(rows, clock, log));
        Recorder = TraceRecorder.Open(store.Folder, new(), clock, log);
        Desk = new(new(Recorder), Links = new(new byte[32], clock), "mail.example.org");
        (_apps, _factors, _passkeys) = (new(rows, clock, log), new(rows, clock, log), new(rows, clock, log));
        _auth = new(Book) { AppPasswords = _apps, SecondFactors = _factors, IsTwoStep = _factors.IsOn };
        Sessions = new(rows, new(Book, _factors, _apps), clock, log);
        History = new(rows, clock);
        Accounts = new(Book, _auth);
        Book.CredentialChanged += Sessions.LookAgain;
        Gate = new(new(GuardOwner.Builtin, Networks.None), decisions, clock, log);
        Gate.Heard += (evidence, user) => Heard.Add((evidence.Client.ToString(), user));
        // Failures are slowed down by the real clock: not in these tests.
        var guard = new GuardedLogin(_auth, Gate, new(), new HastyClock(clock), log);
        var login = new BrowserLogin(guard, _auth, Book, Sessions, History, new(clock));
        var (pages, owner) = (new PageRows(new(Sessions)), new OwnerCheck(login));
        var (services, apps) =
            (new SecondFactorService(Book, _factors, _passkeys, "mail.example.org"), new AppPasswordService(Book, _auth, _apps));
        WebRow[] all =
        [
            .. new SignInPages(pages, login, Sessions, Book, () => Provider).Rows,
            .. new DevicePages(pages, Sessions, History).Rows,
            .. new PasskeyPages(pages, login, _passkeys).Rows,
            .. new OpenIdPages(pages, login, () => Provider).Rows,
            .. new AccountPages(pages, login, owner, Accounts, services, Book).Rows,
            .. new AppPasswordPages(pages, apps, Book).Rows,
            .. new OwnTracePages(pages, Desk, Book, clock).Rows, new SharedTracePage(Desk).Row,
            .. new TotpPages(pages, login, owner, services, Book).Rows,
            .. new OwnPasskeyPages(pages, _passkeys, Book).Rows,
        ];
        _table = new(all, new(["mail.example.org"], _ => false))
        {
            Proxies = () => Networks.Parse("10.0.20.0/24"),
            IsBanned = Gate.IsBanned,
        };
    }

    public TestStore Store { get; }

    public AccountBook Book { get; }

    public TraceRecorder Recorder { get; }

    public TraceDesk Desk { get; }

    public TraceLinks Links { get; }

    public AccountService Accounts { get; }

    public WebSessions Sessions { get; }

    public SignInHistory History { get; }

    public Gatekeeper Gate { get; }

    public IReadOnlyList<WebRow> Rows => _table.Rows;

    /// <summary>Failed logins that Guard heard of: client and user.</summary>
    public List<(string Client, string? User)> Heard { get; } = [];

    public FakeProvider AtProvider => _provider;

    public bool OffersOpenId { get; set; }

    private OpenIdSignIn? Provider => OffersOpenId ? _auth.TokenLogins?.SignIn : null;

    public static async Task<SignInScene> OpenAsync()
    {
        var store = await TestStore.OpenAsync();
        var scene = new SignInScene(store, await DecisionBook.OpenAsync(store.Store, store.Clock, NullLogger.Instance, default));
        await scene.Book.ApplyAsync(Declare.Only(Declare.Account("carol@example.org", Password)), default);
        await scene._auth.PrepareAsync(default);
        foreach (var name in (string[])["alice", "bob"])
            Xunit.Assert.True((await scene.Accounts.AddAccountAsync($"{name}@example.org", new(Password), default)).Ok);
        scene._auth.TokenLogins = new(new()
        {
            Issuer = scene._provider.Issuer,
            Audiences = ["aviso"],
            SignIn = new(FakeProvider.ClientId, FakeProvider.ClientSecret, ["openid", "email"], "Example login"),
        }, scene.Book);
        return scene;
    }

    public AccountId Account(string name) => Book.Table.FindAccount($"{name}@example.org")!.Value;

    public SceneBrowser Browser() => new(this);

    /// <summary>A browser in which alice is signed in.</summary>
    public async Task<SceneBrowser> AliceAsync()
    {
        var browser = Browser();
        Xunit.Assert.Equal(200, (await browser.SignInAsync()).Status);
        return browser;
    }

    public Task<WebAnswer> AskAsync(ListenerKind kind, HttpRequestFeature request, string client) =>
        WebScene.AskAsync(_table, kind, request, client);

    public async ValueTask DisposeAsync()
    {
        Book.CredentialChanged -= Sessions.LookAgain;
        Desk.Dispose();
        await Recorder.DisposeAsync();
        _provider.Dispose();
        _auth.TokenLogins?.Dispose();
        _auth.Dispose();
        Sessions.Dispose();
        History.Dispose();
        _passkeys.Dispose();
        _factors.Dispose();
        _apps.Dispose();
        Book.Dispose();
        await _decisions.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>Waits of any length are over at once.</summary>
    private sealed class HastyClock(TimeProvider clock) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}

/// <summary>What a browser says of itself and keeps, as one of ours would.</summary>
internal sealed class SceneBrowser(SignInScene scene)
{
    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    public ListenerKind Kind { get; set; } = ListenerKind.Https;

    public string Host { get; set; } = "mail.example.org";

    /// <summary>Null: as a page of ours has it.</summary>
    public string? Origin { get; set; }

    public string Site { get; set; } = "same-origin";

    public string Client { get; set; } = "203.0.113.9";

    public string ContentType { get; set; } = "application/json";

    public string UserAgent { get; set; } = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    public Dictionary<string, string> More { get; } = new(StringComparer.Ordinal);

    /// <summary>The value; empty without.</summary>
    public string Cookie(string name) => _cookies.GetValueOrDefault(name, "");

    public SceneBrowser With(Action<SceneBrowser> change)
    {
        change(this);
        return this;
    }

    public Task<WebAnswer> SignInAsync(string user = "alice@example.org", string password = SignInScene.Password, string more = "") =>
        PostAsync("/session", $$"""{"user":"{{user}}","password":"{{password}}"{{more}}}""");

    public Task<WebAnswer> GetAsync(string path) => AskAsync("GET", path, "");

    public Task<WebAnswer> PostAsync(string path, string json) => AskAsync("POST", path, json);

    public async Task<WebAnswer> AskAsync(string method, string path, string body)
    {
        var (target, query) = path.Split('?', 2) is [var before, var after] ? (before, "?" + after) : (path, "");
        var octets = new MemoryStream(Encoding.UTF8.GetBytes(body));
        var request = new HttpRequestFeature { Method = method, Path = target, QueryString = query, RawTarget = path, Body = octets };
        request.Headers.Host = Host;
        request.Headers.UserAgent = UserAgent;
        var origin = Origin ?? (Kind == ListenerKind.Https ? "https://" : "http://") + Host;
        if (origin.Length > 0 && method != "GET") request.Headers.Origin = origin;
        if (Site.Length > 0) request.Headers["Sec-Fetch-Site"] = Site;
        if (method != "GET") request.Headers.ContentType = ContentType;
        if (_cookies.Count > 0) request.Headers.Cookie = string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}"));
        foreach (var (name, value) in More) request.Headers[name] = value;
        var answer = await scene.AskAsync(Kind, request, Client);
        foreach (var line in answer.Headers.SetCookie)
        {
            var pair = line!.Split(';')[0].Split('=', 2);
            if (line.Contains("Max-Age=0", StringComparison.Ordinal)) _cookies.Remove(pair[0]);
            else _cookies[pair[0]] = pair[1];
        }
        return answer;
    }
}

internal static class WebAnswers
{
    public static JsonNode Json(this WebAnswer answer) => JsonNode.Parse(answer.Body)!;

    public static string Word(this WebAnswer answer, string name) => answer.Json()[name]?.ToString() ?? "";
}
