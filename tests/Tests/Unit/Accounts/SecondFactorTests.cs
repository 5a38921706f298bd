using System.Text;
using Aviso.Accounts;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class SecondFactorTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private AccountId _account;
    private SecondFactors _factors = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _) = await _store.AccountAsync();
        _factors = new(_store.Store, _store.Clock, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _factors.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task An_account_of_which_a_rebuild_knows_nothing_is_shut_until_an_administrator_has_seen_to_it()
    {
        await _store.Store.ChangeDocumentsAsync([SecondFactors.Unknown(_account, _store.Clock.GetUtcNow())], [], Cancel);
        await _factors.LoadAsync(Cancel);
        Assert.True(_factors.IsOn(_account));
        Assert.True(_factors.IsUnknown(_account));
        Assert.Equal("locked", _factors.StatusOf(_account, "alice@example.test").State);
        Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, "123456", Cancel));
        Assert.True(await _factors.RemoveAsync(_account, Cancel));
        Assert.False(_factors.IsUnknown(_account));
    }

    // RFC 6238 appendix B, the rows of SHA-1.
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void Codes_are_those_of_the_rfc(long seconds, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, Totp.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds)), 8));

    // RFC 4226 appendix D.
    [Theory]
    [InlineData(0, "755224")]
    [InlineData(1, "287082")]
    [InlineData(2, "359152")]
    [InlineData(5, "254676")]
    [InlineData(9, "520489")]
    public void Counters_give_the_codes_of_the_rfc(long counter, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, counter));

    // RFC 4648 §10, without the padding.
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Base32_is_that_of_the_rfc(string text, string encoded) => Assert.Equal(encoded, Totp.Base32(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void The_address_for_apps_is_what_they_read() => Assert.Equal(
        "otpauth://totp/mail.example.org:alice%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=mail.example.org&algorithm=SHA1&digits=6&period=30",
        Totp.Uri("mail.example.org", "alice@example.org", "12345678901234567890"u8));

    [Fact]
    public async Task It_counts_when_a_code_confirmed_it_and_outlives_a_restart()
    {
        var made = await BeginAsync();
        Assert.Equal("waiting", _factors.StatusOf(_account, "").State);
        Assert.False(_factors.IsOn(_account));
        Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, CodeOf(made), Cancel));
        Assert.Equal(CodeVerdict.Right, await _factors.ConfirmAsync(_account, CodeOf(made), Cancel));
        Assert.True(_factors.IsOn(_account));
        Assert.Null(await _factors.BeginAsync(_account, "a@example.org", "x", Cancel));
        using var again = new SecondFactors(_store.Store, _store.Clock, NullLogger.Instance);
        await again.LoadAsync(Cancel);
        Assert.True(again.IsOn(_account));
        // What was used before the restart stays used.
        Assert.Equal(CodeVerdict.Wrong, await again.CheckAsync(_account, CodeOf(made), Cancel));
    }

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_clock_may_be_one_step_off(int steps, bool right)
    {
        var made = await ConfirmedAsync();
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(right, await _factors.CheckAsync(_account, CodeOf(made, steps), Cancel) == CodeVerdict.Right);
    }

    [Fact]
    public async Task A_code_is_good_once_and_an_earlier_one_no_more_after_it()
    {
        var made = await ConfirmedAsync();
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(CodeVerdict.Right, await _factors.CheckAsync(_account, CodeOf(made), Cancel));
        Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, CodeOf(made), Cancel));
        Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, CodeOf(made, -1), Cancel));
        Assert.Equal(CodeVerdict.Right, await _factors.CheckAsync(_account, CodeOf(made, 1), Cancel));
    }

    [Fact]
    public async Task Two_logins_at_once_with_one_code_are_one_login()
    {
        var made = await ConfirmedAsync();
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        var both = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _factors.CheckAsync(_account, CodeOf(made), Cancel)));
        Assert.Single(both, v => v == CodeVerdict.Right);
    }

    [Fact]
    public async Task A_recovery_code_is_good_once()
    {
        var made = await ConfirmedAsync();
        Assert.Equal(10, made.RecoveryCodes.Distinct().Count());
        Assert.Equal(CodeVerdict.RightByRecoveryCode, await _factors.CheckAsync(
            _account, made.RecoveryCodes[3].ToUpperInvariant().Replace("-", " ", StringComparison.Ordinal), Cancel));
        Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, made.RecoveryCodes[3], Cancel));
        Assert.Equal(9, _factors.StatusOf(_account, "").RecoveryCodesLeft);
        var row = Assert.Single(await _store.Store.ListDocumentsAsync(SecondFactors.Kind, Cancel));
        Assert.DoesNotContain(made.RecoveryCodes[0], Encoding.UTF8.GetString(row.Value), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guessing_is_stopped_for_a_while()
    {
        var made = await ConfirmedAsync();
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        for (var i = 0; i < 5; i++) Assert.Equal(CodeVerdict.Wrong, await _factors.CheckAsync(_account, "12345x", Cancel));
        Assert.Equal(CodeVerdict.TooMany, await _factors.CheckAsync(_account, CodeOf(made), Cancel));
        _store.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(CodeVerdict.Right, await _factors.CheckAsync(_account, CodeOf(made), Cancel));
    }

    [Fact]
    public async Task What_cannot_be_read_is_asked_for_and_no_code_is_right()
    {
        await ConfirmedAsync();
        await _store.Store.ChangeDocumentsAsync([new(new(_account, SecondFactors.Kind, "totp"), "?"u8.ToArray(), 1)], [], Cancel);
        using var again = new SecondFactors(_store.Store, _store.Clock, NullLogger.Instance);
        await again.LoadAsync(Cancel);
        Assert.True(again.IsOn(_account));
        Assert.True(await again.RemoveAsync(_account, Cancel));
        Assert.False(again.IsOn(_account));
    }

    [Fact]
    public void A_picture_has_the_size_of_its_code()
    {
        var lines = Aviso.Verbs.QrPicture.Draw("otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQ").TrimEnd('\n').Split('\n');
        var width = lines[0].Length - "\u001b[30;107m\u001b[0m".Length;
        // Version 3: 29 modules, and four of quiet zone on each side; two rows a line.
        Assert.Equal((37, 19), (width, lines.Length));
        Assert.All(lines, l => Assert.Equal(lines[0].Length, l.Length));
    }

    private async Task<NewTotp> BeginAsync() => (await _factors.BeginAsync(_account, "alice@example.org", "mail.example.org", Cancel))!;

    private async Task<NewTotp> ConfirmedAsync()
    {
        var made = await BeginAsync();
        Assert.Equal(CodeVerdict.Right, await _factors.ConfirmAsync(_account, CodeOf(made), Cancel));
        return made;
    }

    private string CodeOf(NewTotp made, int steps = 0) => TotpCodes.Now(made.Secret, _store.Clock, steps);
}
