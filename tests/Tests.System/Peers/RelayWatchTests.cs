using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Running;
using Aviso.Tests.System.Web;
using Aviso.Tests.Unit.Delivery.Relays;
using Aviso.Tests.Unit.Doctor;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>The running server and what its relays do after they took mail.</summary>
public sealed class RelayWatchTests
{
    private const string Carol = "carol@elsewhere.test", Token = "hook-token";

    [Fact]
    public async Task Accepted_then_dropped_is_told_to_the_sender_once_is_a_finding_and_is_mended_by_a_verb()
    {
        await using var sink = await SmtpSink.StartAsync();
        using var vendor = new HttpSink();
        var api = new FakeVendorApi().Put("blocked", Carol, "stranger@elsewhere.test");
        vendor.Answer = request => api.Answer(request.Method, request.Path, request.Headers.GetValueOrDefault("api-key", ""));
        await using var server = await AvisoServer.StartAsync($$"""
            relays:
              - { name: brevo, host: 127.0.0.1, port: {{sink.Port}}, tls: none, quota: 300/day,
                  events: { kind: brevo, secret: "literal:{{Token}}" },
                  suppressions: { kind: brevo, key: "literal:{{FakeVendorApi.Key}}", address: "{{vendor.Url}}/v3/" } }
            routes:
              - { to: "*", relay: brevo }

            """, "smtp submission imaps https metrics");
        using (var smtp = new SmtpLineClient(server.Port("submission")))
        {
            smtp.Login("alice@example.test", AvisoServer.Password);
            smtp.Deliver("alice@example.test", [Carol],
                "From: alice@example.test\r\nTo: carol\r\nSubject: hello\r\nMessage-ID: <one@scene>\r\n\r\nhi\r\n");
        }
        await Patience.UntilAsync(() => sink.Count == 1, "the relay has it", why: () => server.Log);
        using var curl = Curl.Https(server);
        var blocked = new JsonObject
        {
            ["event"] = "blocked",
            ["email"] = Carol,
            ["message-id"] = "<one@scene>",
            ["reason"] = "blocked : hard bounce"
        };
        Assert.Equal(401, (await HookAsync(curl, blocked, "guess")).Status);
        Assert.Equal(404, (await HookAsync(curl, blocked, Token, "other")).Status);
        Assert.Equal(413, await LongAsync(curl));
        Assert.Equal(0, await LettersAsync(server));
        for (var i = 0; i < 3; i++) Assert.Equal(200, (await HookAsync(curl, blocked, Token)).Status);
        Assert.Equal(1, await LettersAsync(server));
        Assert.Equal(1, await server.MetricAsync("aviso_relay_events_total", "dropped"));
        Assert.Equal(1, await server.MetricAsync("aviso_relay_webhooks_total", "refused"));

        Assert.Contains($"aviso relay unblock {Carol}", await FindingsAsync(server, "relay-dropped"), StringComparison.Ordinal);
        // The list names somebody whom we write to, and one whom we do not.
        var blocks = await FindingsAsync(server, "relay-blocks");
        Assert.Contains(Carol, blocks, StringComparison.Ordinal);
        Assert.DoesNotContain("stranger", blocks, StringComparison.Ordinal);
        Assert.Contains("stranger", (await server.VerbAsync("relay", "suppressed")).MustSucceed().Output, StringComparison.Ordinal);
        (await server.VerbAsync("relay", "unblock", Carol)).MustSucceed();
        Assert.Equal(["stranger@elsewhere.test"], api.Lists["blocked"]);
        Assert.DoesNotContain(Carol, await FindingsAsync(server, "relay-blocks"), StringComparison.Ordinal);
        Assert.Equal(1, (await server.VerbAsync("relay", "unblock", Carol)).ExitCode);
        Assert.Contains("299 of 300 left", (await server.VerbAsync("relay", "list")).MustSucceed().Output, StringComparison.Ordinal);

        // After a restart the same event is still old.
        await server.StopAsync();
        await server.StartAgainAsync();
        using var again = Curl.Https(server);
        Assert.Equal(200, (await HookAsync(again, blocked, Token)).Status);
        Assert.Equal(1, await LettersAsync(server));
    }

