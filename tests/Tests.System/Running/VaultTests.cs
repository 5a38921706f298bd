using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>The real server with secrets from a fake Vault (see <see cref="FakeVault"/> for what that proves and what not).</summary>
public sealed class VaultTests
{
    private const string Dave = "dave@example.test";
    private const string CacheKey = "a-cache-key-of-more-than-32-characters";

    private static string Section(FakeVault vault, string more = "every: 1s") => $$"""
        vault: { address: "{{vault.Address}}", role_id: {{FakeVault.RoleId}}, secret_id: {{FakeVault.SecretId}}, cache_key: "literal:{{CacheKey}}", {{more}} }
        accounts_from: vault:secret/mail#accounts
        """;

    private static void PutDave(FakeVault vault, string password) =>
        vault.Put("mail", ("accounts", new JsonObject { [Dave] = password, ["erin@example.test"] = "of-erin-1" }.ToJsonString()), ("beside", "not-wanted-here"));

    private static bool MayLogIn(AvisoServer server, string password)
    {
        try
        {
            using var imap = new ImapLineClient(server.Port("imap"), Dave, password);
            return true;
        }
        catch (InvalidOperationException e) when (e.Message.Contains("AUTHENTICATIONFAILED", StringComparison.Ordinal))
        {
            return false;
        }
    }

    // Not by trying: the server takes its time to refuse.
    private static async Task UntilTakenAsync(AvisoServer server, FakeVault vault, string password)
    {
        await Patience.UntilAsync(async () =>
            await server.MetricAsync("aviso_secret_version", "secret/mail") == 2, "the new version is in use", 30,
            () => $"{server.Log}\n{string.Join('\n', vault.Requests)}");
        Assert.True(MayLogIn(server, password), server.Log);
    }

