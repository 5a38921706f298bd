using Aviso.Accounts;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Digests that `doveadm pw` made of "correct horse".</summary>
public sealed class SaltedHashTests
{
    [Theory]
    [InlineData("{SSHA512}KQ7FZ0uKaSBUoXQrN2AhlIEvf5SF20Lhr0FOjcDzjb03PvC0oI9shxovGdnZGmgapTzKen2excW9sFnP4UOaP75bmbY=")]
    [InlineData("{SSHA256}zmv30l6HtrMxPhCq9AEma9Ra8qlF0cuZ1zVvdv7ESR8AUvVA")]
    [InlineData("{SSHA}VQKdNTc1THcYS+t1S/+l6sq43aurIWkM")]
    [InlineData("{SHA512}VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew==")]
    [InlineData("{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=")]
    [InlineData("{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=")]
    [InlineData("{SHA256.HEX}4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631")]
    public void They_hold_for_their_password_alone(string hash)
    {
        Assert.True(PasswordText.CryptString(hash) == hash && CryptHash.IsAffordable(hash));
        Assert.True(CryptHash.Holds("correct horse", hash));
        Assert.False(CryptHash.Holds("correct horsE", hash));
        Assert.False(CryptHash.Holds("", hash));
    }

    [Theory]
    [InlineData("{SSHA512}abc")]
    [InlineData("{SSHA512}")]
    [InlineData("{SHA256}AAAA")]
    [InlineData("{SSHA512.FOO}AAAA")]
    [InlineData("{CRAM-MD5}9186d855e11eba527a7a52ca82b313e180d62234f0acc9051b527243d41e2740")]
    public void What_cannot_be_verified_is_none(string hash) => Assert.Null(PasswordText.CryptString(hash));
}
