using Aviso.Base;
using Aviso.Settings;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Server;

public sealed class SettingsTests
{
    [Fact]
    public void A_good_file_is_read_with_its_defaults()
    {
        var load = SettingsText.Parse(SettingsText.Good);
        Assert.Empty(load.Problems);
        var settings = load.Settings!;
        Assert.Equal("mail.example.org", settings.HostName);
        Assert.Equal("/var/lib/aviso", settings.Data);
        Assert.Equal(200L << 20, settings.Limits.MessageSize);
        Assert.Equal(new Rate(10, TimeSpan.FromMinutes(1)), settings.Limits.Connections);
        Assert.Equal(TimeSpan.FromDays(14), settings.Store.Undelete);
        Assert.Equal("secret-of-ALICE_PASSWORD", settings.Accounts[0].Password!.Reveal());
        Assert.Equal("env:ALICE_PASSWORD", settings.Accounts[0].Password!.ToString());
    }

    /// <summary>Text added to the good file (or replacing a key of it), the place of the problem, words in it.</summary>
    public static TheoryData<string, int, int, string> Wrong => new()
    {
        { "hostnam: x.example.org", 9, 1, "did you mean `hostname`" },
        { "limits: { mesage_size: 5MB }", 9, 11, "did you mean `message_size`" },
        { "quota: 5GB", 9, 1, "it belongs to accounts" },
        { "hostname: b.example.org", 9, 1, "given twice; the first is on line 1" },
        { "limits: { message_size: 200 }", 9, 25, "say 200MB" },
        { "limits: { message_size: 5gb }", 9, 25, "say 5GB" },
        { "limits: { message_size: 99999999999GB }", 9, 25, "too large" },
        { "limits: { connections: 10/minute }", 9, 24, "say 10/min" },
        { "limits: { connections: 10 }", 9, 24, "must be a rate" },
        { "limits: { recipients: 5 }", 9, 23, "from 100 to 100000" },
        { "limits: 5", 9, 9, "must be a map" },
        { "spam: { enabled: yes }", 9, 18, "say true" },
        { "spam: { enabled: Off }", 9, 18, "say false" },
        { "spam: { add_header: 20 }", 9, 21, "above `add_header`" },
        { "guard: { mode: crowdsek }", 9, 16, "did you mean `crowdsec`" },
        { "relays: &a [ ]", 9, 9, "anchor" },
        { "relays: *a", 9, 9, "alias" },
        { "log: { <<: { format: json } }", 9, 8, "merge keys" },
        { "log: !!map { format: json }", 9, 6, "tags are not read" },
        { "log:", 9, 1, "has no value" },
        { "log: { format: }", 9, 8, "has no value" },
        { "tls: { certificate: /etc/x.crt, key: file:x.key }", 9, 21, "say file:/etc/x.crt" },
        { "tls: { certificate: file:x.crt }", 9, 21, "needs its `key`" },
        { "tls: { certificate: file:x.crt, key: file:x.pem }", 9, 38, "no `PRIVATE KEY` block" },
        { "tls: { self_signed: true, certificate: file:x.crt, key: file:x.key }", 9, 21, "contradicts" },
        { "tls: { acme: { contact: alice@example.org } }", 9, 14, "add `{ kind: https, address: \"[::]:443\" }`" },
        { "tls: { acme: { challenge: http-01 } }", 9, 27, "add `{ kind: http, address: \"[::]:80\" }`" },
        { "tls: { acme: { challenge: dns-01 } }", 9, 27, "who changes the records" },
        { "tls: { acme: { challenge: http-01, names: [\"*.example.org\"] } }", 9, 43, "nothing else proves a wildcard" },
        { "tls: { acme: { challenge: dns-01, dns: { provider: rfc2136 } } }", 9, 52, "the zone's primary" },
        { "tls: { acme: { challenge: dns-01, dns: { provider: cloudflare } } }", 9, 52, "its `token`" },
        { "tls: { acme: { directory: \"http://ca.example/\", challenge: dns-01, dns: { provider: cloudflare, token: literal:x } } }", 9, 27, "must be an https URL" },
        { "tls: { additional: [ { certificate: file:x.crt, key: vault:a#b } ] }", 9, 54, "the path is the mount and the secret" },
        { "accounts_from: vault:secret/x#y", 9, 16, "Vault was not asked" },
        { "mta_sts: { publish: testing }", 9, 21, "the policy needs a listener" },
        { "mta_sts: { publish: on }", 9, 21, "must be one of" },
        { "mta_sts: { max_age: 10m }", 9, 21, "from an hour to a year" },
        { "oauth: { issuer: \"http://login.example.org/\", audience: [aviso] }", 9, 18, "must be an https URL" },
        { "oauth: { issuer: \"https://login.example.org/?x\", audience: [aviso] }", 9, 18, "without `?`" },
        { "oauth: { issuer: \"https://login.example.org/\", audience: [] }", 9, 58, "at least one audience" },
        { "oauth: { issuer: \"https://login.example.org/\" }", 9, 8, "audience: is missing" },
        { "oauth: { issuer: \"https://login.example.org/\", audience: [a], clock_skew: 1h }", 9, 75, "at most 5m" },
        { "oauth: { issuer: \"https://l.example/\", audience: [a], introspection: { client_id: a } }", 9, 70, "client_secret: is missing" },
        { "accounts_from: /etc/accounts.json", 9, 16, "say file:/etc/accounts.json" },
        { "accounts_from: file:x.none", 9, 16, "there is no file" },
        { "aliases_from: env:UNSET", 9, 15, "UNSET is not set" },
        { "aliases: [ { address: alice@example.org, to: [bob@x.example] } ]", 9, 23, "`forward_to`" },
        { "aliases: [ { address: info@exmple.org, to: [bob@x.example] } ]", 9, 23, "did you mean `example.org`" },
        { "aliases: [ { address: info@example.org, to: [] } ]", 9, 45, "is empty" },
        { "aliases: [ { address: a*b*@example.org, to: [b@x.example] } ]", 9, 23, "more than one *" },
        { "aliases: [ { to: [b@x.example] } ]", 9, 12, "aliases[0].address: is missing" },
        { "routes: [ { relay: brevo } ]", 9, 20, "no relay brevo" },
        { "relays: [ { name: brevo, host: a.example } ]\nroutes: [ { relay: brovo } ]", 10, 20, "did you mean `brevo`" },
        { "relays: [ { name: b, host: a.example, username: u } ]", 9, 49, "both `username` and `password`" },
        { "relays: [ { name: b, host: a.example, tls: none, username: u, password: p } ]", 9, 44, "only sent over verified TLS" },
        { "relays: [ { name: b, host: \"a.example:25\" } ]", 9, 28, "port is a key of its own" },
        { "relays: [ { name: b, host: a.example, port: 70000 } ]", 9, 45, "from 1 to 65535" },
        { "networks: { proxies: [10.0.20.5/24] }", 9, 23, "the network is 10.0.20.0/24" },
        { "networks: { internal: [0.0.0.0/0] }", 9, 24, "whole Internet" },
        { "networks: { internal: 10.0.0.0/8 }", 9, 23, "must be a list" },
        { "outbound: { give_up_after: 5 }", 9, 28, "must be a time" },
        { "outbound: { notice_after: 9d }", 9, 27, "shorter" },
        { "dns: { resolvers: [localhost:53] }", 9, 20, "say 127.0.0.1:53" },
        { "log: { level: {} }", 9, 15, "not a map" },
        { "[a, b]: c", 9, 1, "a key must be a word" },
        { "log: [", 10, 1, "this is not YAML" },
        { "---\nhostname: x", 9, 1, "second document" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Each_mistake_has_its_place_and_says_what_was_meant(string added, int line, int column, string says)
    {
        var load = SettingsText.Parse(SettingsText.Good + added + "\n");
        Assert.Null(load.Settings);
        var problem = Assert.Single(load.Problems);
        Assert.Contains(says, problem.ToString(), StringComparison.Ordinal);
        Assert.Equal((line, column), (problem.Place.Line, problem.Place.Column));
    }

    [Theory]
    [InlineData("- { kind: smtp, address: \"[::]:25\" }\n  - { kind: lmtp, address: 127.0.0.1:25 }", "port 25 is taken by the smtp listener on line 4")]
    [InlineData("- { kind: imaps, address: \"[::]:993\" }", "imaps needs a certificate")]
    [InlineData("- { kind: imap, address: \"[::]:143\" }", "imap needs a certificate")]
    [InlineData("- { kind: imapz, address: \"[::]:993\" }", "did you mean `imap`")]
    [InlineData("- { kind: smtp, address: 25 }", "say \"[::]:25\"")]
    [InlineData("- { kind: smtp, address: \"::1:25\" }", "in brackets")]
    [InlineData("- { kind: smtp, address: \"*:25\" }", "say \"[::]:25\"")]
    [InlineData("- { kind: smtp, address: 127.1:25 }", "no IP address")]
    [InlineData("- { kind: smtp }", "listeners[0].address: is missing")]
    public void Listeners_are_checked(string listeners, string says)
    {
        var load = SettingsText.Parse(SettingsText.Good.Replace("- { kind: smtp, address: \"[::]:25\" }", listeners, StringComparison.Ordinal));
        Assert.Contains(load.Problems, p => p.ToString().Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_missing_has_one_example()
    {
        var load = SettingsText.Parse(SettingsText.Good.Replace("hostname: ", "zzzzzz: ", StringComparison.Ordinal));
        Assert.Contains(load.Problems, p => p.ToString().EndsWith("hostname: is missing: a full host name such as mail.example.org", StringComparison.Ordinal));
    }

    // Contradictions among addresses are looked for as soon as accounts, domains and aliases could be read.
    [Theory]
    [InlineData("log: { format: xml }", true)]
    [InlineData("log: { format: xml }\naliases: [ { address: nonsense, to: [a@x.example] } ]", false)]
    public void Settings_with_a_mistake_elsewhere_can_still_be_compared(string added, bool can)
    {
        var load = SettingsText.Parse(SettingsText.Good + added + "\n");
        Assert.Null(load.Settings);
        Assert.Equal(can, load.ForAddresses is not null);
    }

    [Fact]
    public void All_mistakes_are_told_at_once_in_their_order_and_bounded()
    {
        var load = SettingsText.Parse(SettingsText.Good + "log: { format: xml }\nspam: { enabled: 1 }\n"
            + string.Concat(Enumerable.Range(0, 80).Select(i => $"zzzzzz{i}: 1\n")));
        Assert.Equal(Problems.Limit, load.Problems.Count);
        Assert.Equal(32, load.NotShown);
        Assert.Equal((9, 10), (load.Problems[0].Place.Line, load.Problems[1].Place.Line));
    }

    [Theory]
    [InlineData("relays: [ { name: b, host: a.example, port: env:NUMBER } ]")]
    [InlineData("spam: { enabled: env:TRUE }")]
    [InlineData("relays: [ { name: \"literal:b\", host: a.example, username: \"literal:env:x\", password: file:p } ]")]
    public void References_are_resolved_before_typing(string added)
    {
        var load = SettingsText.Parse(SettingsText.Good + added);
        Assert.Empty(load.Problems);
        if (load.Settings!.Relays is not [{ Username: { } user } relay]) return;
        Assert.Equal("env:x", user.Reveal());
        Assert.Equal("text", relay.Password!.Reveal());
        Assert.Equal("file:p", relay.Password.ToString());
    }

    [Fact]
    public void A_secret_is_never_in_a_problem()
    {
        var load = SettingsText.Parse(SettingsText.Good + "tls: { certificate: hunter2hunter2, key: env:KEY }\n");
        Assert.NotEmpty(load.Problems);
        Assert.DoesNotContain(load.Problems, p => p.ToString().Contains("hunter2h", StringComparison.Ordinal) || p.ToString().Contains("secret-of", StringComparison.Ordinal));
    }

    /// <summary>Every key of every table, each at the path it has in a file.</summary>
    public static TheoryData<string, string> EveryKey()
    {
        var data = new TheoryData<string, string>();
        foreach (var (path, table) in SettingsTables.All)
            foreach (var key in table.Keys) data.Add(path, key.Name);
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryKey))]
    public void Each_key_takes_its_example_and_refuses_another_type(string path, string name)
    {
        var table = SettingsTables.All.First(t => t.Path == path).Table;
        var key = table.Keys.First(k => k.Name == name);
        Assert.EndsWith(".", key.Doc, StringComparison.Ordinal);
        Assert.DoesNotContain(ProblemsOf(table, key, key.Example), p => p.Path == key.Name || p.Path.StartsWith(key.Name + "[", StringComparison.Ordinal) || p.Path.StartsWith(key.Name + ".", StringComparison.Ordinal));
        var wrong = key.Type.Name.StartsWith("list", StringComparison.Ordinal) || key.Type.Table is not null ? "word" : "[ [] ]";
        var problem = Assert.Single(ProblemsOf(table, key, wrong), p => p.Path == key.Name);
        Assert.Contains("must be", problem.Text, StringComparison.Ordinal);
        if (!key.Required) Assert.NotNull(key.Default);
    }

    private static IReadOnlyList<Problem> ProblemsOf(ITable table, SettingsKey key, string value)
    {
        var problems = new Problems();
        var reading = new Reading("/etc/aviso", SettingsText.References, problems);
        var root = YamlTree.Read(System.Text.Encoding.UTF8.GetBytes($"{key.Name}: {value}\n"), "test.yaml", problems);
        table.Read(root!, reading);
        return problems.Found;
    }

    [Fact]
    public void The_sample_is_read_without_a_problem_as_it_is_and_with_every_comment_opened()
    {
        var sample = SettingsManual.Sample(SampleNames.Example);
        Assert.Empty(SettingsText.Parse(sample).Problems);
        foreach (var key in ServerSettings.Table.Keys) Assert.Matches($"(?m)^(# )?{key.Name}:", sample);
        foreach (var (_, table) in SettingsTables.All.Where(t => !t.Path.Contains('.') && t.Path != "the top level"))
            foreach (var key in table.Keys) Assert.Contains($"#   {key.Name}: ", sample, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_is_json_and_names_every_key()
    {
        using var schema = System.Text.Json.JsonDocument.Parse(SettingsSchema.Write());
        var text = schema.RootElement.GetRawText();
        foreach (var (_, table) in SettingsTables.All)
            foreach (var key in table.Keys) Assert.Contains($"\"{key.Name}\": {{", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dns: { zones: [ { provider: cloudflare } ] }", "cloudflare needs its `token`")]
    [InlineData("dns: { zones: [ { provider: rfc2136, zone: example.org } ] }", "needs the zone's primary as `server`")]
    [InlineData("dns: { zones: [ { provider: cloudflare, token: literal:x }, { provider: cloudflare, token: literal:y } ] }", "only one of `zones`")]
    [InlineData("dns: { addresses: [192.0.2] }", "an IP address")]
    [InlineData("relays: [ { name: r, host: r.example, spf: \"v=spf1 include:a.example\" } ]", "must be SPF terms")]
    [InlineData("relays: [ { name: r, host: r.example, dkim_cnames: [ { selector: s, target: nowhere } ] } ]", "is no host name")]
    public void Settings_of_the_dns_plan_are_whole(string more, string problem) =>
        Assert.Contains(SettingsText.Parse(SettingsText.Good + more + "\n").Problems, p => p.ToString().Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Generated_files_in_the_checkout_are_current()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Aviso.slnx"))) folder = Path.GetDirectoryName(folder);
        if (folder is null) Assert.Skip("not in a checkout");
        foreach (var (name, write) in GeneratedFiles.All)
            Assert.True(File.Exists(Path.Combine(folder, name)) && File.ReadAllText(Path.Combine(folder, name)) == write(), $"{name} is old: run `./dev docs`");
    }

    [Theory]
    [InlineData("hostnmae", "hostname")]
    [InlineData("catch-all", "catch_all")]
    [InlineData("zzz", null)]
    [InlineData("foo", null)]
    [InlineData("lgo", "log")]
    public void The_nearest_name_is_found_or_none(string typed, string? meant) =>
        Assert.Equal(meant, Nearest.Of(typed, ["hostname", "catch_all", "data", "log", "dns"]));

    [Fact]
    public void A_swap_of_neighbours_is_one_edit() => Assert.Equal(1, Nearest.Distance("iamp", "imap"));

    [Fact]
    public void Too_deep_and_too_large_is_a_problem()
    {
        Assert.Contains(SettingsText.Parse("a: " + new string('[', 5000)).Problems, p => p.Text.Contains("levels deep", StringComparison.Ordinal));
        Assert.Contains(SettingsText.Parse(new string('#', YamlTree.MaxOctets + 1)).Problems, p => p.Text.Contains("at most", StringComparison.Ordinal));
        var bad = SettingsFile.Parse([(byte)'a', (byte)'\n', 0xff], "x", "/", SettingsText.References).Problems;
        Assert.Equal(2, Assert.Single(bad).Place.Line);
    }
}
