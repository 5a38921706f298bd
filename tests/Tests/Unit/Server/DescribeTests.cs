using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Settings;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>`aviso describe` of a running server.</summary>
public sealed class DescribeTests
{
    // Alerts and bookmarks lead to them: a title never changes, new ones may come.
    private static readonly string[] Titles =
    [
        "Server", "Findings", "Domains", "Listeners", "Networks", "Relays", "Queue", "DNS", "Certificates", "Accounts", "Aliases", "Probes",
        "Backups", "Filter", "Bans", "Limits", "Changes",
    ];

    private const string Deployment = """
        hostname: mail.example.org
        postmaster: alice@example.org
        listeners:
          - { kind: smtp, address: "127.0.0.1:0" }
          - { kind: imaps, address: "127.0.0.1:0" }
          - { kind: metrics, address: "127.0.0.1:0" }
        networks: { internal: [10.1.0.0/16], proxies: [10.2.0.0/16], trusted_relays: [192.0.2.25] }
        tls: { self_signed: true }
        dns: { resolvers: ["127.0.0.1:1"] }
        domains:
          - { name: example.org, catch_all: alice@example.org }
          - { name: example.net }
        accounts:
          - { address: alice@example.org, password: "literal:correct horse", quota: 5GB, send_as: ["plans@example.net"] }
          - { address: bob@example.net, password: "literal:correct horse" }
        aliases:
          - { address: info@example.org, to: [alice@example.org, bob@example.net] }
        relays:
          - { name: brevo, host: 127.0.0.1, port: 9, tls: none, quota: 300/day }
        routes:
          - { to: "*.elsewhere.example", relay: brevo }
        """;

    [Fact]
    public async Task The_page_has_every_section_under_a_heading_that_never_changes()
    {
        await using var served = await ServedFolder.StartAsync(Deployment);
        var page = await served.VerbAsync("describe", "--markdown");
        Assert.StartsWith("# mail.example.org\n", page, StringComparison.Ordinal);
        Assert.Equal(Titles, page.Split('\n').Where(l => l.StartsWith("## ", StringComparison.Ordinal)).Select(l => l[3..]));
        Assert.DoesNotContain("could not be looked at", page, StringComparison.Ordinal);
        // Without a terminal it is the same page.
        Assert.StartsWith("# mail.example.org\n", await served.VerbAsync("describe"), StringComparison.Ordinal);
        foreach (var (title, words) in new (string, string)[]
        {
            ("Domains", "Mail for 2 domains is received here."), ("Listeners", "from the first octet"), ("Listeners", "STARTTLS"),
            ("Listeners", "read from `networks.proxies`"),
            ("Networks", "10.1.0.0/16"), ("Networks", "10.2.0.0/16"), ("Networks", "192.0.2.25"),
            ("Relays", "300 of 300 left"), ("Relays", "*.elsewhere.example"), ("Queue", "Nothing waits."), ("DNS", "example.net"),
            ("Certificates", "mail.example.org"), ("Accounts", "2 accounts."), ("Accounts", "5.0 GB"), ("Accounts", "plans@example.net"),
            ("Aliases", "1 alias and 1 catch-all."), ("Probes", "Nothing is probed."), ("Backups", "No backups are made"),
            ("Filter", "0 good messages and 0 junk messages"), ("Bans", "Nobody is banned."), ("Limits", "message"),
            ("Changes", "The settings are those of the start."),
        })
            Assert.Contains(words, Section(page, title), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_what_changed_since_the_start()
    {
        await using var served = await ServedFolder.StartAsync(Deployment);
        await served.VerbAsync("decisions", "add", "--ip", "203.0.113.9", "--reason", "scans all day");
        await served.VerbAsync("account", "add", "carol@example.org");
        await File.AppendAllTextAsync(served.Config, "limits: { message_size: 3MB }\n", TestContext.Current.CancellationToken);
        await served.VerbAsync("reload");
        var page = await served.VerbAsync("describe", "--markdown");
        Assert.Contains("203.0.113.9", Section(page, "Bans"), StringComparison.Ordinal);
        Assert.Contains("scans all day", Section(page, "Bans"), StringComparison.Ordinal);
        Assert.Contains("3 accounts.", Section(page, "Accounts"), StringComparison.Ordinal);
        Assert.Contains("were last read again at", Section(page, "Changes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_sections_by_anchor_and_every_setting()
    {
        await using var served = await ServedFolder.StartAsync(Deployment);
        var answer = JsonNode.Parse(await served.VerbAsync("describe", "--json"))!;
        Assert.Equal(Titles.Select(t => t.ToLowerInvariant()), answer["sections"]!.AsArray().Select(s => $"{s!["anchor"]}"));
        Assert.Equal(ServerSettings.Table.Keys.Select(k => k.Name), answer["settings"]!.AsArray().Select(s => $"{s!["key"]}"));
        var relay = answer["sections"]!.AsArray().Single(s => $"{s!["anchor"]}" == "relays")!["tables"]![0]!["rows"]![0]!;
        Assert.Equal(("brevo", "300 of 300 left", "none"), ($"{relay["relay"]}", $"{relay["quota"]}", $"{relay["tls"]}"));
    }

    [Fact]
    public async Task A_section_that_fails_says_so_and_the_others_are_written()
    {
        var admin = new AdminHandlers();
        new DescribeCalls([new Failing(), new Fine()], () => new()).Add(admin);
        var page = DescribePage.Markdown((await admin.CallAsync(new("describe", []), TestContext.Current.CancellationToken)).Result);
        Assert.Contains("This could not be looked at: no such disk", Section(page, "Broken"), StringComparison.Ordinal);
        Assert.Contains("all is well", Section(page, "Fine"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_strangers_wrote_opens_no_tag_no_cell_and_no_line()
    {
        var text = new StringBuilder();
        MarkdownTable.Write(text, new JsonArray(new JsonObject { ["says"] = "<script>| x\n## Relays\u001b[2J", ["empty"] = "" }));
        var lines = text.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("| says ", lines[0], StringComparison.Ordinal);
        Assert.Equal(@"| &lt;script>\| x ## Relays [2J |", lines[2]);
    }

    private static string Section(string page, string title)
    {
        var from = page.IndexOf($"\n## {title}\n", StringComparison.Ordinal);
        Assert.True(from >= 0, $"there is no {title} in\n{page}");
        var to = page.IndexOf("\n## ", from + 1, StringComparison.Ordinal);
        return to < 0 ? page[from..] : page[from..to];
    }

    private sealed class Failing : IDescribed
    {
        public string Title => "Broken";

        public Task WriteAsync(DescribedPart part, CancellationToken cancel) => throw new IOException("no such disk");
    }

    private sealed class Fine : IDescribed
    {
        public string Title => "Fine";

        public Task WriteAsync(DescribedPart part, CancellationToken cancel) => Task.FromResult(part.Say("all is well"));
    }
}
