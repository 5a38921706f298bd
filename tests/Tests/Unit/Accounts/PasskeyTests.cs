using Aviso.Accounts;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>The ceremonies of WebAuthn with <see cref="FakeAuthenticator"/>.</summary>
public sealed class PasskeyTests : IAsyncLifetime
{
    private static readonly RelyingParty Party = new("mail.example.org", "https://mail.example.org");

    private const string TooOld = "the question is too old or was answered";

    private TestStore _store = null!;
    private AccountId _account;
    private Passkeys _passkeys = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _) = await _store.AccountAsync();
        _passkeys = new(_store.Store, _store.Clock, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _passkeys.Dispose();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(-7, "none")]
    [InlineData(-7, "packed")]
    [InlineData(-257, "none")]
    [InlineData(-257, "packed")]
    [InlineData(-8, "none")]
    [InlineData(-8, "packed")]
    public async Task A_passkey_is_registered_and_logs_in(long algorithm, string format)
    {
        Assert.SkipUnless(algorithm != -8 || Aviso.Base.Ed25519.IsAvailable, Aviso.Base.Ed25519.Problem);
        using var key = new FakeAuthenticator(algorithm) { Format = format };
        Assert.Null(await RegisterAsync(key));
        Assert.Null(await LogInAsync(key));
        var shown = Assert.Single(await _passkeys.ListAsync(_account, "alice@example.org", Cancel));
        Assert.Equal(("laptop", _store.Clock.GetUtcNow().ToUnixTimeSeconds()), (shown.Name, shown.LastUsed!.Value.ToUnixTimeSeconds()));
        Assert.True(await _passkeys.RemoveAsync(_account, "laptop", Cancel));
        Assert.Equal("this passkey is not known", await LogInAsync(key));
    }

    public static TheoryData<Action<FakeAuthenticator>, string> Lies => new()
    {
        { k => k.Origin = "https://evil.example", "it was made at another origin" },
        { k => k.Origin = "http://mail.example.org", "it was made at another origin" },
        { k => k.Origin = "https://mail.example.org.evil.example", "it was made at another origin" },
        { k => k.RelyingParty = "example.org", "it is for another relying party" },
        { k => k.Flags = 0x04, "nobody touched the authenticator" },
        { k => k.Flags = 0x01, "the authenticator did not recognise the user" },
        { k => k.Flags = 0x15, "the authenticator's data cannot be read" },
        { k => k.More = ",\"topOrigin\":\"https://evil.example\"", "it was made inside another page" },
        { k => k.More = ",\"type\":\"webauthn.create\"", "the client's data cannot be read" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task What_is_not_as_it_must_be_is_refused_in_both_ceremonies(Action<FakeAuthenticator> lie, string problem)
    {
        using var key = new FakeAuthenticator();
        Assert.Null(await RegisterAsync(key));
        using var liar = new FakeAuthenticator();
        lie(liar);
        Assert.StartsWith(problem, await RegisterAsync(liar) ?? "(taken)", StringComparison.Ordinal);
        lie(key);
        Assert.StartsWith(problem, await LogInAsync(key) ?? "(taken)", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fido-u2f")]
    [InlineData("tpm")]
    [InlineData("android-key")]
    public async Task Other_attestations_are_not_half_believed(string format)
    {
        using var key = new FakeAuthenticator { Format = format };
        Assert.Equal($"attestation `{format}` is not taken; ask for none", await RegisterAsync(key));
    }

    [Fact]
    public async Task A_challenge_is_good_once_for_its_account_its_ceremony_and_five_minutes()
    {
        using var key = new FakeAuthenticator();
        var made = key.Create((await _passkeys.AskNewAsync(_account, Cancel)).Challenge);
        Assert.Equal(TooOld, await RegisterAsync(made, new(_account.Value + 1)));
        Assert.Equal(TooOld, await RegisterAsync(made));
        Assert.Equal(TooOld, await RegisterAsync(key.Create(_passkeys.Ask().Challenge)));
        Assert.Equal(TooOld, await LogInAsync(key, (await _passkeys.AskNewAsync(_account, Cancel)).Challenge));
        Assert.Equal(TooOld, await LogInAsync(key, new byte[40]));
        made = key.Create((await _passkeys.AskNewAsync(_account, Cancel)).Challenge);
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(TooOld, await RegisterAsync(made));
        Assert.Null(await RegisterAsync(key));
        var question = _passkeys.Ask();
        Assert.Null(await LogInAsync(key, question.Challenge));
        Assert.Equal(TooOld, await LogInAsync(key, question.Challenge));
        question = _passkeys.Ask();
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(TooOld, await LogInAsync(key, question.Challenge));
    }

    [Fact]
    public async Task A_challenge_that_strangers_may_have_is_ours_to_the_last_bit()
    {
        using var key = new FakeAuthenticator();
        Assert.Null(await RegisterAsync(key));
        var challenge = _passkeys.Ask().Challenge;
        for (var bit = 0; bit < challenge.Length * 8; bit++)
        {
            var bent = challenge.ToArray();
            bent[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(TooOld, await LogInAsync(key, bent));
        }
        Assert.Null(await LogInAsync(key, challenge));
    }

    [Fact]
    public async Task A_passkey_logs_in_to_the_account_it_was_made_for_and_to_no_other()
    {
        using var key = new FakeAuthenticator();
        Assert.Null(await RegisterAsync(key));
        var (other, _) = await _store.AccountAsync("bob@example.test");
        Assert.Equal("this passkey is not known", await LogInAsync(key, handle: Passkeys.UserHandle(other)));
        Assert.Equal("the answer does not say whose passkey it is", await LogInAsync(key, handle: []));
        Assert.Equal(_account, (await AnswerAsync(key, _passkeys.Ask().Challenge)).Account);
    }

    [Fact]
    public async Task A_counter_must_grow_unless_there_is_none()
    {
        using var key = new FakeAuthenticator { SignCount = 5 };
        Assert.Null(await RegisterAsync(key));
        Assert.StartsWith("the counter did not grow", await LogInAsync(key), StringComparison.Ordinal);
        key.SignCount = 6;
        Assert.Null(await LogInAsync(key));
        key.SignCount = 0;
        Assert.StartsWith("the counter did not grow", await LogInAsync(key), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_its_own_key_signs_for_a_passkey()
    {
        using var key = new FakeAuthenticator();
        using var other = new FakeAuthenticator { Id = key.Id };
        Assert.Null(await RegisterAsync(key));
        Assert.Equal("this passkey is registered already", await RegisterAsync(other));
        Assert.Equal("the signature is not by this passkey", await LogInAsync(other));
        Assert.Equal(key.Id, Assert.Single((await _passkeys.AskNewAsync(_account, Cancel)).Credentials));
        var (client, data, signature) = key.Get(_passkeys.Ask().Challenge);
        data[^1] ^= 1;
        var answer = new PasskeyAnswer(key.Id, Passkeys.UserHandle(_account), client, data, signature);
        Assert.Equal((null, "the signature is not by this passkey"), await _passkeys.AssertAsync(Party, answer, Cancel));
    }

    [Fact]
    public async Task Extensions_are_passed_over_and_what_follows_them_is_not()
    {
        using var key = new FakeAuthenticator();
        Assert.Null(await RegisterAsync(key));
        // {"credProtect": 2}
        byte[] extensions = [0xa1, 0x6b, .. "credProtect"u8, 2];
        Assert.Null(await LogInAsync(key, extensions: extensions));
        Assert.Equal("the authenticator's data cannot be read", await LogInAsync(key, extensions: [.. extensions, 0]));
        Assert.Equal("the authenticator's data cannot be read", await LogInAsync(key, extensions: [0xa1, 0x61]));
    }

    [Fact]
    public async Task Passkeys_are_counted()
    {
        for (var i = 0; i < Passkeys.Most; i++)
        {
            using var key = new FakeAuthenticator();
            Assert.Null(await RegisterAsync(key));
        }
        using var more = new FakeAuthenticator();
        Assert.Equal("an account has at most 20 passkeys", await RegisterAsync(more));
    }

    // RFC 8949 appendix A, as far as authenticators use it; null: not taken.
    [Theory]
    [InlineData("00", 0L)]
    [InlineData("17", 23L)]
    [InlineData("1818", 24L)]
    [InlineData("1903e8", 1000L)]
    [InlineData("1a000f4240", 1000000L)]
    [InlineData("1b000000e8d4a51000", 1000000000000L)]
    [InlineData("20", -1L)]
    [InlineData("3863", -100L)]
    [InlineData("3903e7", -1000L)]
    [InlineData("1bffffffffffffffff", null)]
    [InlineData("1817", null)]
    [InlineData("190018", null)]
    [InlineData("1a0000ffff", null)]
    [InlineData("40", null)]
    [InlineData("18", null)]
    [InlineData("1c", null)]
    public void Integers_are_those_of_the_rfc(string hex, long? value)
    {
        var item = new CborItem(Convert.FromHexString(hex));
        Assert.Equal(value, item.TryInteger(out var read) ? read : null);
    }

    [Theory]
    [InlineData("8301820203820405", true)]
    [InlineData("a26161016162820203", true)]
    [InlineData("f4", true)]
    [InlineData("f6", true)]
    [InlineData("f7", false)]
    [InlineData("fb3ff199999999999a", false)]
    [InlineData("c074323031332d30332d32315432303a30343a30305a", false)]
    [InlineData("9f018202039f0405ffff", false)]
    [InlineData("8181818100", true)]
    [InlineData("818181818100", false)]
    [InlineData("9bffffffffffffffff", false)]
    [InlineData("5affffffff", false)]
    public void Items_are_passed_over_within_bounds(string hex, bool good)
    {
        var item = new CborItem(Convert.FromHexString(hex));
        Assert.Equal(good, item.TrySkip() && item.AtEnd);
    }

    private async Task<string?> RegisterAsync(FakeAuthenticator key) =>
        await RegisterAsync(key.Create((await _passkeys.AskNewAsync(_account, Cancel)).Challenge));

    private Task<string?> RegisterAsync((byte[] ClientData, byte[] Attestation) made, AccountId? account = null) =>
        _passkeys.RegisterAsync(Party, account ?? _account, "laptop", made.ClientData, made.Attestation, Cancel);

    private async Task<string?> LogInAsync(
        FakeAuthenticator key, byte[]? challenge = null, byte[]? extensions = null, byte[]? handle = null) =>
        await AnswerAsync(key, challenge ?? _passkeys.Ask().Challenge, extensions, handle) is { Account: null } no ? no.Problem : null;

    private Task<(AccountId? Account, string Problem)> AnswerAsync(
        FakeAuthenticator key, byte[] challenge, byte[]? extensions = null, byte[]? handle = null)
    {
        var (client, data, signature) = key.Get(challenge, extensions);
        return _passkeys.AssertAsync(Party, new(key.Id, handle ?? Passkeys.UserHandle(_account), client, data, signature), Cancel);
    }
}
