using System.Net;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class AppPasswordTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private AppHouse _house = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _house = await AppHouse.OpenAsync(_store);
    }

    public async ValueTask DisposeAsync()
    {
        _house.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task An_app_password_lets_in_without_a_derivation_and_is_kept_as_a_hash()
    {
        var made = await AddAsync("phone");
        Assert.Matches("^([a-z2-9]{4}-){5}[a-z2-9]{4}$", made.Password);
        var derived = _house.Auth.Derivations;
        var who = await LoginAsync(made.Password);
        Assert.Equal("alice@example.org", who!.Address);
        Assert.Equal("phone", who.Scope!.Name);
        Assert.Equal(derived, _house.Auth.Derivations);
        Assert.Null(await LoginAsync(made.Password[..^1] + (made.Password[^1] == 'a' ? 'b' : 'a')));
        Assert.Null(await LoginAsync(made.Password, user: "bob@example.org"));
        var row = Assert.Single(await _store.Store.ListDocumentsAsync(AppPasswords.Kind, Cancel));
        Assert.DoesNotContain(made.Password, System.Text.Encoding.UTF8.GetString(row.Value), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_outlives_a_restart_with_its_last_use()
    {
        var made = await AddAsync("phone");
        await LoginAsync(made.Password);
        await _house.Passwords.UpkeepAsync(Cancel);
        _house.Dispose();
        _house = await AppHouse.OpenAsync(_store);
        Assert.Equal("127.0.0.1 imap", Assert.Single(_house.Service.List("alice@example.org")!).LastUsedFrom);
        Assert.NotNull(await LoginAsync(made.Password));
    }

    public static TheoryData<AppPasswordScope, ListenerKind, string, string?> Scopes => new()
    {
        { AppPasswordScope.All, ListenerKind.Imaps, "192.0.2.1", null },
        { AppPasswordScope.All, ListenerKind.Submissions, "192.0.2.1", null },
        { AppPasswordScope.All, ListenerKind.ManageSieve, "192.0.2.1", null },
        { AppPasswordScope.All with { Protocols = ["imap"] }, ListenerKind.Imap, "192.0.2.1", null },
        { AppPasswordScope.All with { Protocols = ["imap"] }, ListenerKind.Submission, "192.0.2.1", "This app password is not for this protocol" },
        { AppPasswordScope.All with { Protocols = ["submission"] }, ListenerKind.ManageSieve, "192.0.2.1", "This app password is not for this protocol" },
        { AppPasswordScope.All with { ReadOnly = true }, ListenerKind.Imaps, "192.0.2.1", null },
        { AppPasswordScope.All with { ReadOnly = true }, ListenerKind.Submissions, "192.0.2.1", "This app password is not for this protocol" },
        { AppPasswordScope.All with { SearchOnly = true }, ListenerKind.ManageSieve, "192.0.2.1", "This app password is not for this protocol" },
        { AppPasswordScope.All with { Mailboxes = ["Archive"] }, ListenerKind.ManageSieve, "192.0.2.1", "This app password is not for this protocol" },
        { AppPasswordScope.All with { SendAs = ["alice@example.org"] }, ListenerKind.Submissions, "192.0.2.1", null },
        { AppPasswordScope.All with { Networks = ["192.0.2.0/24", "2001:db8::/32"] }, ListenerKind.Imaps, "192.0.2.77", null },
        { AppPasswordScope.All with { Networks = ["192.0.2.0/24", "2001:db8::/32"] }, ListenerKind.Imaps, "2001:db8::5", null },
        { AppPasswordScope.All with { Networks = ["192.0.2.0/24"] }, ListenerKind.Imaps, "::ffff:192.0.2.77", null },
        { AppPasswordScope.All with { Networks = ["192.0.2.0/24"] }, ListenerKind.Imaps, "198.51.100.1", "This app password is not for the network you come from" },
    };

    [Theory]
    [MemberData(nameof(Scopes))]
    public async Task A_scope_says_where_it_may_be_used(AppPasswordScope scope, ListenerKind kind, string from, string? refusal)
    {
        var made = await AddAsync("phone", scope);
        var attempt = new LoginAttempt("s", kind, IPAddress.Parse(from), "PLAIN");
        Assert.Equal(
            refusal is null, await _house.Auth.CheckPasswordAsync(attempt, "alice@example.org", made.Password, Cancel) is not null);
        Assert.Equal(refusal, attempt.Notes.Advice?.Text);
    }

    public static TheoryData<AppPasswordScope, string> Contradictions => new()
    {
        { AppPasswordScope.All with { Protocols = ["smtp"] }, "`smtp` is no protocol" },
        { AppPasswordScope.All with { ReadOnly = true, SearchOnly = true }, "say one of them" },
        { AppPasswordScope.All with { ReadOnly = true, Protocols = ["submission"] }, "of no use for submission" },
        { AppPasswordScope.All with { SearchOnly = true, SendAs = ["a@example.org"] }, "cannot send" },
        { AppPasswordScope.All with { Mailboxes = ["Archive"], Protocols = ["managesieve"] }, "a filter sees all mail" },
        { AppPasswordScope.All with { Mailboxes = ["Archive"], Protocols = ["webmail"] }, "the webmail shows the whole account" },
        { AppPasswordScope.All with { Networks = ["10.0.0.0/99"] }, "no network" },
        { AppPasswordScope.All with { SendAs = ["nobody"] }, "no address or pattern" },
        { AppPasswordScope.All with { Mailboxes = [""] }, "mailbox pattern" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public async Task A_scope_that_contradicts_itself_is_refused(AppPasswordScope scope, string problem)
    {
        var (made, why) = await _house.Service.AddAsync("alice@example.org", "x", scope, null, Cancel);
        Assert.Null(made);
        Assert.Contains(problem, why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoking_ends_the_sessions_and_shows_who_still_tries()
    {
        var ended = new List<long>();
        _house.Book.CredentialChanged += a => ended.Add(a.Value);
        var made = await AddAsync("phone");
        await LoginAsync(made.Password);
        Assert.True((await _house.Service.RevokeAsync("alice@example.org", "phone", Cancel)).Ok);
        Assert.Single(ended);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        var attempt = Attempt();
        Assert.Null(await _house.Auth.CheckPasswordAsync(attempt, "alice@example.org", made.Password, Cancel));
        Assert.Equal(LoginAdviceKind.Expired, attempt.Notes.Advice!.Kind);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        await LoginAsync(made.Password);
        var shown = Assert.Single(_house.Service.List(null)!);
        Assert.Equal(("revoked", "This app password was revoked"), (shown.State, shown.FailingBecause));
        Assert.Equal(TimeSpan.FromMinutes(1), shown.FailingSince - shown.LastUsed);
        Assert.False((await _house.Service.RevokeAsync("alice@example.org", "phone", Cancel)).Ok);
        // The name is free again, and in 90 days nobody remembers.
        await AddAsync("phone");
        _store.Clock.Advance(TimeSpan.FromDays(91));
        await _house.Passwords.UpkeepAsync(Cancel);
        Assert.Single(_house.Service.List(null)!);
    }

    [Fact]
    public async Task It_ends_at_its_time_and_so_do_its_sessions()
    {
        var made = await AddAsync("guest", expires: "2h");
        Assert.NotNull(await LoginAsync(made.Password));
        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await _house.Passwords.UpkeepAsync(Cancel));
        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(await LoginAsync(made.Password));
        Assert.Single(await _house.Passwords.UpkeepAsync(Cancel));
        Assert.Empty(await _house.Passwords.UpkeepAsync(Cancel));
        Assert.Equal("expired", Assert.Single(_house.Service.List(null)!).State);
    }

    [Theory]
    [InlineData("90d", true)]
    [InlineData("5w", true)]
    [InlineData("2200-01-31", true)]
    [InlineData("2001-01-31", false)]
    [InlineData("0d", false)]
    [InlineData("d", false)]
    [InlineData("90x", false)]
    [InlineData("-1d", false)]
    [InlineData("soon", false)]
    public async Task Times_to_expire_are_read(string text, bool good) =>
        Assert.Equal(good, (await _house.Service.AddAsync("alice@example.org", "x", AppPasswordScope.All, text, Cancel)).Made is not null);

    [Fact]
    public async Task Scram_proves_the_own_password_and_every_app_password_by_one_salt()
    {
        var one = await AddAsync("phone");
        var two = await AddAsync("tablet", AppPasswordScope.All with { ReadOnly = true });
        Assert.Equal("phone", (await ScramAsync(one.Password))!.Scope!.Name);
        Assert.True((await ScramAsync(two.Password))!.Scope!.ReadOnly);
        Assert.Null((await ScramAsync("secret"))!.Scope);
        Assert.Null(await ScramAsync("wrong"));
        Assert.All(_house.Service.List(null)!, p => Assert.True(p.Scram));
        // A new own password keeps the salt: they go on working.
        await _house.ApplyAsync("another");
        Assert.Equal("phone", (await ScramAsync(one.Password))!.Scope!.Name);
        Assert.NotNull(await ScramAsync("another"));
        Assert.Null(await ScramAsync("secret"));
    }

    [Fact]
    public async Task An_account_without_a_password_of_its_own_logs_in_by_scram_with_an_app_password()
    {
        await _house.ApplyAsync(null);
        var before = await _house.Auth.GetScramKeysAsync(Attempt(), "alice@example.org", Cancel);
        var made = await AddAsync("phone");
        Assert.Equal(before.Salt, (await _house.Auth.GetScramKeysAsync(Attempt(), "alice@example.org", Cancel)).Salt);
        Assert.Equal("phone", (await ScramAsync(made.Password))!.Scope!.Name);
        Assert.Null(await ScramAsync("anything"));
    }

    [Fact]
    public async Task A_declared_record_with_a_salt_of_its_own_leaves_plain_only()
    {
        var made = await AddAsync("phone");
        await _house.ApplyAsync(ScramRecord.Derive("secret").Format());
        Assert.NotNull(await LoginAsync(made.Password));
        Assert.Null(await ScramAsync(made.Password));
        Assert.False(Assert.Single(_house.Service.List(null)!).Scram);
    }

    [Fact]
    public async Task Two_step_accounts_need_an_app_password_in_mail_programs_and_are_told_so()
    {
        var made = await AddAsync("phone");
        await LoginAsync("secret");
        _house.TwoStep = true;
        foreach (var kind in (ListenerKind[])[ListenerKind.Imaps, ListenerKind.Submissions, ListenerKind.ManageSieve, ListenerKind.Https])
        {
            var attempt = Attempt(kind);
            Assert.Null(await _house.Auth.CheckPasswordAsync(attempt, "alice@example.org", "secret", Cancel));
            Assert.Equal(LoginAdviceKind.AppPasswordNeeded, attempt.Notes.Advice!.Kind);
            var guess = Attempt(kind);
            Assert.Null(await _house.Auth.CheckPasswordAsync(guess, "alice@example.org", "wrong", Cancel));
            Assert.Null(guess.Notes.Advice);
        }
        Assert.Null(await ScramAsync("secret"));
        Assert.NotNull(await LoginAsync(made.Password));
    }

    public static TheoryData<string, AppPasswordScope, bool> InTheWebmail => new()
    {
        { "for everything", AppPasswordScope.All, false },
        { "for another protocol", AppPasswordScope.All with { Protocols = ["jmap"] }, false },
        { "for the webmail by name", AppPasswordScope.All with { Protocols = ["imap", "webmail"] }, true },
    };

    [Theory]
    [MemberData(nameof(InTheWebmail))]
    public async Task The_webmail_takes_only_an_app_password_that_names_it(string what, AppPasswordScope scope, bool taken)
    {
        var made = await AddAsync("tablet", scope);
        var attempt = Attempt(ListenerKind.Https) with { SecondStep = "" };
        Assert.True(taken == (await _house.Auth.CheckPasswordAsync(attempt, "alice@example.org", made.Password, Cancel) is not null), what);
        Assert.Equal(taken ? made.Id : "", attempt.Notes.ProvedBy);
        Assert.Equal(taken ? null : "This app password is not for this protocol", attempt.Notes.Advice?.Text);
    }

    [Fact]
    public async Task A_suspended_account_is_not_let_in_by_app_password_either()
    {
        var made = await AddAsync("phone");
        await _house.Book.ApplyAsync(Declare.Only(Declare.Account("bob@example.org", "secret")), Cancel);
        await _house.Auth.PrepareAsync(Cancel);
        Assert.Null(await LoginAsync(made.Password));
        Assert.Null(await ScramAsync(made.Password));
        Assert.Equal("alice@example.org is suspended",
            (await _house.Service.AddAsync("alice@example.org", "x", AppPasswordScope.All, null, Cancel)).Problem);
    }

    [Fact]
    public async Task A_record_of_more_rounds_than_clients_compute_lets_in_by_plain_and_then_by_scram()
    {
        var account = _house.Book.Table.FindAccount("alice@example.org")!.Value;
        var secret = AppPassword.NewSecret();
        var old = ScramRecord.Derive(secret, 100_000);
        await _house.Passwords.AddAsync(account, "phone", AppPasswordScope.All, 0, secret, old, Cancel);
        Assert.False(Assert.Single(_house.Service.List(null)!).Scram);
        Assert.Null(await ScramAsync(secret));
        Assert.NotNull(await LoginAsync(secret));
        Assert.Equal("phone", (await ScramAsync(secret))!.Scope!.Name);
        Assert.True(Assert.Single(_house.Service.List(null)!).Scram);
    }

    [Fact]
    public async Task There_is_a_limit_and_names_are_unique()
    {
        await AddAsync("phone");
        Assert.Contains("already", (await _house.Service.AddAsync(
            "alice@example.org", "phone", AppPasswordScope.All, null, Cancel)).Problem, StringComparison.Ordinal);
        var account = _house.Book.Table.FindAccount("alice@example.org")!.Value;
        var record = ScramRecord.Derive("x", new byte[16], 1);
        for (var i = 1; i < AppPasswords.Most; i++) Assert.NotNull(
            await _house.Passwords.AddAsync(account, $"n{i}", AppPasswordScope.All, 0, $"s{i}", record, Cancel));
        Assert.Null(await _house.Passwords.AddAsync(account, "more", AppPasswordScope.All, 0, "more", record, Cancel));
    }

    [Theory]
    [InlineData("INBOX", "inbox", true)]
    [InlineData("Archive", "Archive", true)]
    [InlineData("archive", "Archive", false)]
    [InlineData("Archive/2026/May", "Archive/*", true)]
    [InlineData("Archive", "Archive/*", false)]
    [InlineData("Lists/a-b-c", "Lists/*b*", true)]
    [InlineData("Lists/a", "*", true)]
    [InlineData("Lists/a", "L*s/b", false)]
    public void Mailbox_patterns_fit(string mailbox, string pattern, bool sees) => Assert.Equal(sees, new LoginScope { Mailboxes = [pattern] }.Sees(mailbox));

    private static LoginAttempt Attempt(ListenerKind kind = ListenerKind.Imaps) => new("s1", kind, IPAddress.Loopback, "PLAIN");

    private Task<Principal?> LoginAsync(string password, string user = "alice@example.org") =>
        _house.Auth.CheckPasswordAsync(Attempt(), user, password, Cancel).AsTask();

    private async Task<NewAppPassword> AddAsync(string name, AppPasswordScope? scope = null, string? expires = null)
    {
        var (made, problem) = await _house.Service.AddAsync("alice@example.org", name, scope ?? AppPasswordScope.All, expires, Cancel);
        Assert.Equal("", problem);
        return made!;
    }

    // The whole exchange, as a client makes it.
    private async Task<Principal?> ScramAsync(string password)
    {
        var client = SaslClient.Start([Scram.Sha256], "alice@example.org", password)!;
        var server = SaslServer.Start(Scram.Sha256, _house.Auth, Attempt(), null)!;
        ReadOnlyMemory<byte> message = client.InitialResponse!.Value;
        while (true)
        {
            switch (await server.NextAsync(message, Cancel))
            {
                case SaslStep.Challenge challenge:
                    if (client.Next(challenge.Octets.Span) is not { } next) return null;
                    message = next;
                    break;
                case SaslStep.Success success: return success.Principal;
                default: return null;
            }
        }
    }

    private sealed class AppHouse(AccountBook book, AppPasswords passwords) : IDisposable
    {
        public AccountBook Book => book;

        public AppPasswords Passwords => passwords;

        public Authenticator Auth { get; private set; } = null!;

        public AppPasswordService Service { get; private set; } = null!;

        public bool TwoStep { get; set; }

        public static async Task<AppHouse> OpenAsync(TestStore store)
        {
            var house = new AppHouse(
                new(store.Store, store.Clock, NullLogger.Instance), new(store.Store, store.Clock, NullLogger.Instance));
            await house.ApplyAsync("secret");
            await house.Passwords.LoadAsync(Cancel);
            house.Auth = new(house.Book) { AppPasswords = house.Passwords, IsTwoStep = _ => house.TwoStep };
            await house.Auth.PrepareAsync(Cancel);
            house.Service = new(house.Book, house.Auth, house.Passwords);
            return house;
        }

        public async Task ApplyAsync(string? password)
        {
            Assert.Empty((await Book.ApplyAsync(
                Declare.Only(Declare.Account("alice@example.org", password), Declare.Account("bob@example.org", "secret")),
                    Cancel)).Contradictions);
            if (Auth is not null) await Auth.PrepareAsync(Cancel);
        }

        public void Dispose()
        {
            Auth.Dispose();
            Passwords.Dispose();
            Book.Dispose();
        }
    }
}