    [Theory]
    [InlineData("every: 1s", false)]
    [InlineData("every: 1h", true)]
    public async Task Incident_34_a_rotated_password_works_without_a_restart_and_the_old_one_no_longer(string every, bool hangUp)
    {
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        await using var server = await AvisoServer.StartAsync(Section(vault, every));
        Assert.True(MayLogIn(server, "first-password-1"));
        using var other = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        using var open = new ImapLineClient(server.Port("imap"), Dave, "first-password-1");
        PutDave(vault, "second-password-2");
        if (hangUp) await server.SignalAsync("HUP");
        await UntilTakenAsync(server, vault, "second-password-2");
        Assert.False(MayLogIn(server, "first-password-1"));
        // Who is in with the old password is out; nobody else is.
        open.ReadToEnd();
        other.Ok("NOOP");
        // And a new account needs nothing but its line.
        vault.Put("mail", ("accounts", new JsonObject { [Dave] = "second-password-2", ["erin@example.test"] = "of-erin-1", ["fay@example.test"] = "of-fay-1" }.ToJsonString()));
        if (hangUp) await server.SignalAsync("HUP");
        await Patience.UntilAsync(async () =>
            await server.MetricAsync("aviso_secret_version", "secret/mail") == 3, "the new list is in use", 30, () => server.Log);
        using var fay = new ImapLineClient(server.Port("imap"), "fay@example.test", "of-fay-1");
        Assert.DoesNotContain(server.Troubles, t => t.Contains("ecret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_vault_the_server_goes_on_and_starts_again_and_says_how_old_its_secrets_are()
    {
        var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        await using var server = await AvisoServer.StartAsync(Section(vault));
        Assert.True(MayLogIn(server, "first-password-1"));
        Assert.Equal("ready\n", (await server.PageAsync("/healthz/ready")).Text);
        await vault.DisposeAsync();
        await Patience.UntilAsync(() => server.Troubles.Any(t => t.Contains("The last values stay in use", StringComparison.Ordinal)),
            "the event", 30, () => server.Log);
        Assert.True(MayLogIn(server, "first-password-1"));

        await server.KillAsync();
        await server.StartAgainAsync();
        Assert.True(MayLogIn(server, "first-password-1"));
        var (status, text) = await server.PageAsync("/healthz/ready");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("note: 1 of 1 secrets cannot be read from Vault now", text, StringComparison.Ordinal);
        var age = await server.MetricAsync("aviso_secret_age_seconds", "secret/mail");
        Assert.True(age > 0, $"age {age}");
        await Patience.UntilAsync(async () => await server.MetricAsync("aviso_secret_age_seconds", "secret/mail") > age, "the age grows");

        var check = await server.VerbAsync("check");
        Assert.Equal(0, check.ExitCode);
        Assert.Contains("cannot be reached", check.Output, StringComparison.Ordinal);
        Assert.Contains("The server would go on with the values read at", check.Output, StringComparison.Ordinal);

        // It comes back at the same place, with another password.
        await using var again = new FakeVault(port: vault.Port);
        PutDave(again, "first-password-1");
        PutDave(again, "second-password-2");
        await UntilTakenAsync(server, again, "second-password-2");
        Assert.Equal("ready\n", (await server.PageAsync("/healthz/ready")).Text);
    }

    [Fact]
    public async Task A_first_start_waits_for_vault_for_a_while_and_then_says_what_is_missing()
    {
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        await using var server = await AvisoServer.StartAsync(Section(vault));
        Assert.Equal(0, await server.StopAsync());
        File.Delete(Path.Combine(server.DataFolder, "secrets.cache"));
        vault.Sealed = true;
        await File.WriteAllTextAsync(server.SettingsFile,
            (await File.ReadAllTextAsync(server.SettingsFile)).Replace("every: 1s", "start_patience: 2s", StringComparison.Ordinal));
        var tried = await server.VerbAsync("serve");
        Assert.Equal(1, tried.ExitCode);
        Assert.Contains(
            "is sealed: somebody must unseal it (`vault operator unseal`); trying again in 1 s", tried.Error, StringComparison.Ordinal);
        Assert.Contains("accounts_from: Vault at", tried.Error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(server.SettingsFile, (await File.ReadAllTextAsync(server.SettingsFile)).Replace(
            "start_patience: 2s", "start_patience: 50s", StringComparison.Ordinal));
        var starting = server.StartAgainAsync();
        await Patience.UntilAsync(() => server.Log.Contains("trying again in 2 s", StringComparison.Ordinal), "it waits", 30, () =>
            server.Log);
        vault.Sealed = false;
        await starting;
        Assert.True(MayLogIn(server, "first-password-1"));
    }

    [Fact]
    public async Task Lists_that_come_to_contradict_each_other_change_nothing_until_they_are_put_right()
    {
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        vault.Put("virtual", ("list", "info@example.test dave@example.test\n"));
        await using var server = await AvisoServer.StartAsync(Section(vault) + "\naliases_from: vault:secret/virtual#list");
        vault.Put("virtual", ("list", "info@example.test erin@example.test\ndave@example.test carol@elsewhere.test\n"));
        await Patience.UntilAsync(() => server.Troubles.Any(t => t.Contains("the old settings stay", StringComparison.Ordinal)),
            "the change is refused", 30, () => server.Log);
        var said = server.Troubles.First(t => t.Contains("dave@example.test", StringComparison.Ordinal));
        Assert.Contains("aliases_from: vault:secret/virtual#list:2", said, StringComparison.Ordinal);
        Assert.Contains("accounts_from: vault:secret/mail#accounts:1", said, StringComparison.Ordinal);
        Assert.Equal(1, await server.MetricAsync("aviso_secret_version", "secret/virtual"));
        Assert.Contains("dave@example.test", (await server.VerbAsync("alias", "list")).Output, StringComparison.Ordinal);
        vault.Put("virtual", ("list", "info@example.test erin@example.test\n"));
        await Patience.UntilAsync(async () =>
            await server.MetricAsync("aviso_secret_version", "secret/virtual") == 3, "the list put right is taken", 30, () => server.Log);
        Assert.Contains("erin@example.test", (await server.VerbAsync("alias", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_from_vault_is_replaced_while_connections_stay()
    {
        using var authority = new TestAuthority();
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        void Put(string name)
        {
            var (certificate, key) = authority.Issue("mail", name);
            vault.Put("tls", ("tls.crt", File.ReadAllText(certificate)), ("tls.key", File.ReadAllText(key)));
        }
        Put("old.example.test");
        await using var server = await AvisoServer.StartAsync(
            Section(vault), tls: "{ certificate: \"vault:secret/tls#tls.crt\", key: \"vault:secret/tls#tls.key\" }");
        using var open = await TlsClient.ConnectAsync(server.Port("imaps"), "old.example.test");
        Assert.Equal("CN=old.example.test", open.Subject);
        Put("new.example.test");
        await Patience.UntilAsync(async () =>
        {
            using var fresh = await TlsClient.ConnectAsync(server.Port("imaps"), "new.example.test");
            return fresh.Subject == "CN=new.example.test";
        }, "the new certificate is shown", 20, () => server.Log);
        Assert.Contains("OK", await open.AskAsync("a NOOP"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relay_password_is_rotated_without_a_restart()
    {
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        vault.Put("relay", ("password", "not the password"));
        await using var scene = await RelayScene.StartAsync(reference: "vault:secret/relay#password", settings: Section(vault));
        scene.Submit(["rotated"], "someone@elsewhere.test");
        await scene.QueueWhenAsync(queue => queue is [{ Attempts: > 0 }], "the relay refuses the old password");
        vault.Put("relay", ("password", DovecotAuth.Password));
        await Patience.UntilAsync(async () => await scene.Aviso.MetricAsync("aviso_secret_version", "secret/relay") == 2,
            "the new version is in use", 30, () => scene.Aviso.Log);
        await scene.RetryAsync();
        await scene.SunkAsync(1);
    }

    [Fact]
    public async Task No_secret_is_in_the_log_in_verbs_in_metrics_or_in_the_clear_on_disk()
    {
        string[] secrets = ["first-password-1", "second-password-2", "of-erin-1", "not-wanted-here", FakeVault.SecretId, "hvs.", CacheKey,
            AvisoServer.Password];
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        await using var server = await AvisoServer.StartAsync(Section(vault) + "\nlog: { level: debug }");
        MayLogIn(server, "first-password-1");
        PutDave(vault, "second-password-2");
        await UntilTakenAsync(server, vault, "second-password-2");
        vault.Instead = (403, "{\"errors\":[\"no\"]}", "");
        await Patience.UntilAsync(() => server.Troubles.Any(t => t.Contains("the policy needs", StringComparison.Ordinal)),
            "the refusal is said", 30, () => server.Log);
        var shown = new List<string> { server.Log, (await server.PageAsync("/metrics")).Text, (await server.PageAsync("/healthz/ready")).Text };
        foreach (var verb in new[] { "check", "check --json", "check --secrets", "check --secrets --json", "describe", "describe --json", "account list --json", "reload" })
        {
            var ran = await server.VerbAsync(verb.Split(' '));
            shown.Add(ran.Output + ran.Error);
        }
        foreach (var text in shown)
            foreach (var secret in secrets) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
        foreach (var file in Directory.EnumerateFiles(server.DataFolder, "*", SearchOption.AllDirectories))
        {
            var octets = global::System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file));
            foreach (var secret in secrets) Assert.False(octets.Contains(secret, StringComparison.Ordinal), $"{file} has a secret");
        }
    }

    [Fact]
    public async Task Check_lists_every_reference_with_its_source_version_and_age_and_a_refusal_is_a_finding()
    {
        await using var vault = new FakeVault();
        PutDave(vault, "first-password-1");
        await using var server = await AvisoServer.StartAsync(Section(vault, "every: 1h"));
        var good = await server.VerbAsync("check", "--secrets", "--json");
        Assert.Equal(0, good.ExitCode);
        var row = JsonDocument.Parse(good.Output).RootElement.EnumerateArray()
            .Single(r => r.GetProperty("key").GetString() == "accounts_from");
        Assert.Equal("vault:secret/mail#accounts vault 1", string.Create(CultureInfo.InvariantCulture,
            $"{row.GetProperty("reference").GetString()} {row.GetProperty("from").GetString()} {row.GetProperty("version").GetInt64()}"));
        Assert.Equal(1, row.GetProperty("used_version").GetInt64());
        PutDave(vault, "second-password-2");
        row = JsonDocument.Parse((await server.VerbAsync("check", "--secrets", "--json")).Output).RootElement.EnumerateArray()
            .Single(r => r.GetProperty("key").GetString() == "accounts_from");
        // The next look of the server is an hour away.
        Assert.Equal((2, 1), (row.GetProperty("version").GetInt64(), row.GetProperty("used_version").GetInt64()));
        vault.Denied["secret/data/mail"] = true;
        var denied = await server.VerbAsync("check", "--secrets", "--json");
        Assert.Equal(1, denied.ExitCode);
        row = JsonDocument.Parse(denied.Output).RootElement.EnumerateArray()
            .Single(r => r.GetProperty("key").GetString() == "accounts_from");
        Assert.Equal("kept", row.GetProperty("from").GetString());
        Assert.Contains(
            "path \"secret/data/mail\" { capabilities = [\"read\"] }", row.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }
}
