using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Net;
using Aviso.Server;
using Aviso.Settings;
using Aviso.Verbs;
using Aviso.Web;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

public sealed class ServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<(int Status, string Out, string Error)> Run(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var status = await CommandTree.RunAsync(args, output, errors, CancellationToken.None);
        return (status, output.ToString(), errors.ToString());
    }

    private string GoodFile() => Write("aviso.yaml", SettingsText.Good.Replace("env:ALICE_PASSWORD", "secret", StringComparison.Ordinal) + $"data: {_folder}\n");

    [Theory]
    [InlineData(0, "--help")]
    [InlineData(0, "queue", "--help")]
    [InlineData(2)]
    [InlineData(2, "serf")]
    [InlineData(2, "queue", "drop")]
    [InlineData(2, "serve", "--port-offset", "5")]
    [InlineData(2, "serve", "--local", "x", "--config", "y")]
    [InlineData(2, "init", "nobody")]
    [InlineData(3, "check", "--config", "/nonexistent/aviso.yaml")]
    public async Task Exit_statuses_of_command_lines(int status, params string[] args) => Assert.Equal(status, (await Run(args)).Status);

    [Fact]
    public async Task Check_tells_problems_with_places_and_status_1()
    {
        var bad = Write("bad.yaml", SettingsText.Good + "log: { format: xml }\n");
        var (status, _, errors) = await Run("check", "--config", bad);
        Assert.Equal(1, status);
        Assert.Contains($"{bad}:9:16: log.format: must be one of text, json", errors, StringComparison.Ordinal);
        Assert.Equal(0, (await Run("check", "--config", GoodFile())).Status);
    }

    [Fact]
    public async Task Init_writes_a_file_that_is_good_and_never_overwrites()
    {
        var path = Path.Combine(_folder, "new.yaml");
        Assert.Equal(0, (await Run("init", "eve@example.com", "--config", path)).Status);
        Write("eve.password", "hunter2\n");
        Assert.Equal(0, (await Run("check", "--config", path)).Status);
        Assert.Equal(3, (await Run("init", "eve@example.com", "--config", path)).Status);
    }

    [Fact]
    public async Task Describe_shows_no_secret()
    {
        var (status, text, _) = await Run("describe", "--config", GoodFile(), "--json");
        Assert.Equal(0, status);
        Assert.NotNull(JsonNode.Parse(text));
        Assert.Contains("(set in the file)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("password: secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbs_reach_the_server_by_its_socket()
    {
        var config = GoodFile();
        Assert.Equal(3, (await Run("queue", "list", "--config", config)).Status);
        JsonObject? seen = null;
        var handlers = new AdminHandlers()
            .Add("queue.list", (call, _) =>
            {
                seen = call.Args;
                return Task.FromResult(AdminReply.Done(new JsonArray(new JsonObject { ["id"] = "x1", ["reason"] = "4.4.1\u001b[2J" })));
            })
            .Add("store.check", (_, _) => Task.FromResult(AdminReply.Done(new JsonArray(new JsonObject { ["code"] = "orphan" }))))
            .Add("account.add", (_, _) => Task.FromResult(AdminReply.No("belongs to the file")), changes: true);
        await using var socket = AdminSocket.Start(_folder, handlers, NullLogger.Instance);
        var (status, text, _) = await Run("queue", "list", "--config", config, "--recipient", "a@b.example");
        Assert.Equal(0, status);
        Assert.Equal("a@b.example", seen!["recipient"]!.ToString());
        Assert.Contains("ID  REASON", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.Equal(1, (await Run("store", "check", "--config", config, "--json")).Status);
        Assert.Equal(1, (await Run("account", "add", "x@example.org", "--config", config)).Status);
        Assert.Equal(1, (await Run("domain", "list", "--config", config)).Status);
    }

    [Fact]
    public async Task The_admin_socket_refuses_other_users_long_and_broken_requests()
    {
        await using (AdminSocket.Start(_folder, new(), NullLogger.Instance, allowed: _ => false))
            Assert.Contains("only the server's own user", await Ask("{}\n"), StringComparison.Ordinal);
        await using var socket = AdminSocket.Start(_folder, new(), NullLogger.Instance);
        Assert.Contains("a request is one JSON object", await Ask("nonsense\n"), StringComparison.Ordinal);
        Assert.Contains("a request is one JSON object", await Ask("{\"verb\":1}\n"), StringComparison.Ordinal);
        Assert.Contains("does not know `x`", await Ask("{\"verb\":\"x\"}\n"), StringComparison.Ordinal);
        Assert.Contains("longer than", await Ask(new string('x', AdminSocket.MaxRequest + 4096)), StringComparison.Ordinal);
    }

    private async Task<string> Ask(string request)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_folder, AdminSocket.FileName)));
        await using var stream = new NetworkStream(client);
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request));
        }
        catch (IOException)
        {
            // The server has answered and closed before it read everything.
        }
        var (line, _) = await new AdminLines(stream).ReadAsync(1 << 20, CancellationToken.None);
        return line is null ? "" : Encoding.UTF8.GetString(line);
    }

    [Fact]
    public void Metrics_are_prometheus_text()
    {
        using var meter = new Meter("AvisoTest.Golden");
        using var registry = new MetricsRegistry("AvisoTest.");
        var replies = meter.CreateCounter<long>("aviso_replies_total", description: "Replies.");
        var took = meter.CreateHistogram<double>("aviso_commit_seconds");
        meter.CreateObservableGauge("aviso_queue_oldest_seconds", () => 2.5);
        meter.CreateCounter<long>("aviso_never_total");
        replies.Add(2, new("kind", "smtp"), new("code", 250));
        replies.Add(1, new("code", "2\"5\\0\n"), new("kind", "smtp"));
        took.Record(0.002);
        took.Record(99);
        var text = registry.Write();
        Assert.Contains("""
            # HELP aviso_replies_total Replies.
            # TYPE aviso_replies_total counter
            aviso_replies_total{code="250",kind="smtp"} 2
            aviso_replies_total{code="2\"5\\0\n",kind="smtp"} 1

            """.ReplaceLineEndings("\n"), text, StringComparison.Ordinal);
        Assert.Contains("aviso_commit_seconds_bucket{le=\"0.001\"} 0\naviso_commit_seconds_bucket{le=\"0.0025\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("aviso_commit_seconds_bucket{le=\"+Inf\"} 2\naviso_commit_seconds_sum 99.002\naviso_commit_seconds_count 2\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE aviso_queue_oldest_seconds gauge\naviso_queue_oldest_seconds 2.5\n", text, StringComparison.Ordinal);
        Assert.Contains("aviso_never_total 0\n", text, StringComparison.Ordinal);
        Assert.Contains("aviso_queue_oldest_seconds 2.5\n", registry.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_says_why_it_is_not_ready_and_http_checks_the_host()
    {
        var ready = new Readiness(false, "the disk is full");
        using var registry = new MetricsRegistry("None.");
        var site = WebScene.Site(WebScene.Own(registry, () => ready), ["mail.example.org"]);
        await using var metrics = await WebListener.StartAsync(new(ListenerKind.Metrics, new(IPAddress.Loopback, 0)), site, CancellationToken.None);
        await using var http = await WebListener.StartAsync(new(ListenerKind.Http, new(IPAddress.Loopback, 0)), site, CancellationToken.None);
        using var client = new HttpClient();
        var answer = await client.GetAsync($"http://{metrics.Bound}/healthz/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("not ready: the disk is full\n", await answer.Content.ReadAsStringAsync());
        ready = new(true, "");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://{http.Bound}/healthz/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://{metrics.Bound}/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"http://{http.Bound}/metrics")).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"http://{http.Bound}/") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await client.SendAsync(rebound)).StatusCode);
        var taken = await Assert.ThrowsAsync<IOException>(() => WebListener.StartAsync(new(ListenerKind.Http, metrics.Bound), site, CancellationToken.None));
        Assert.Contains($"port {metrics.Bound.Port}", taken.Message, StringComparison.Ordinal);
        Assert.Contains("taken by another program", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_line_stays_one_line_whatever_a_peer_sent()
    {
        var at = DateTimeOffset.UnixEpoch;
        Assert.Equal("1970-01-01T00:00:00.000Z info    Smtp: helo a\\r\\n250 ok\\u001b\n",
            LogWriter.Line(LogFormat.Text, at, LogLevel.Information, "Smtp", "helo a\r\n250 ok\u001b", null, null));
        var json = LogWriter.Line(LogFormat.Json, at, LogLevel.Warning, "Smtp", "x\ny", [new("SessionId", "s1"), new("Size", 5)], null);
        Assert.Equal(1, json.Count(c => c == '\n'));
        Assert.Equal("s1", JsonNode.Parse(json)!["session_id"]!.ToString());
        Assert.Equal(5, (int)JsonNode.Parse(json)!["size"]!);
    }

    [Theory]
    [InlineData("accounts_from: file:list", "{ \"alice@example.org\": \"x\" }", "account alice@example.org stands twice")]
    [InlineData("accounts_from: file:list", "{\n \"dan@example.org\": 5 }", "accounts_from: file:list:2: dan@example.org wants a password")]
    [InlineData("accounts_from: file:list", "nothing", "is not JSON")]
    [InlineData("aliases_from: file:list", "# a list\ninfo bob@example.org\n", "aliases_from: file:list:2: `info` wants its domain")]
    [InlineData("aliases_from: file:list", "a@example.org b@example.org\nb@example.org a@example.org\n", "leads back to itself")]
    public async Task Check_compares_accounts_aliases_and_their_lists(string line, string list, string expected)
    {
        var config = GoodFile();
        Write("list", list);
        File.AppendAllText(config, line + "\n");
        var (status, _, errors) = await Run("check", "--config", config);
        Assert.Equal(1, status);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        var (jsonStatus, json, _) = await Run("check", "--config", config, "--json");
        Assert.Equal(1, jsonStatus);
        Assert.NotEmpty(JsonNode.Parse(json)!.AsArray());
    }

    [Fact]
    public async Task Check_says_what_is_hardly_meant_and_who_has_no_scram_keys()
    {
        var config = GoodFile();
        Write("list", "team@example.org nobody@example.org\n");
        File.AppendAllText(config, "aliases_from: file:list\n");
        var handlers = new AdminHandlers().Add("account.without_scram", (_, _) => Task.FromResult(AdminReply.Done(new JsonArray("old@example.org"))));
        await using var socket = AdminSocket.Start(_folder, handlers, NullLogger.Instance);
        var (status, text, _) = await Run("check", "--config", config);
        Assert.Equal(0, status);
        Assert.Contains("nobody@example.org, which nobody has", text, StringComparison.Ordinal);
        Assert.Contains("old@example.org has no SCRAM keys", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_is_a_page_in_markdown_without_secrets()
    {
        var (status, text, _) = await Run("describe", "--config", GoodFile());
        Assert.Equal(0, status);
        Assert.StartsWith("# mail.example.org\n", text, StringComparison.Ordinal);
        Assert.Contains("| kind", text, StringComparison.Ordinal);
        Assert.Contains("## Domains", text, StringComparison.Ordinal);
        Assert.Contains("## Limits", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_catch_all_may_be_named_on_the_command_line_and_answers_keep_their_lines()
    {
        var handlers = new AdminHandlers().Add("alias.add", (call, _) => Task.FromResult(AdminReply.Done($"{call.Text("address")} one\ntwo\u001b[2J")));
        await using var socket = AdminSocket.Start(_folder, handlers, NullLogger.Instance);
        var (status, text, _) = await Run("alias", "add", "@example.org", "alice@example.org", "--config", GoodFile());
        Assert.Equal(0, status);
        Assert.Equal("@example.org one\ntwo [2J\n", text);
    }

    [Fact]
    public async Task Verbs_reach_a_running_server_whose_settings_file_was_broken_since()
    {
        var config = GoodFile();
        File.AppendAllText(config, "nonsense: 1\n");
        var handlers = new AdminHandlers().Add("queue.list", (_, _) => Task.FromResult(AdminReply.Done(new JsonArray())));
        await using var socket = AdminSocket.Start(_folder, handlers, NullLogger.Instance);
        var (status, text, errors) = await Run("queue", "list", "--config", config);
        Assert.Equal((0, "(none)\n"), (status, text));
        Assert.Contains("aviso check", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_shows_what_holds_and_what_waits_for_a_restart()
    {
        var config = GoodFile();
        File.AppendAllText(config, "limits: { message_size: 3MB }\n");
        var handlers = new AdminHandlers().Add("settings.waiting", (_, _) => Task.FromResult(AdminReply.Done(
            new JsonArray(new JsonObject { ["key"] = "limits.message_size", ["holds"] = "200MB" }))));
        await using var socket = AdminSocket.Start(_folder, handlers, NullLogger.Instance);
        var (status, text, errors) = await Run("describe", "--config", config);
        Assert.Equal((0, ""), (status, errors));
        Assert.Contains("200MB (after a restart: 3MB)", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tls: { self_signed: true }", "tls")]
    [InlineData("store: { undelete: 3d }", "store.undelete")]
    [InlineData("limits: { connections_at_once: 7 }", "limits.connections_at_once")]
    [InlineData("limits: { recipients: 500 }", "limits.recipients")]
    [InlineData("sieve: { redirects: 9 }", "sieve.redirects")]
    [InlineData("outbound: { capture: alice@example.org }", "outbound.capture")]
    [InlineData("dns: { resolvers: [\"192.0.2.1:53\"] }", "dns.resolvers")]
    [InlineData("routes: [ { relay: direct } ]", null)]
    public void What_needs_a_restart_is_said(string line, string? key) =>
        Assert.Equal(key is null ? [] : [key], SettingsTables.NeedsRestart(
            SettingsText.Parse(SettingsText.Good).Settings!, SettingsText.Parse(SettingsText.Good + line + "\n").Settings!));

    [Fact]
    public void A_reserve_is_a_count_of_recipients_and_a_quota_has_its_span()
    {
        var relay = OutboundMapping.Queue(SettingsText.Parse(SettingsText.Good + "relays: [ { name: b, host: a.example, quota: 300/hour, reserve: 30 } ]\n").Settings!).Relays[0];
        Assert.Equal((300, TimeSpan.FromHours(1), 0.1), (relay.Quota, relay.QuotaSpan, relay.Reserve));
    }

    [Theory]
    [InlineData("account", "set", "alice@example.org")]
    [InlineData("domain", "set", "example.org")]
    [InlineData("account", "set", "alice@example.org", "--suspended", "maybe")]
    [InlineData("account", "add", "dan@example.org", "--quota", "5XB")]
    public async Task A_verb_that_would_do_nothing_or_nonsense_is_wrong_usage(params string[] args) =>
        Assert.Equal(2, (await Run([.. args, "--config", GoodFile()])).Status);

    [Fact]
    public async Task Local_mode_starts_answers_and_stops()
    {
        var ports = Path.Combine(_folder, "ports.json");
        var local = new LocalMode(Path.Combine(_folder, "local"), 0, FreePorts: true);
        Assert.Empty(local.Load().Problems);
        Assert.Equal(local.Passwords(), local.Load() is not null ? local.Passwords() : null);
        using var stop = new CancellationTokenSource();
        var (output, errors) = (new StringWriter(), new StringWriter());
        var running = new Serve(new("", local, ports), TextWriter.Synchronized(output), errors, Stream.Null, TimeProvider.System).RunAsync(stop.Token);
        await Patience.UntilAsync(() => File.Exists(ports) || running.IsCompleted, "the server listens", seconds: 60, errors.ToString, pause: 20);
        var bound = JsonNode.Parse(await File.ReadAllTextAsync(ports))!;
        using var client = new HttpClient();
        Assert.Equal("live\n", await client.GetStringAsync($"http://127.0.0.1:{bound["metrics"]}/healthz/live"));
        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.False(File.Exists(Path.Combine(_folder, "local", AdminSocket.FileName)));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "local", LocalMode.PasswordFile)));
    }
}
