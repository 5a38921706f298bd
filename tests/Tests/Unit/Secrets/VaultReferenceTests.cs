using Aviso.Settings;
using Xunit;

namespace Aviso.Tests.Unit.Secrets;

public sealed class VaultReferenceTests
{
    [Theory]
    [InlineData("secret/platform#key", "secret/platform", "key")]
    [InlineData("secret/team/mail/dkim#a.b-c d", "secret/team/mail/dkim", "a.b-c d")]
    [InlineData("kv/x#*", "kv/x", "*")]
    [InlineData("kv/x#a#b", "kv/x", "a#b")]
    public void A_path_and_a_field(string body, string path, string field) =>
        Assert.Equal(new(path, field), VaultReference.TryParse(body, out _));

    [Theory]
    [InlineData("", "needs a path and a field")]
    [InlineData("#x", "needs a path and a field")]
    [InlineData("secret/x", "needs a field: vault:secret/x#FIELD")]
    [InlineData("secret/x#", "needs a field")]
    [InlineData("/secret/x#y", "leave out the slash before the path: vault:secret/x#y")]
    [InlineData("secret#y", "the path is the mount and the secret")]
    [InlineData("secret/../sys/x#y", "the path is the mount and the secret")]
    [InlineData("secret//x#y", "the path is the mount and the secret")]
    [InlineData("https://vault.example/v1/secret/x#y", "stands in `vault.address`")]
    public void What_cannot_be_a_reference_is_told(string body, string expected)
    {
        Assert.Null(VaultReference.TryParse(body, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: vault:secret/x#y\n", "data", "needed before Vault can be asked")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\", token: vault:secret/x#y }\n", "vault.token", "needed before Vault can be asked")]
    [InlineData("vault: { address: \"vault.example.org\", token: x }\n", "vault.address", "must be a URL")]
    [InlineData("vault: { address: \"http://u:p@vault.example.org\", token: x }\n", "vault.address", "must be a URL")]
    [InlineData("vault: { address: \"http://vault.example.org/v1\", token: x }\n", "vault.address", "must be a URL")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\" }\n", "vault.address", "no way to log in")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\", token: x, kubernetes_role: y }\n", "vault.kubernetes_role",
        "contradicts `token`")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\", token: x, secret_id: y }\n", "vault.secret_id", "needs its `role_id`")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\", token: x, timeout: 2m }\n", "vault.timeout", "from 1s to 60s")]
    [InlineData("vault: { address: \"http://127.0.0.1:1\", token: x, cache_key: short }\n", "vault.cache_key", "at least 32 characters")]
    [InlineData("accounts_from: vault:secret/x#y\n", "accounts_from", "Vault was not asked")]
    public void Wrong_settings_are_told_with_their_key(string line, string key, string expected)
    {
        var load = Server.SettingsText.Parse(Server.SettingsText.Good + line);
        Assert.Contains(load.Problems, p => p.Path == key && p.Text.Contains(expected, StringComparison.Ordinal));
    }
}
