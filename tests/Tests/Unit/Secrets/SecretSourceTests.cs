using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Accounts;
using Aviso.Secrets;
using Aviso.Settings;
using Xunit;

namespace Aviso.Tests.Unit.Secrets;

/// <summary>References against the fake Vault: logins, versions, rounds, bad answers.</summary>
public sealed class SecretSourceTests
{
    private const string Relay = "relays: [ { name: r, host: relay.example, username: vault:secret/mail#user, password: vault:secret/mail#password } ]";
    private const string RelayOne = "relays: [ { name: r, host: relay.example, username: vault:kv/mail#user, password: vault:kv/mail#password } ]";

    [Fact]
    public async Task Several_references_to_one_path_are_fetched_once()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "hunter-2"), ("other", "not ours"));
        house.Settings(Relay);
        var relay = (await house.UseAsync()).Relays[0];
        Assert.Equal(("u", "hunter-2"), (relay.Username!.Reveal(), relay.Password!.Reveal()));
        Assert.Equal("vault:secret/mail#password", relay.Password.ToString());
        Assert.Single(house.Vault.Requests, r => r == "GET secret/data/mail");
    }

    [Theory]
    [InlineData("kv: auto")]
    [InlineData("kv: 1")]
    public async Task Version_1_of_the_engine_is_read(string kv)
    {
        await using var house = new SecretHouse();
        house.Vault.PutOne("mail", ("user", "u"), ("password", 4711));
        house.Settings(RelayOne, $"token: literal:{FakeVault.RootToken}, {kv}");
        Assert.Equal("4711", (await house.UseAsync()).Relays[0].Password!.Reveal());
        Assert.Null(house.Secrets.Rows()[0].Version);
    }

    [Fact]
    public async Task Version_2_may_be_said_and_then_nothing_is_asked_about_the_mount()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Settings(Relay, $"token: literal:{FakeVault.RootToken}, kv: 2");
        await house.UseAsync();
        Assert.DoesNotContain(house.Vault.Requests, r => r.Contains("sys/", StringComparison.Ordinal));
        Assert.Equal(1, house.Secrets.Rows()[0].Version);
    }

    [Theory]
    [InlineData("role_id: literal:role-4711, secret_id: literal:secret-id-4711")]
    [InlineData("role_id: literal:role-4711, secret_id: literal:secret-id-4711, login_mount: mail")]
    [InlineData("kubernetes_role: aviso, kubernetes_token: FOLDER/jwt")]
    [InlineData("token: file:FOLDER/token")]
    public async Task Each_way_to_log_in(string login)
    {
        await using var house = new SecretHouse();
        house.Vault.Namespace = "team/mail";
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        var folder = Path.GetDirectoryName(house.Write("jwt", FakeVault.Jwt + "\n"));
        house.Write("token", FakeVault.RootToken + "\n");
        house.Settings(Relay, login.Replace("FOLDER", folder, StringComparison.Ordinal) + ", namespace: team/mail");
        Assert.Equal("p", (await house.UseAsync()).Relays[0].Password!.Reveal());
    }

    [Theory]
    [InlineData("role_id: literal:role-4711, secret_id: literal:wrong-secret-id", "refuses the login as AppRole at auth/approle (400)")]
    [InlineData("role_id: literal:role-4711, secret_id: literal:x, login_mount: nowhere", "has no auth method at auth/nowhere")]
    [InlineData("kubernetes_role: other, kubernetes_token: FOLDER/jwt", "the role other must be bound to this pod's service account")]
    [InlineData("kubernetes_role: aviso, kubernetes_token: FOLDER/none", "none cannot be read: it is not there; mount one into the pod")]
    [InlineData("token: literal:stale-token", "does not know the token (any more)")]
    [InlineData("token: literal:hvs.root-of-the-fake, namespace: elsewhere", "does not know the token (any more)")]
    public async Task A_login_that_is_refused_is_explained_without_what_was_shown(string login, string expected)
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        var folder = Path.GetDirectoryName(house.Write("jwt", FakeVault.Jwt));
        house.Settings(Relay, login.Replace("FOLDER", folder, StringComparison.Ordinal));
        var load = await house.LoadAsync();
        var problem = load.Problems.First(p => p.Path == "relays[0].password").Text;
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-id", problem, StringComparison.Ordinal);
        Assert.NotEmpty(house.Secrets.Refusals);
        Assert.Null(house.Secrets.WaitsFor);
    }

    [Fact]
    public async Task A_token_file_that_an_agent_replaces_is_read_again()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Vault.Accept("first-token", 3600, renewable: false);
        house.Write("token", "first-token");
        house.Settings(Relay, "token: file:token");
        await house.UseAsync();
        house.Vault.RevokeAll();
        await house.UseAsync();
        Assert.Contains("does not know the token", Assert.Single(house.Secrets.Refusals), StringComparison.Ordinal);
        house.Vault.Accept("second-token", 3600, renewable: false);
        house.Write("token", "second-token");
        await house.UseAsync();
        Assert.Empty(house.Secrets.Refusals);
    }

    [Fact]
    public async Task A_text_that_is_no_list_is_not_shown()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("password", "hunter-2"));
        house.Settings("aliases_from: vault:secret/mail#password");
        var problem = Assert.Single((await house.LoadAsync()).Problems);
        Assert.Equal("must be a reference to a list in Postfix virtual format, such as file:PATH; what vault:secret/mail#password holds is not", problem.Text);
    }

    [Fact]
    public async Task A_revoked_token_is_replaced_by_one_login_and_the_value_is_read()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Vault.Put("more", ("x", "y"));
        house.Settings(Relay + "\naliases_from: vault:secret/more#x", "role_id: literal:role-4711, secret_id: literal:secret-id-4711");
        house.Vault.Put("more", ("x", "a@example.org alice@example.org"));
        await house.UseAsync();
        house.Vault.RevokeAll();
        house.Vault.Put("mail", ("user", "u"), ("password", "p2"));
        Assert.Equal("p2", (await house.UseAsync()).Relays[0].Password!.Reveal());
        Assert.Equal(2, house.Vault.Logins);
    }

    [Fact]
    public async Task A_denied_path_prints_the_policy_it_needs_and_asks_for_one_login_only()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Vault.Denied["secret/data/mail"] = true;
        house.Settings(Relay, "role_id: literal:role-4711, secret_id: literal:secret-id-4711");
        var load = await house.LoadAsync();
        Assert.Contains(load.Problems, p => p.Text.Contains("the policy needs path \"secret/data/mail\" { capabilities = [\"read\"] }", StringComparison.Ordinal));
        Assert.Equal(1, house.Vault.Logins);
    }

    [Fact]
    public async Task Tokens_are_renewed_at_half_of_their_time_and_replaced_when_that_no_longer_helps()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Settings(Relay, "role_id: literal:role-4711, secret_id: literal:secret-id-4711, every: 1h");
        house.Vault.Lease = 600;
        await house.UseAsync();
        Assert.Equal(TimeSpan.FromMinutes(5), house.Secrets.NextLook);
        house.Clock.Advance(TimeSpan.FromSeconds(301));
        await house.UseAsync();
        Assert.Equal((1, 1), (house.Vault.Logins, house.Vault.Renewals));
        // Near the longest life of a token a renewal grants less and less.
        house.Vault.Lease = 60;
        house.Clock.Advance(TimeSpan.FromSeconds(301));
        await house.UseAsync();
        Assert.Equal((2, 2), (house.Vault.Logins, house.Vault.Renewals));
        house.Clock.Advance(TimeSpan.FromSeconds(61));
        await house.UseAsync();
        Assert.Equal((3, 2), (house.Vault.Logins, house.Vault.Renewals));
    }

    [Fact]
    public async Task A_given_token_with_an_end_is_renewed()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Vault.Accept("periodic", 100, renewable: true);
        house.Settings(Relay, "token: literal:periodic");
        await house.UseAsync();
        house.Clock.Advance(TimeSpan.FromSeconds(51));
        await house.UseAsync();
        Assert.Equal((0, 1), (house.Vault.Logins, house.Vault.Renewals));
    }

    [Fact]
    public async Task Vault_with_an_authority_of_our_own_is_trusted_by_it_and_by_nothing_else()
    {
        var (ca, certificate) = Authority();
        await using var house = new SecretHouse(new FakeVault(certificate));
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Write("ca.pem", ca.ExportCertificatePem());
        house.Settings(Relay, $"token: literal:{FakeVault.RootToken}, ca: file:ca.pem");
        Assert.Equal("p", (await house.UseAsync()).Relays[0].Password!.Reveal());
        house.Settings(Relay);
        house.Restart();
        Assert.Contains((await house.LoadAsync()).Problems, p => p.Text.Contains("give the authority that signed it as `vault.ca`", StringComparison.Ordinal));
        house.Write("ca.pem", Authority().Ca.ExportCertificatePem());
        house.Settings(Relay, $"token: literal:{FakeVault.RootToken}, ca: file:ca.pem");
        Assert.Contains((await house.LoadAsync()).Problems, p => p.Text.Contains("that `vault.ca` did not sign", StringComparison.Ordinal));
        Assert.Null(house.Secrets.WaitsFor);
    }

    public static TheoryData<string, string> BadSecrets => new()
    {
        { "vault:secret/mail#pasword", "secret/mail in Vault has no field pasword, did you mean `password`?" },
        { "vault:secret/mail#list", "the field list of secret/mail in Vault is a list, not a text" },
        { "vault:secret/mail#nothing", "is null, not a text" },
        { "vault:secret/mail#map", "what vault:secret/mail#map holds is a JSON object, not a text" },
        { "vault:secret/mail#*", "what vault:secret/mail#* holds is a JSON object, not a text" },
        { "vault:secret/none#x", "there is no secret secret/none in Vault (asked for secret/data/none)" },
        { "vault:secret/data/mail#password", "leave out `data/`, which is added for KV version 2: vault:secret/mail" },
        { "vault:secret/gone#x", "version 1 of secret/gone in Vault was deleted at 2026-11-01T10:00:00.1Z; `vault kv undelete -versions=1 secret/gone`" },
        { "vault:database/creds/mail#password", "secrets engine of type `database`; only KV secrets are read" },
        { "vault:unknown/x#y", "the policy needs path \"unknown/data/x\"" },
    };

    [Theory]
    [MemberData(nameof(BadSecrets))]
    public async Task Secrets_that_are_not_what_they_should_be(string reference, string expected)
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"), ("list", new JsonArray("top-secret")), ("nothing", null), ("map", new JsonObject { ["a"] = "top-secret" }));
        house.Vault.Put("gone", ("x", "y"));
        house.Vault.Delete("gone");
        house.Settings($"relays: [ {{ name: r, host: relay.example, username: u, password: \"{reference}\" }} ]");
        var problem = (await house.LoadAsync()).Problems.First(p => p.Path == "relays[0].password");
        Assert.Contains(expected, problem.Text, StringComparison.Ordinal);
        Assert.Equal(7, problem.Place.Line);
        Assert.DoesNotContain("top-secret", problem.Text, StringComparison.Ordinal);
        Assert.Null(house.Secrets.WaitsFor);
    }

    [Fact]
    public async Task Answers_that_cannot_be_used_are_told_apart()
    {
        await using var house = new SecretHouse();
        house.Vault.Put("mail", ("user", "u"), ("password", "p"));
        house.Settings(Relay, $"token: literal:{FakeVault.RootToken}, timeout: 1s");
        async Task<string> ProblemAsync() => (await house.LoadAsync()).Problems.First(p => p.Path == "relays[0].password").Text;
        house.Vault.Sealed = true;
        Assert.Contains("is sealed: somebody must unseal it", await ProblemAsync(), StringComparison.Ordinal);
        Assert.NotNull(house.Secrets.WaitsFor);
        house.Vault.Sealed = false;
        house.Vault.Instead = (307, "", "Location: https://other.example:8200/v1/x\r\n");
        Assert.Contains("redirects to https://other.example:8200, which is not followed", await ProblemAsync(), StringComparison.Ordinal);
        Assert.Null(house.Secrets.WaitsFor);
        house.Vault.Instead = (200, "<html>", "");
        Assert.Contains("something that is not JSON", await ProblemAsync(), StringComparison.Ordinal);
        house.Vault.Instead = (200, new string(' ', VaultHttp.MaxAnswer + 1), "");
        Assert.Contains("more than 4 MB", await ProblemAsync(), StringComparison.Ordinal);
        house.Vault.Instead = (502, "{\"errors\":[\"upstream\"]}", "");
        Assert.Contains("answers 502 (upstream)", await ProblemAsync(), StringComparison.Ordinal);
        Assert.NotNull(house.Secrets.WaitsFor);
        (house.Vault.Instead, house.Vault.Pause) = (null, TimeSpan.FromSeconds(30));
        Assert.Contains("did not answer within 1 s", await ProblemAsync(), StringComparison.Ordinal);
        Assert.NotNull(house.Secrets.WaitsFor);
    }

    [Fact]
    public async Task Without_its_section_a_reference_says_what_is_missing()
    {
        await using var house = new SecretHouse();
        house.Settings(Relay);
        File.WriteAllText(house.Config, string.Join('\n', File.ReadAllLines(house.Config).Where(l => !l.StartsWith("vault:", StringComparison.Ordinal))));
        Assert.Contains((await house.LoadAsync()).Problems, p => p.Text.Contains("needs the section `vault`", StringComparison.Ordinal));
        Assert.Empty(house.Vault.Requests);
    }

    [Theory]
    [InlineData("vault:secret/lists#accounts")]
    [InlineData("vault:secret/lists#map")]
    [InlineData("vault:secret/people#*")]
    public async Task Whole_lists_come_from_vault_and_contradictions_name_both_places(string accounts)
    {
        await using var house = new SecretHouse();
        house.Vault.Put("lists", ("accounts", "{\"bob@example.org\": \"of bob\"}"), ("map", new JsonObject { ["bob@example.org"] = "of bob" }),
            ("virtual", "# from Postfix\ninfo@example.org bob@example.org\nbob@example.org carol@elsewhere.example\n"));
        house.Vault.Put("people", ("bob@example.org", "of bob"));
        house.Settings($"accounts_from: {accounts}\naliases_from: vault:secret/lists#virtual");
        var declared = AccountsMapping.Accounts(await house.UseAsync());
        Assert.Equal("bob@example.org", Assert.Single(declared.AccountsFrom!.Items!).Address);
        var contradiction = Assert.Single(AccountBook.Check(declared));
        Assert.Contains("aliases_from: vault:secret/lists#virtual:3", contradiction.Text, StringComparison.Ordinal);
        Assert.Contains($"accounts_from: {accounts}:1", contradiction.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("of bob", contradiction.Text, StringComparison.Ordinal);
    }

    private static (X509Certificate2 Ca, X509Certificate2 Certificate) Authority()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority " + Convert.ToHexString(RandomNumberGenerator.GetBytes(4)), caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var ca = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=vault", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        leaf.CertificateExtensions.Add(names.Build());
        using var made = leaf.Create(ca, DateTimeOffset.UnixEpoch.AddDays(1), DateTimeOffset.UnixEpoch.AddYears(100), Encoding.ASCII.GetBytes("1"));
        using var whole = made.CopyWithPrivateKey(key);
        return (ca, X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null));
    }
}
