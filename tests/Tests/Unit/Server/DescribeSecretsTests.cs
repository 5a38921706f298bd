using System.Security.Cryptography;
using Aviso.Settings;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>A secret in each key of the settings that takes one: `describe` of the running server shows none of them.</summary>
public sealed class DescribeSecretsTests
{
    private const string Mark = "S3CR3T";

    // What has no secret in it though its key is of that type.
    private static readonly string[] Public = ["certificate", "ca", "aliases_from"];

    private const string HostKey = "SHA256:5Ckr5b1WWZ2kMPN1kJZ8pWnLwFJS2nuLGAvVmnNVGjU";

    private static readonly string Tls = Pem(), Other = Pem(), Dkim = Pem();

    private static readonly string Base64 = Convert.ToBase64String("S3CR3T of the zone, 24 b"u8), BackupKey =
        Convert.ToHexStringLower(SHA256.HashData("a"u8));

    [Fact]
    public async Task No_secret_of_any_key_is_shown()
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var settings in (string[])[First(), Second()])
        {
            await using var served = await ServedFolder.StartAsync(settings);
            var load = SettingsFile.Load(served.Config);
            Assert.Empty(load.Problems);
            var secrets = Of(load.Settings!, ServerSettings.Table).ToList();
            given.UnionWith(secrets.Select(s => s.Key));
            foreach (var flag in (string[])["--markdown", "--json"])
            {
                var shown = await served.VerbAsync("describe", flag);
                Assert.Contains("mail.example.org", shown, StringComparison.Ordinal);
                Assert.DoesNotContain(Mark, shown, StringComparison.Ordinal);
                foreach (var (key, secret) in secrets)
                    foreach (var line in secret.Reveal().Split('\n').Where(l => l.Length > 5 && !l.StartsWith('-')))
                        Assert.False(shown.Contains(line, StringComparison.Ordinal), $"{flag} shows the secret of {key}");
            }
        }
        // A key that comes later must be given here too.
        Assert.Equal([], All().Except(given).Order());
    }

    private static IEnumerable<string> All() => SettingsTables.All.SelectMany(t => t.Table.Keys.Where(k =>
        k.Type is SettingType<Secret> or SettingType<IReadOnlyList<Secret>> && !Public.Contains(k.Name)).Select(k => Name(t.Table, k)));

    private static string Name(ITable table, SettingsKey key) => $"{table.Doc.TrimEnd('.')}: {key.Name}";

    private static IEnumerable<(string Key, Secret Secret)> Of(SettingsSection section, ITable table)
    {
        foreach (var key in table.Keys)
        {
            var value = section.ValueOf(key);
            if (value is Secret secret && secret.Reveal().Length > 0 && !Public.Contains(key.Name)) yield return (Name(table, key), secret);
            foreach (var one in value as IReadOnlyList<Secret> ?? []) yield return (Name(table, key), one);
            if (key.Type.Table is not { } inner) continue;
            IEnumerable<SettingsSection> below = value switch
            {
                SettingsSection one => [one],
                IEnumerable<SettingsSection> many => many,
                _ => [],
            };
            foreach (var found in below.SelectMany(s => Of(s, inner))) yield return found;
        }
    }

    private static string First() => $$"""
        hostname: mail.example.org
        postmaster: alice@example.org
        listeners:
          - { kind: smtp, address: "127.0.0.1:0" }
          - { kind: https, address: "127.0.0.1:0" }
          - { kind: http, address: "127.0.0.1:0" }
        dns:
          resolvers: ["127.0.0.1:1"]
          zones:
            - { provider: cloudflare, token: "literal:{{Mark}}-cloudflare", api: "http://127.0.0.1:1/", zone: example.org }
            - { provider: rfc2136, server: "127.0.0.1:1", key_name: aviso, key: "literal:{{Base64}}", zone: example.net }
        tls:
          certificate: {{Certificate(Tls)}}
          key: {{Quoted(Tls)}}
          additional: [ { certificate: {{Certificate(Other)}}, key: {{Quoted(Other)}} } ]
        domains:
          - { name: example.org, dkim: [ { selector: mail, key: {{Quoted(Dkim)}} } ] }
        accounts:
          - { address: alice@example.org, password: "literal:{{Mark}}-alice" }
          - { address: bob@example.org, hash: "{SHA512-CRYPT}$6${{Mark}}salt${{new string('a', 86)}}" }
        accounts_from: 'literal:{"carol@example.org": "{{Mark}}-carol"}'
        relays:
          - { name: brevo, host: 127.0.0.1, port: 9, tls: implicit, username: "literal:{{Mark}}-user", password: "literal:{{Mark}}-relay",
              events: { kind: mailgun, secret: "literal:{{Mark}}-hook" },
              suppressions: { kind: ses, key: "literal:{{Mark}}-key", secret: "literal:{{Mark}}-ses", region: eu-central-1,
                address: "http://127.0.0.1:1/" } }
        routes: [ { to: "*", relay: brevo } ]
        guard:
          mode: crowdsec
          bouncers: ["literal:{{Mark}}-bouncer-long-enough"]
          crowdsec: { url: "http://127.0.0.1:1", key: "literal:{{Mark}}-engine", machine: aviso, password: "literal:{{Mark}}-machine" }
        oauth:
          issuer: "https://127.0.0.1:1/realm"
          audience: [aviso]
          introspection: { client_id: aviso, client_secret: "literal:{{Mark}}-introspection" }
          sign_in: { client_id: webmail, client_secret: "literal:{{Mark}}-signin" }
        events:
          webhooks: [ { url: "http://127.0.0.1:1/{{Mark}}-path", secret: "literal:{{Mark}}-webhook" } ]
          ntfy: { topic: "http://127.0.0.1:1/{{Mark}}-topic", token: "literal:{{Mark}}-ntfy" }
          gotify: { url: "http://127.0.0.1:1", token: "literal:{{Mark}}-gotify" }
        backup:
          key: "literal:{{BackupKey}}"
          targets:
            - { name: bucket, s3: "s3://127.0.0.1:1/bucket", access_key: "literal:{{Mark}}-access", secret_key: "literal:{{Mark}}-s3" }
            - { name: nas, sftp: "sftp://backup@127.0.0.1:1/aviso", password: "literal:{{Mark}}-nas", host_key: "{{HostKey}}" }
            - { name: key, sftp: "sftp://backup@127.0.0.1:1/other", identity: "literal:{{Mark}}-identity", host_key: "{{HostKey}}" }
        probe:
          every: 20m
          account: alice@example.org
          gateway: "http://push:{{Mark}}-gateway@127.0.0.1:1"
          kuma: "literal:http://127.0.0.1:1/{{Mark}}-kuma"
          apis: [ { name: api, vendor: brevo, key: "literal:{{Mark}}-probe", from: probe@example.org, address: "http://127.0.0.1:1/" } ]
        vault:
          address: "http://127.0.0.1:1"
          token: "literal:{{Mark}}-vault"
          cache_key: "literal:{{Mark}}-cache-key-that-is-long-enough-to-be-taken"
        """;

    private static string Second() => $$"""
        hostname: mail.example.org
        postmaster: alice@example.org
        listeners:
          - { kind: smtp, address: "127.0.0.1:0" }
          - { kind: https, address: "127.0.0.1:0" }
        dns: { resolvers: ["127.0.0.1:1"] }
        tls:
          acme:
            authorities: [ { directory: "https://127.0.0.1:1/directory", eab_key_id: kid, eab_key: "literal:{{Mark}}eabxyz" } ]
        domains: [ { name: example.org } ]
        accounts: [ { address: alice@example.org, password: "literal:{{Mark}}-alice" } ]
        vault:
          address: "http://127.0.0.1:1"
          role_id: "literal:{{Mark}}-role"
          secret_id: "literal:{{Mark}}-secret-id"
        """;

    private static string Pem()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static string Certificate(string pem)
    {
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        var request = new global::System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=mail.example.org", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        return Quoted(made.ExportCertificatePem());
    }

    private static string Quoted(string pem) => "\"literal:" + pem.Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
