using System.Text;
using Aviso.Secrets;
using Aviso.Settings;
using Xunit;

namespace Aviso.Tests.Unit.Secrets;

/// <summary>Vault goes away: the last values stay, also over a restart.</summary>
public sealed class KeptSecretTests
{
    private const string Relay = "relays: [ { name: r, host: relay.example, username: u, password: vault:secret/mail#password } ]";
    private const string Kept = $"token: literal:{FakeVault.RootToken}, cache_key: literal:{SecretHouse.CacheKey}";

    private static string Password(ServerSettings settings) => settings.Relays[0].Password!.Reveal();

    private static string CacheFile(SecretHouse house) => Path.Combine(house.Data, SecretCache.FileName);

    [Fact]
    public async Task The_last_values_stay_while_vault_is_away_and_new_ones_come_when_it_is_back()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"));
        house.Settings(Relay);
        await house.UseAsync();
        house.Vault.Sealed = true;
        house.Clock.Advance(TimeSpan.FromHours(3));
        Assert.Equal("first-value", Password(await house.UseAsync()));
        Assert.Contains("1 of 1 secrets cannot be read from Vault now", house.Secrets.StaleNote, StringComparison.Ordinal);
        Assert.Single(house.Log.All, l => l.Contains("is sealed", StringComparison.Ordinal));
        await house.UseAsync();
        Assert.Single(house.Log.All, l => l.Contains("is sealed", StringComparison.Ordinal));
        house.Vault.Sealed = false;
        house.Vault.Put("mail", ("password", "second-value"));
        Assert.Equal("second-value", Password(await house.UseAsync()));
        Assert.Null(house.Secrets.StaleNote);
        Assert.Contains("Information: secrets: secret/mail has changed (version 2)", house.Log.All);
        Assert.DoesNotContain(house.Log.All, l => l.Contains("-value", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_is_deleted_or_loses_a_field_keeps_its_last_value_and_is_a_finding()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"));
        house.Settings(Relay);
        await house.UseAsync();
        house.Vault.Put("mail", ("renamed", "x"));
        Assert.Equal("first-value", Password(await house.UseAsync()));
        Assert.Contains("has no field password", Assert.Single(house.Secrets.Refusals), StringComparison.Ordinal);
        house.Vault.Delete("mail");
        Assert.Equal("first-value", Password(await house.UseAsync()));
        Assert.Contains("was deleted", Assert.Single(house.Secrets.Refusals), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_restart_without_vault_the_kept_values_serve_with_their_age()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"), ("beside", "not ours"));
        house.Settings(Relay, Kept);
        await house.UseAsync();
        var readAt = house.Clock.GetUtcNow();
        house.Vault.Sealed = true;
        house.Clock.Advance(TimeSpan.FromHours(3));
        house.Restart();
        Assert.Equal("first-value", Password(await house.UseAsync()));
        var row = Assert.Single(house.Secrets.Rows());
        Assert.Equal(("kept", 1L, readAt.ToUnixTimeSeconds()), (row.From, row.Version, row.ReadAt!.Value.ToUnixTimeSeconds()));
        Assert.NotNull(house.Secrets.StaleNote);
        house.Vault.Sealed = false;
        await house.UseAsync();
        Assert.Equal("vault", Assert.Single(house.Secrets.Rows()).From);
    }

    [Fact]
    public async Task The_file_is_private_and_shows_nothing_and_another_key_or_vault_does_not_open_it()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"));
        house.Settings(Relay, Kept);
        await house.UseAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(CacheFile(house)));
        var octets = Encoding.Latin1.GetString(File.ReadAllBytes(CacheFile(house)));
        Assert.StartsWith("AVSC\u0001", octets, StringComparison.Ordinal);
        Assert.DoesNotContain("first-value", octets, StringComparison.Ordinal);
        Assert.DoesNotContain("secret/mail", octets, StringComparison.Ordinal);
        Assert.False(File.Exists(CacheFile(house) + ".new"));
        var name = $"{house.Vault.Address} ";
        Assert.Equal("first-value",
            Assert.Single(new SecretCache(house.Data, new(SecretHouse.CacheKey, null)).Read(name).Secrets).Fields["password"].Text);
        Assert.Contains("another `vault.cache_key`", new SecretCache(house.Data, new(SecretHouse.CacheKey + "x", null)).Read(name).Problem,
            StringComparison.Ordinal);
        Assert.Contains("of another Vault",
            new SecretCache(house.Data, new(SecretHouse.CacheKey, null)).Read("https://other.example ").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_any_octet_changed_or_cut_short_is_not_believed()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"));
        house.Settings(Relay, Kept);
        await house.UseAsync();
        var good = File.ReadAllBytes(CacheFile(house));
        var cache = new SecretCache(house.Data, new(SecretHouse.CacheKey, null));
        for (var at = 0; at < good.Length; at++)
        {
            var bad = good.ToArray();
            bad[at] ^= 1;
            File.WriteAllBytes(CacheFile(house), bad);
            var (secrets, problem) = cache.Read($"{house.Vault.Address} ");
            Assert.Empty(secrets);
            Assert.NotNull(problem);
            File.WriteAllBytes(CacheFile(house), good[..at]);
            Assert.Empty(cache.Read($"{house.Vault.Address} ").Secrets);
        }
    }

    [Fact]
    public async Task Values_that_no_settings_could_be_made_of_are_not_kept()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "first-value"));
        house.Settings(Relay, Kept);
        await house.UseAsync();
        house.Vault.Put("mail", ("password", new string('x', 20_000)));
        Assert.NotEmpty((await house.LoadAsync()).Problems);
        house.Vault.Sealed = true;
        Assert.Equal("first-value", Password(await house.UseAsync()));
        house.Restart();
        Assert.Equal("first-value", Password(await house.UseAsync()));
    }

    [Fact]
    public async Task A_first_start_without_vault_says_what_is_wrong_and_what_to_do()
    {
        await using var house = new SecretHouse();
        house.Settings(Relay, Kept);
        house.Vault.Sealed = true;
        var problem = Assert.Single((await house.LoadAsync()).Problems);
        Assert.Contains("is sealed: somebody must unseal it (`vault operator unseal`); nothing is kept of an earlier start", problem.Text,
            StringComparison.Ordinal);
        house.Settings(Relay);
        house.Restart();
        Assert.Contains("nothing is kept of an earlier start: `vault.cache_key` is not set",
            Assert.Single((await house.LoadAsync()).Problems).Text, StringComparison.Ordinal);
        Assert.Contains(house.Secrets.Notes(), n => n.StartsWith("vault.cache_key is not set", StringComparison.Ordinal));
    }
}
