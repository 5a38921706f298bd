using System.Net;
using Aviso.Accounts;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Sessions of browsers: how long they last, and what ends them.</summary>
public sealed class WebSessionTests : IAsyncLifetime
{
    private const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.9");
    private static readonly SignInFacts Short = new("password", Home, Firefox);
    private static readonly SignInFacts Long = Short with { Stays = true };

    private TestStore _store = null!;
    private Scene _scene = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _scene = await Scene.OpenAsync(_store);
    }

    public async ValueTask DisposeAsync()
    {
        _scene.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task A_token_finds_its_session_and_no_other_does()
    {
        var (session, token) = await BeginAsync(Long);
        Assert.Equal(43, token.Length);
        Assert.Same(session, _scene.Sessions.Find(token, Home));
        foreach (var wrong in (string[])["", token[..42], token + "A", session.Id, token.ToUpperInvariant(), new string('x', 5000)])
            Assert.Null(_scene.Sessions.Find(wrong, Home));
        // The store has the digest alone.
        var document = Assert.Single(await _store.Store.ListDocumentsAsync(WebSessions.Kind, Cancel));
        Assert.DoesNotContain(token, document.Key.Name + System.Text.Encoding.UTF8.GetString(document.Value), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_says_which_device_it_is_in_words()
    {
        var (mine, _) = await BeginAsync(Long);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        await BeginAsync(Short with { UserAgent = "curl/8.14.1", From = IPAddress.Parse("2001:db8::5"), How = "passkey" });
        var list = _scene.Sessions.List(_scene.Alice, mine);
        Assert.Equal(
            [("Firefox on Linux", "password", "203.0.113.9", true, true), ("curl", "passkey", "2001:db8::5", false, false)],
            list.Select(d => (d.Device, d.How, d.From, d.Stays, d.IsThis)));
        Assert.Equal(TimeSpan.FromMinutes(1), list[1].Created - list[0].Created);
    }

    [Theory]
    [InlineData(false, 24)]
    [InlineData(true, 30 * 24)]
    public async Task It_lasts_from_its_last_use(bool stays, int hours)
    {
        var (session, token) = await BeginAsync(stays ? Long : Short);
        var almost = TimeSpan.FromHours(hours) - TimeSpan.FromSeconds(1);
        _store.Clock.Advance(almost);
        Assert.NotNull(_scene.Sessions.Find(token, Home));
        _store.Clock.Advance(almost);
        Assert.NotNull(_scene.Sessions.Find(token, Home));
        _store.Clock.Advance(TimeSpan.FromHours(hours));
        Assert.Null(_scene.Sessions.Find(token, Home));
        Assert.True(session.Over.IsCancellationRequested);
        await _scene.Sessions.UpkeepAsync(Cancel);
        Assert.Empty(await _store.Store.ListDocumentsAsync(WebSessions.Kind, Cancel));
    }

    [Fact]
    public async Task Its_last_use_is_written_hourly_at_most()
    {
        var (_, token) = await BeginAsync(Long);
        var began = await WrittenAsync();
        for (var minute = 0; minute < 59; minute++)
        {
            _store.Clock.Advance(TimeSpan.FromMinutes(1));
            Assert.NotNull(_scene.Sessions.Find(token, Home));
            await _scene.Sessions.UpkeepAsync(Cancel);
        }
        Assert.Equal(began, await WrittenAsync());
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(_scene.Sessions.Find(token, IPAddress.Loopback));
        await _scene.Sessions.UpkeepAsync(Cancel);
        Assert.Equal(began + 3600, await WrittenAsync());
        Assert.Equal("127.0.0.1", Assert.Single(_scene.Sessions.List(_scene.Alice, null)).From);
    }

    [Fact]
    public async Task It_outlives_a_restart()
    {
        var (session, token) = await BeginAsync(Long);
        using var again = await Scene.OpenAsync(_store);
        var found = again.Sessions.Find(token, Home);
        Assert.Equal((session.Id, "Firefox on Linux", true), (found!.Id, found.Device, found.Stays));
    }

    [Fact]
    public async Task Who_ends_one_ends_that_one_and_all_others_are_all_others()
    {
        var (mine, token) = await BeginAsync(Long);
        var (second, _) = await BeginAsync(Long);
        var (third, _) = await BeginAsync(Short);
        var (bobs, _) = (await _scene.Sessions.BeginAsync(_scene.Bob, Long, Cancel))!.Value;
        Assert.False(await _scene.Sessions.EndAsync(_scene.Alice, bobs.Id, Cancel));
        Assert.True(await _scene.Sessions.EndAsync(_scene.Alice, second.Id, Cancel));
        Assert.False(await _scene.Sessions.EndAsync(_scene.Alice, second.Id, Cancel));
        Assert.Equal((true, false, false), (Ended(second), Ended(third), Ended(mine)));
        Assert.Equal(1, await _scene.Sessions.EndAllAsync(_scene.Alice, mine, Cancel));
        Assert.Equal((true, false, false), (Ended(third), Ended(mine), Ended(bobs)));
        Assert.Equal(1, await _scene.Sessions.EndAllAsync(_scene.Alice, null, Cancel));
        Assert.Null(_scene.Sessions.Find(token, Home));
        using var again = await Scene.OpenAsync(_store);
        Assert.Null(again.Sessions.Find(token, Home));
        Assert.Single(again.Sessions.List(_scene.Bob, null));
    }

    [Fact]
    public async Task An_account_has_so_many_at_most_and_the_longest_unused_makes_room()
    {
        var first = await BeginAsync(Long);
        for (var i = 1; i < WebSessions.Most; i++)
        {
            _store.Clock.Advance(TimeSpan.FromSeconds(1));
            await BeginAsync(Short);
        }
        _store.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(_scene.Sessions.Find(first.Token, Home));
        var last = await BeginAsync(Short);
        Assert.Equal(WebSessions.Most, _scene.Sessions.List(_scene.Alice, null).Count);
        Assert.False(Ended(first.Session));
        Assert.False(Ended(last.Session));
        Assert.Equal(WebSessions.Most, (await _store.Store.ListDocumentsAsync(_scene.Alice, WebSessions.Kind, Cancel)).Count);
    }

    public static TheoryData<string, Func<Scene, Task>> Changes => new()
    {
        { "another password", s => s.ApplyAsync("another secret") },
        { "suspended: no longer in the settings", s => s.ApplyAsync(null) },
        { "a second step from now on", s => s.AddTotpAsync() },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task What_it_stood_on_changes_and_it_is_over_at_once(string what, Func<Scene, Task> change)
    {
        var (session, token) = await BeginAsync(Long);
        var (bobs, _) = (await _scene.Sessions.BeginAsync(_scene.Bob, Long, Cancel))!.Value;
        await change(_scene);
        Assert.True(Ended(session), what);
        Assert.Null(_scene.Sessions.Find(token, Home));
        Assert.False(Ended(bobs));
    }

    [Fact]
    public async Task The_same_settings_again_end_nothing()
    {
        var (session, token) = await BeginAsync(Long);
        await _scene.ApplyAsync("secret");
        Assert.False(Ended(session));
        Assert.NotNull(_scene.Sessions.Find(token, Home));
    }

    [Fact]
    public async Task A_password_that_changed_while_the_server_was_down_has_ended_it()
    {
        var (_, token) = await BeginAsync(Long);
        using var again = await Scene.OpenAsync(_store, "another secret");
        Assert.Null(again.Sessions.Find(token, Home));
    }

    [Fact]
    public async Task A_suspended_account_gets_none_and_its_old_ones_do_not_come_back()
    {
        var (_, token) = await BeginAsync(Long);
        await _scene.ApplyAsync(null);
        Assert.Null(await _scene.Sessions.BeginAsync(_scene.Alice, Long, Cancel));
        await _scene.Sessions.UpkeepAsync(Cancel);
        await _scene.ApplyAsync("secret");
        Assert.Null(_scene.Sessions.Find(token, Home));
        using var again = await Scene.OpenAsync(_store);
        Assert.Null(again.Sessions.Find(token, Home));
    }

    [Fact]
    public async Task An_app_password_takes_its_own_sessions_along_and_no_others()
    {
        var made = (await _scene.Service.AddAsync("alice@example.org", "tablet", AppPasswordScope.All with { Protocols = ["webmail"] },
            null, Cancel)).Made!;
        var (own, _) = await BeginAsync(Long);
        var (by, _) = await BeginAsync(Long with { AppPassword = made.Id });
        Assert.Equal((false, true), (own.IsByAppPassword, by.IsByAppPassword));
        Assert.True((await _scene.Service.RevokeAsync("alice@example.org", made.Id, Cancel)).Ok);
        Assert.Equal((false, true), (Ended(own), Ended(by)));
        Assert.Null(await _scene.Sessions.BeginAsync(_scene.Alice, Long with { AppPassword = made.Id }, Cancel));
    }

    [Fact]
    public async Task A_document_that_cannot_be_read_is_over_and_stops_nobody()
    {
        await _store.Store.ChangeDocumentsAsync([new(new(_scene.Alice, WebSessions.Kind, new string('a', 64)), "{"u8.ToArray(), 1)], [],
            Cancel);
        var (_, token) = await BeginAsync(Long);
        using var again = await Scene.OpenAsync(_store);
        Assert.NotNull(again.Sessions.Find(token, Home));
        Assert.Single(again.Sessions.List(_scene.Alice, null));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Chrome on Windows")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
        "Edge on Windows")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Safari on iPhone")]
    [InlineData("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
        "Chrome on iPad")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Safari on Mac")]
    [InlineData("Mozilla/5.0 (Linux; Android 15) (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet on Android")]
    [InlineData("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android")]
    [InlineData("curl/8.14.1", "curl")]
    [InlineData("", "an unknown program")]
    [InlineData("<script>alert(1)</script>", "an unknown program")]
    [InlineData("Something else (Linux)", "a program on Linux")]
    public void A_browser_has_a_name(string userAgent, string name) => Assert.Equal(name, DeviceName.Of(userAgent));

    private async Task<(WebSession Session, string Token)> BeginAsync(SignInFacts facts) =>
        (await _scene.Sessions.BeginAsync(_scene.Alice, facts, Cancel))!.Value;

    private static bool Ended(WebSession session) => session.Over.IsCancellationRequested;

    private async Task<long> WrittenAsync() => Assert.Single(await _store.Store.ListDocumentsAsync(WebSessions.Kind, Cancel)).ChangedAt;

    /// <summary>Accounts alice and bob with what sessions stand on, over one store.</summary>
    public sealed class Scene : IDisposable
    {
        private readonly AccountBook _book;
        private readonly AppPasswords _apps;
        private readonly SecondFactors _factors;
        private readonly Authenticator _auth;
        private readonly TestStore _store;
        private readonly TestClock _clock;

        private Scene(TestStore store)
        {
            var log = NullLogger.Instance;
            (_store, _clock) = (store, store.Clock);
            (_book, _apps, _factors) = (new(store.Store, _clock, log), new(store.Store, _clock, log), new(store.Store, _clock, log));
            _auth = new(_book) { AppPasswords = _apps, SecondFactors = _factors };
            Service = new(_book, _auth, _apps);
            Sessions = new(store.Store, new(_book, _factors, _apps), _clock, log);
            _book.CredentialChanged += Sessions.LookAgain;
        }

        public WebSessions Sessions { get; }

        public AppPasswordService Service { get; }

        public AccountId Alice => _book.Table.FindAccount("alice@example.org")!.Value;

        public AccountId Bob => _book.Table.FindAccount("bob@example.org")!.Value;

        internal static async Task<Scene> OpenAsync(TestStore store, string password = "secret")
        {
            var scene = new Scene(store);
            await scene.ApplyAsync(password);
            await scene._apps.LoadAsync(default);
            await scene._factors.LoadAsync(default);
            await scene.Sessions.LoadAsync(default);
            return scene;
        }

        /// <param name="password">Null: alice is no longer in the settings.</param>
        public async Task ApplyAsync(string? password)
        {
            var bob = Declare.Account("bob@example.org", "secret");
            var declared = password is null ? Declare.Only(bob) : Declare.Only(Declare.Account("alice@example.org", password), bob);
            Assert.Empty((await _book.ApplyAsync(declared, default)).Contradictions);
            await _auth.PrepareAsync(default);
        }

        public async Task AddTotpAsync()
        {
            using var passkeys = new Passkeys(_store.Store, _clock, NullLogger.Instance);
            var service = new SecondFactorService(_book, _factors, passkeys, "mail.example.org");
            var (made, _) = await service.BeginAsync("alice@example.org", default);
            Assert.True((await service.ConfirmAsync("alice@example.org", TotpCodes.Now(made!.Secret, _clock), default)).Ok);
        }

        public void Dispose()
        {
            _book.CredentialChanged -= Sessions.LookAgain;
            Sessions.Dispose();
            _auth.Dispose();
            _factors.Dispose();
            _apps.Dispose();
            _book.Dispose();
        }
    }
}
