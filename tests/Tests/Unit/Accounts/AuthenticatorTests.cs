using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Accounts;
using Aviso.Net;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class AuthenticatorTests
{
    private static readonly LoginAttempt Attempt = new("s1", ListenerKind.Imaps, IPAddress.Loopback, "PLAIN");

    // Made by crypt(3) of libxcrypt 4.4 for "correct horse".
    public static TheoryData<string> Hashes => new(TestHashes.All);

    [Theory]
    [MemberData(nameof(Hashes))]
    public async Task An_old_hash_lets_in_once_and_becomes_a_scram_record(string hash)
    {
        var rows = new FakeAccountRows();
        using var house = await House.OpenAsync(rows, Declare.Account("alice@example.org", hash));
        Assert.False(house.Auth.ScramOffered);
        Assert.Equal(["alice@example.org"], house.Book.WithoutScram());
        Assert.Null(await house.LoginAsync("alice@example.org", "wrong horse"));
        Assert.NotNull(await house.LoginAsync("Alice@Example.org", "correct horse"));
        Assert.True(house.Auth.ScramOffered);
        var row = Assert.Single(await rows.ListCredentialsAsync(default));
        Assert.StartsWith("SCRAM-SHA-256$65536:", row.Record, StringComparison.Ordinal);
        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(hash)), row.DeclaredFingerprint);
    }

    [Fact]
    public async Task The_new_record_survives_a_restart_and_a_changed_declaration_wins()
    {
        var rows = new FakeAccountRows();
        using (var first = await House.OpenAsync(rows, Declare.Account("alice@example.org", TestHashes.All[0]))) await first.LoginAsync(
            "alice@example.org", "correct horse");
        using var house = await House.OpenAsync(rows, Declare.Account("alice@example.org", TestHashes.All[0]));
        Assert.True(house.Auth.ScramOffered);
        Assert.NotNull(await house.LoginAsync("alice@example.org", "correct horse"));
        var ended = new List<long>();
        house.Book.CredentialChanged += a => ended.Add(a.Value);
        await house.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", "another")), default);
        Assert.Single(ended);
        Assert.Null(await house.LoginAsync("alice@example.org", "correct horse"));
        Assert.NotNull(await house.LoginAsync("alice@example.org", "another"));
        await house.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", "another")), default);
        Assert.Single(ended);
        await house.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", TestHashes.All[0])), default);
        Assert.NotNull(await house.LoginAsync("alice@example.org", "correct horse"));
        Assert.Null(await house.LoginAsync("alice@example.org", "another"));
    }

    [Fact]
    public async Task A_declared_password_is_derived_once_and_leaves_no_weaker_form()
    {
        var rows = new FakeAccountRows();
        using (var first = await House.OpenAsync(rows, Declare.Account("alice@example.org", "secret")))
        {
            Assert.False(first.Auth.ScramOffered);
            await first.Auth.PrepareAsync(default);
            Assert.True(first.Auth.ScramOffered);
            await first.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", "secret")), default);
            Assert.True(first.Auth.ScramOffered);
        }
        var row = Assert.Single(await rows.ListCredentialsAsync(default));
        Assert.Equal([1], row.DeclaredFingerprint);
        using var again = await House.OpenAsync(rows, Declare.Account("alice@example.org", "secret"));
        await again.Auth.PrepareAsync(default);
        Assert.True(again.Auth.ScramOffered);
        Assert.Equal(1, rows.CredentialWrites);
        using var changed = await House.OpenAsync(rows, Declare.Account("alice@example.org", "changed"));
        Assert.Null(await changed.LoginAsync("alice@example.org", "secret"));
        Assert.NotNull(await changed.LoginAsync("alice@example.org", "changed"));
        Assert.Equal(2, rows.CredentialWrites);
        Assert.NotEqual(row.Record, Assert.Single(await rows.ListCredentialsAsync(default)).Record);
    }

    [Fact]
    public async Task A_second_login_derives_nothing_until_the_proof_expires_or_the_password_changes()
    {
        using var house = await House.OpenAsync(new(), Declare.Account("alice@example.org", "secret"));
        await house.LoginAsync("alice@example.org", "secret");
        var derived = house.Auth.Derivations;
        for (var i = 0; i < 5; i++) Assert.NotNull(await house.LoginAsync("alice@example.org", "secret"));
        Assert.Equal(derived, house.Auth.Derivations);
        Assert.Null(await house.LoginAsync("alice@example.org", "secrets"));
        Assert.Equal(derived + 1, house.Auth.Derivations);
        house.Clock.Advance(TimeSpan.FromHours(2));
        Assert.NotNull(await house.LoginAsync("alice@example.org", "secret"));
        Assert.Equal(derived + 2, house.Auth.Derivations);
        await house.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", "new")), default);
        Assert.Null(await house.LoginAsync("alice@example.org", "secret"));
    }

    [Fact]
    public async Task An_unknown_user_costs_a_derivation_as_a_known_one_does()
    {
        using var house = await House.OpenAsync(new(), Declare.Account("alice@example.org", "secret"));
        foreach (var user in (string[])["nobody@example.org", "alice", "", "alice@example.org\0", new string('x', 5000)])
        {
            var before = house.Auth.Derivations;
            Assert.Null(await house.LoginAsync(user, "secret"));
            Assert.Equal(before + 1, house.Auth.Derivations);
        }
    }

    [Fact]
    public async Task A_suspended_account_is_not_let_in()
    {
        var rows = new FakeAccountRows();
        using var house =
            await House.OpenAsync(rows, Declare.Account("alice@example.org", "secret"), Declare.Account("bob@example.org", "secret"));
        Assert.NotNull(await house.LoginAsync("bob@example.org", "secret"));
        await house.Book.ApplyAsync(Declare.Only(Declare.Account("alice@example.org", "secret")), default);
        Assert.Null(await house.LoginAsync("bob@example.org", "secret"));
        Assert.Null(await house.Auth.FinishScramAsync(Attempt, "bob@example.org", true, default));
    }

    [Fact]
    public async Task Scram_keys_of_unknown_users_are_made_up_and_always_the_same()
    {
        var rows = new FakeAccountRows();
        using var house = await House.OpenAsync(rows, Declare.Account("alice@example.org", "secret"));
        await house.Auth.PrepareAsync(default);
        var real = await house.Auth.GetScramKeysAsync(Attempt, "alice@example.org", default);
        Assert.Equal(ScramRecord.Derive("secret", real.Salt, real.Iterations).StoredKey, real.StoredKey);
        var first = await house.Auth.GetScramKeysAsync(Attempt, "nobody@example.org", default);
        using var restarted = await House.OpenAsync(rows, Declare.Account("alice@example.org", "secret"));
        var second = await restarted.Auth.GetScramKeysAsync(Attempt, "Nobody@example.org", default);
        Assert.Equal(first.Salt, second.Salt);
        Assert.Equal((real.Iterations, real.Salt.Length), (first.Iterations, first.Salt.Length));
        Assert.Null(await house.Auth.FinishScramAsync(Attempt, "nobody@example.org", true, default));
        Assert.Null(await house.Auth.FinishScramAsync(Attempt, "alice@example.org", false, default));
        Assert.NotNull(await house.Auth.FinishScramAsync(Attempt, "alice@example.org", true, default));
    }

    [Fact]
    public async Task Every_spelling_of_a_name_that_nobody_has_is_told_the_one_salt_as_those_of_an_account_are()
    {
        using var house = await House.OpenAsync(new(), Declare.Account("alice@example.org", "secret"));
        await house.Auth.PrepareAsync(default);
        foreach (var name in new[] { "alice", "nobody" })
        {
            var salts = new HashSet<string>(StringComparer.Ordinal);
            foreach (var spelling in new[] { $"{name}@example.org", $"\"{name}\"@example.org", $"{name}@example.org.", $"{name.ToUpperInvariant()}@Example.Org" })
            {
                var keys = await house.Auth.GetScramKeysAsync(Attempt, spelling, default);
                Assert.Equal(name == "nobody", keys.IsMadeUp);
                salts.Add(Convert.ToHexString(keys.Salt));
            }
            Assert.Single(salts);
        }
    }

    [Fact]
    public async Task A_record_of_more_rounds_than_clients_compute_lets_in_by_plain_and_becomes_one_of_fewer()
    {
        var rows = new FakeAccountRows();
        var old = ScramRecord.Derive("correct horse", 100_000).Format();
        using (var house = await House.OpenAsync(rows, Declare.Account("alice@example.org", old)))
        {
            // No offer that would fail.
            Assert.False(house.Auth.ScramOffered);
            Assert.Equal(["alice@example.org"], house.Book.WithoutScram());
            Assert.Null(await house.LoginAsync("alice@example.org", "wrong horse"));
            Assert.Empty(await rows.ListCredentialsAsync(default));
            Assert.NotNull(await house.LoginAsync("alice@example.org", "correct horse"));
            Assert.True(house.Auth.ScramOffered);
            Assert.StartsWith(
                "SCRAM-SHA-256$65536:", Assert.Single(await rows.ListCredentialsAsync(default)).Record, StringComparison.Ordinal);
        }
        using var again = await House.OpenAsync(rows, Declare.Account("alice@example.org", old));
        Assert.True(again.Auth.ScramOffered);
        Assert.True((await again.Auth.GetScramKeysAsync(Attempt, "alice@example.org", default)).Iterations <= 65_536);
        Assert.NotNull(await again.LoginAsync("alice@example.org", "correct horse"));
    }

    [Fact]
    public async Task A_login_does_not_need_the_store_to_be_writable()
    {
        var rows = new FakeAccountRows();
        using var house = await House.OpenAsync(rows, Declare.Account("alice@example.org", TestHashes.All[0]));
        rows.Full = true;
        Assert.NotNull(await house.LoginAsync("alice@example.org", "correct horse"));
        Assert.False(house.Auth.ScramOffered);
        rows.Full = false;
    }

    [Fact]
    public async Task Too_many_waiting_logins_fail_for_now()
    {
        using var worker = new PasswordWorker();
        using var gate = new ManualResetEventSlim();
        var all = Enumerable.Range(0, PasswordWorker.MaxWaiting)
            .Select(_ => worker.RunAsync(() => gate.Wait(TimeSpan.FromSeconds(30)), default)).ToList();
        await Assert.ThrowsAsync<LoginOverloadException>(() => worker.RunAsync(() => true, default));
        gate.Set();
        await Task.WhenAll(all);
        Assert.True(await worker.RunAsync(() => true, default));
    }

    [Fact]
    public async Task Logins_beside_one_another_both_get_in_while_the_hash_is_replaced()
    {
        using var house = await House.OpenAsync(new(), Declare.Account("alice@example.org", TestHashes.All[0]));
        var both = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => house.LoginAsync("alice@example.org", "correct horse")));
        Assert.All(both, Assert.NotNull);
    }

    [Fact]
    public void A_record_gives_the_keys_of_the_rfc()
    {
        // RFC 7677 §3: user "user", password "pencil", 4096 rounds.
        var salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");
        var record = ScramRecord.Derive("pencil", salt, 4096);
        const string AuthMessage = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        var signature = HMACSHA256.HashData(record.ServerKey, Encoding.ASCII.GetBytes(AuthMessage));
        Assert.Equal("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Convert.ToBase64String(signature));
    }

    [Fact]
    public void A_record_round_trips_and_a_weak_one_is_none()
    {
        var record = ScramRecord.Derive("x");
        Assert.Equal(record.Format(), ScramRecord.TryParse(record.Format())!.Format());
        Assert.True(ScramRecord.TryParse(record.Format())!.Holds("x"));
        Assert.Null(ScramRecord.TryParse(record.Format().Replace("$65536:", "$4096:", StringComparison.Ordinal)));
        Assert.Null(ScramRecord.TryParse(record.Format()[..^4]));
        Assert.Null(ScramRecord.TryParse("SCRAM-SHA-256$65536:!$!:!"));
    }

    [Theory]
    [InlineData("pass\u00a0word", "pass word")]
    [InlineData("pass\u00adword\u200b", "password")]
    [InlineData("pässword", "pässword")]
    [InlineData("", null)]
    [InlineData("a\0b", null)]
    [InlineData("a\u0085b", null)]
    public void Passwords_are_prepared(string given, string? prepared) => Assert.Equal(prepared, PasswordText.Prepare(given));

    private sealed class House(AccountBook book, Authenticator auth, TestClock clock) : IDisposable
    {
        public AccountBook Book => book;

        public Authenticator Auth => auth;

        public TestClock Clock => clock;

        public static async Task<House> OpenAsync(FakeAccountRows rows, params DeclaredAccount[] accounts)
        {
            var clock = new TestClock();
            var book = new AccountBook(rows, clock, NullLogger.Instance);
            Assert.Empty((await book.ApplyAsync(Declare.Only(accounts), default)).Contradictions);
            return new(book, new(book), clock);
        }

        public Task<Principal?> LoginAsync(string user, string password) =>
            auth.CheckPasswordAsync(Attempt, user, password, default).AsTask();

        public void Dispose()
        {
            auth.Dispose();
            book.Dispose();
        }
    }
}