    [Fact]
    public async Task A_switch_is_tested_flips_and_goes_back_by_itself()
    {
        await using var scene = await ProbeScene.StartAsync("""
            routes:
              - { to: "*", relay: old }
            """, "  - { name: old, host: 127.0.0.1, port: 1, tls: none }");
        var server = scene.Aviso;
        Assert.Equal(1, (await server.VerbAsync("relay", "switch", "old", "nobody", "--yes")).ExitCode);
        Assert.Contains("say --yes", (await server.VerbAsync("relay", "switch", "old", "smart")).MustSucceed().Output,
            StringComparison.Ordinal);
        // Nothing proves our mail yet: the message comes, and no receiver would believe it.
        var unproved = await server.VerbAsync("relay", "switch", "old", "smart", "--yes");
        Assert.Equal(1, unproved.ExitCode);
        Assert.Contains("neither SPF nor DKIM passes", unproved.Error, StringComparison.Ordinal);
        await scene.PublishKeysAsync();
        var done = await server.VerbAsync("relay", "switch", "old", "smart", "--yes");
        Assert.True(done.ExitCode == 0, done.Output + done.Error + server.Log);
        Assert.Contains("dkim=pass", done.Output, StringComparison.Ordinal);
        Assert.Contains("smart for old, trial", (await server.VerbAsync("relay", "list")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Equal(1, (await server.VerbAsync("relay", "switch", "old", "smart", "--yes")).ExitCode);

        // The new relay breaks in its trial; what waits for it goes to the old one's row again, each message in one row.
        await scene.Relay.DisposeAsync();
        for (var i = 0; i < 3; i++) await scene.SubmitAsync($"trial{i}");
        await Patience.UntilAsync(async () => (await server.VerbAsync("relay", "list")).Output.Contains("went back",
            StringComparison.Ordinal),
            "it goes back", why: () => server.Log);
        Assert.Contains("relay-switched-back", await FindingsAsync(server, "relay-switched-back"), StringComparison.Ordinal);
        (await server.VerbAsync("queue", "retry", "--destination", "*")).MustSucceed();
        await Patience.UntilAsync(async () => Rows(await server.VerbAsync("queue", "list", "--json")) is { Count: 3 } rows
            && rows.All(r => $"{r!["destination"]}" == "relay:old"), "all wait for the old relay, once", why: () => server.Log);
    }

    private static JsonArray Rows(ToolResult result) => JsonNode.Parse(result.MustSucceed().Output)!.AsArray();

    private static Task<Curl.Answer> HookAsync(Curl curl, JsonObject body, string token, string relay = "brevo") =>
        curl.PostAsync($"/relay/events/{relay}", body, "-H", $"Authorization: Bearer {token}");

    // What stands; what has cleared is told beside it.
    private static async Task<string> FindingsAsync(AvisoServer server, string code) =>
        $"{JsonNode.Parse((await server.VerbAsync("doctor", "--only", code, "--json")).Output)!["findings"]}";

    // Longer than an argument may be.
    private static async Task<int> LongAsync(Curl curl)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, new string('x', 600_000));
            return (await curl.RunAsync("/relay/events/brevo", "-H", $"Authorization: Bearer {Token}", "-H", "Expect:", "--data-binary",
                "@" + file)).Status;
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Messages in alice's INBOX.
    private static async Task<int> LettersAsync(AvisoServer server) => (await Tool.RunAsync("curl", ["-sk", "--user",
        $"alice@example.test:{AvisoServer.Password}", "--url", $"imaps://127.0.0.1:{server.Port("imaps")}/INBOX", "--request",
            "SEARCH ALL"]))
        .MustSucceed().Output.Trim().Split(' ').Length - 2;
}
