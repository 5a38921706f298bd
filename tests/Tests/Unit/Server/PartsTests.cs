using System.Collections.Concurrent;
using Aviso.Secrets;
using Aviso.Server;
using Aviso.Settings;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Parts in the order in which they start, all of them in one process, and what each takes of changed settings.</summary>
public sealed class PartsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-parts-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Every key that can be given beside the others; what contradicts stands in the second.
    private const string First = """
        hostname: mail.example.org
        data: DATA
        postmaster: alice@example.org
        listeners:
          - { kind: smtp, address: "127.0.0.1:0", proxy: false }
          - { kind: https, address: "127.0.0.1:0" }
          - { kind: metrics, address: "127.0.0.1:0" }
        networks: { proxies: [192.0.2.1], internal: [10.0.0.0/8], trusted_relays: [192.0.2.25], cleartext_login: [127.0.0.9] }
        tls:
          certificate: file:x.crt
          key: file:x.key
          additional: [ { certificate: file:y.crt, key: file:y.key } ]
          internal_names: [aviso.mail.svc]
          ciphers: strict
        domains:
          - { name: example.org, catch_all: alice@example.org, dkim: [ { selector: mail, key: file:dkim.key } ] }
          - { name: example.com, alias_of: example.org }
        accounts:
          - { address: alice@example.org, password: env:ALICE_PASSWORD, quota: 5GB, send_as: [a@example.org], forward_to: [x@elsewhere.example] }
          - { address: bob@example.org, hash: "{SHA512-CRYPT}$6$abcdefgh$Qj0kyTpEhVtcOiYBJ5WlSQ0CsTzQnVCQ0VO1x8VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV" }
        accounts_from: '{"carol@example.org": "pass"}'
        aliases:
          - { address: info@example.org, to: [alice@example.org] }
          - { address: trap@example.org, trap: true }
        aliases_from: file:virtual
        relays:
          - { name: brevo, host: relay.example, port: 587, tls: required, ca: file:x.crt, username: env:RELAY_USER, password: env:RELAY_PASSWORD,
              spill: ses, events: { kind: mailgun, secret: env:RELAY_PASSWORD },
              suppressions: { kind: mailgun, key: env:RELAY_PASSWORD, domain: example.org, address: "https://api.example/v3/" },
              quota: 300/day, reserve: 30, spf: "include:spf.relay.example", dkim_selectors: [theirs],
              dkim_cnames: [ { selector: brevo1, target: "b1.{domain-dashed}.dkim.relay.example" } ] }
          - { name: ses, host: ses.example, events: { kind: ses, topic: "arn:aws:sns:eu-central-1:123456789012:mail" },
              suppressions: { kind: ses, key: env:RELAY_USER, secret: env:RELAY_PASSWORD, region: eu-central-1 } }
        routes: [ { to: elsewhere.example, from: example.org, relay: brevo } ]
        outbound: { allow_private: [10.1.2.0/24], give_up_after: 3d, notice_after: 2h }
        mta_sts: { verify: false, publish: testing, mx: [mail.example.org], max_age: 30d }
        limits:
          connections: 20/min
          messages: 60/min
          commands: 1000/min
          client_recipients: 200/min
          refused_recipients: 20/min
          greeting_pause: 0s
        dmarc: { reject: junk }
        sending: { messages_per_hour: 100, messages_per_day: 500, recipients_per_hour: 300, recipients_per_day: 1000, new_recipients: 100,
          new_recipients_factor: 10, unlimited: [alice@example.org] }
        spam:
          enabled: true
          add_header: 7
          reject: 20
          greylist: true
          greylist_from: 2
          greylist_delay: 2m
          learn_from_junk: false
          allow: [partner.example]
          allow_unproven: [alarms@device.example]
          block: [nuisance.example]
          traps: [old@example.org]
          rules: spam.rules
          antivirus: { clamd: "unix:/nowhere", action: tag, max_size: 50MB, timeout: 8s, unreachable: accept, defer_for: 2d }
          lists: [ { zone: bl.example, ask: [client], codes: [ { answer: 127.0.0.2, symbol: LIST_MINE, score: 2 } ], test: test.example } ]
        mail_auth: { trusted_sealers: [lists.example.net] }
        reports: { address: dmarc@example.org, send: false, keep: 90d }
        logins: { two_step_needs_app_password: false }
        oauth:
          issuer: "http://127.0.0.1:1/realm"
          audience: [aviso]
          scopes: [mail]
          account_claim: preferred_username
          account_domain: example.org
          introspection: { client_id: aviso, client_secret: env:OAUTH_SECRET, endpoint: "http://127.0.0.1:1/introspect" }
          clock_skew: 30s
          ca: file:x.crt
        guard:
          mode: crowdsec
          never: [198.51.100.7/32]
          ban: 1h
          bouncers: [env:BOUNCER]
          crowdsec: { url: "https://127.0.0.1:1", key: env:CROWDSEC_KEY, every: 30s, machine: aviso, password: env:CROWDSEC_PASSWORD, ca: file:x.crt }
          compatibility_log: mail.log
        dns:
          resolvers: ["127.0.0.1:1"]
          check_with: ["127.0.0.1:1"]
          addresses: [192.0.2.25, "2001:db8::25"]
          dmarc_policy: quarantine
          zones:
            - { provider: rfc2136, zone: example.org, server: "127.0.0.1:1", key_name: k, key_algorithm: hmac-sha512,
                key: "literal:c2VjcmV0c2VjcmV0", check: ["127.0.0.1:1"] }
            - { provider: cloudflare, token: env:TOKEN, api: "https://127.0.0.1:1/", patience: 1m }
        doctor: { ignore: [resolver-no-dnssec], clock: "127.0.0.1:1", block_lists: [bl.example] }
        events:
          from: error
          quiet: "22:00-07:00"
          mail: { to: [you@elsewhere.example], relay: brevo }
          webhooks: [ { url: "http://127.0.0.1:1/hook", secret: env:HOOK_SECRET } ]
          ntfy: { topic: "http://127.0.0.1:1/topic", token: env:NTFY_TOKEN }
          gotify: { url: "http://127.0.0.1:1", token: env:GOTIFY_TOKEN }
          alertmanager: { url: "http://127.0.0.1:1" }
        backup:
          key: "literal:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
          every: 1h
          keep: { days: 3, weeks: 1, months: 1 }
          drill: 30d
          scratch: DATA/scratch
          bandwidth: 1MB
          targets:
            - { name: disk, folder: DATA/copy }
            - { name: off, s3: "s3://127.0.0.1:1/bucket/x", region: here, access_key: "literal:a", secret_key: "literal:b", lock: 1d,
                ca: file:x.crt }
            - { name: nas, sftp: "sftp://u@127.0.0.1:1/x", password: "literal:c",
                host_key: "SHA256:5Ckr5b1WWZ2kMPN1kJZ8pWnLwFJS2nuLGAvVmnNVGjU" }
            - { name: tape, sftp: "sftp://u@127.0.0.1:1/y", identity: "literal:d",
                host_key: "SHA256:5Ckr5b1WWZ2kMPN1kJZ8pWnLwFJS2nuLGAvVmnNVGjU" }
        log: { format: json, level: error }

        """;

    private const string Acme = """
        hostname: mail.example.org
        data: DATA
        listeners: [ { kind: smtp, address: "127.0.0.1:0" } ]
        domains: [ { name: example.org } ]
        accounts: [ { address: alice@example.org, password: env:ALICE_PASSWORD } ]
        outbound: { capture: alice@example.org }
        tls:
          acme:
            contact: alice@example.org
            directory: "https://127.0.0.1:1/directory"
            challenge: dns-01
            names: [mail.example.org]
            more: [ { names: [mail.example.com], challenge: dns-01 } ]
            dns: { DNS, check: ["127.0.0.1:1"], patience: 10m }

        """;

    private static readonly string[] Variants =
    [
        First.Replace("  compatibility_log: mail.log\n", "", StringComparison.Ordinal),
        First.Replace("machine: aviso, password: env:CROWDSEC_PASSWORD, ", "", StringComparison.Ordinal)
            .Replace("certificate: file:x.crt\n  key: file:x.key\n", "self_signed: true\n", StringComparison.Ordinal),
        Acme.Replace("DNS,", "provider: rfc2136, server: \"127.0.0.1:1\", zone: example.org, key_name: k, key_algorithm: hmac-sha512, key: env:TSIG,", StringComparison.Ordinal)
            .Replace("env:TSIG", "\"literal:c2VjcmV0c2VjcmV0\"", StringComparison.Ordinal),
        Acme.Replace("DNS,", "provider: cloudflare, token: env:TOKEN, api: \"https://127.0.0.1:1/\",", StringComparison.Ordinal)
            .Replace("    directory: \"https://127.0.0.1:1/directory\"\n",
                "    authorities: [ { directory: \"https://127.0.0.1:1/\", eab_key_id: k, eab_key: \"literal:c2VjcmV0\", ca: file:x.crt } ]\n", StringComparison.Ordinal),
    ];

    private SettingsLoad Parse(string text) =>
        SettingsFile.Parse(text.Replace("DATA", _folder, StringComparison.Ordinal), "test.yaml", _folder, SettingsText.References);

    [Fact]
    public async Task Every_key_is_taken_by_a_part_or_marked_as_waiting_for_a_restart()
    {
        var taken = new ConcurrentDictionary<SettingsKey, bool>();
        foreach (var variant in Variants)
        {
            var load = Parse(variant);
            Assert.Empty(load.Problems);
            var started = load.Settings!;
            var (first, next) = (Parse(variant), Parse(variant));
            using var secrets = new SecretSource(TimeProvider.System);
            await using var parts = new Parts(NullLogger.Instance);
            await using var reload = new Reload(started, first, (_, _) => Task.FromResult(next), parts, NullLogger.Instance, TimeProvider.System);
            var lines = new LogWriter(Stream.Null, LogFormat.Text, Microsoft.Extensions.Logging.LogLevel.Error, TimeProvider.System);
            var site = new Site(started, NullLoggerFactory.Instance, TimeProvider.System);
            site.Put(lines);
            site.Put(reload);
            site.Put(new SettingsReader("none", secrets));
            await parts.OpenAsync(Parts.InStartOrder, site, started, default);
            Listen(ServerSettings.Table, next.Settings!, key => taken[key] = true);
            Assert.Empty(await parts.RefusesAsync(next.Settings!, default));
            await parts.TakeAsync(next.Settings!, default);
        }
        var missed = SettingsTables.All.Where(t => t.Path.Split('.')[0] is not ("vault" or "probe"))
            .SelectMany(t => t.Table.Keys.Where(k => !k.AfterRestart && k.Later is null && k.Type is not ISectionType && !taken.ContainsKey(k) && !InWaiting(t.Path)).Select(k => $"{t.Path}: {k.Name}"));
        Assert.Equal("", string.Join(", ", missed));
    }

    // What stands below a key that waits as a whole.
    private static bool InWaiting(string path)
    {
        var words = path.Split('.');
        ITable table = ServerSettings.Table;
        foreach (var word in path == "the top level" ? [] : words)
        {
            var key = table.Keys.First(k => k.Name == word);
            if (key.AfterRestart) return true;
            table = key.Type.Table!;
        }
        return false;
    }

    [Fact]
    public async Task What_vault_says_is_taken_at_every_reading()
    {
        var asked = new ConcurrentDictionary<SettingsKey, bool>();
        foreach (var login in new[] { "token: literal:t", "role_id: literal:r, secret_id: literal:s, login_mount: a", "kubernetes_role: k, kubernetes_token: /none" })
        {
            var text = $"vault: {{ address: \"http://127.0.0.1:1\", namespace: n, ca: file:x.crt, {login}, kv: \"2\", every: 5m, timeout: 1s, "
                + "start_patience: 10m, cache_key: literal:0123456789abcdef0123456789abcdef }\n"
                + $"data: {_folder}\n" + SettingsText.Good.Replace("env:ALICE_PASSWORD", "\"vault:mail/alice#password\"", StringComparison.Ordinal);
            var wishes = VaultWishes.Of(System.Text.Encoding.UTF8.GetBytes(text), "test.yaml", _folder, SettingsText.References)!;
            Listen(VaultSection.Table, wishes.Vault!, key => asked[key] = true);
            using var secrets = new SecretSource(TimeProvider.System);
            await secrets.ReadAsync(wishes, default);
            _ = (secrets.NextLook, secrets.StartPatience, secrets.WaitsFor);
        }
        Assert.Empty(VaultSection.Table.Keys.Where(k => !asked.ContainsKey(k)).Select(k => k.Name));
    }

    [Fact]
    public void Items_of_lists_do_not_wait_one_by_one()
    {
        foreach (var (_, table) in SettingsTables.All)
        {
            foreach (var key in table.Keys.Where(k => k.Type is not ISectionType && k.Type.Table is not null))
                Assert.DoesNotContain(key.Type.Table!.Keys, k => k.AfterRestart);
        }
    }

    private static void Listen(ITable table, SettingsSection section, Action<SettingsKey> asked)
    {
        foreach (var key in table.Keys)
        {
            if (key.Type.Table is not { } inner) continue;
            if (section.ValueOf(key) is SettingsSection below) Listen(inner, below, asked);
            else if (section.ValueOf(key) is IEnumerable<SettingsSection> items)
            {
                foreach (var item in items) Listen(inner, item, asked);
            }
        }
        section.Asked = asked;
    }
}
