using System.Globalization;
using System.Text.Json.Nodes;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Trace;

/// <summary>Every message that is injected has exactly one trace, and it ends.</summary>
public sealed class TraceTests
{
    private const string Elsewhere = "someone@elsewhere.test", Later = "later@elsewhere.test";

    [Fact]
    public async Task Every_injected_message_has_exactly_one_trace_with_its_final_state()
    {
        await using var scene = await RelayScene.StartAsync(settings: """
            aliases:
              - { address: out@example.test, to: [someone@elsewhere.test] }
              - { address: both@example.test, to: [bob@example.test, carol@example.test] }

            """);
        var injected = Inject(scene);
        await scene.SunkAsync(3);
        await scene.QueueWhenAsync(queue => queue is [{ Address: Later, Attempts: > 0 }], "only one recipient waits");
        foreach (var (messageId, state) in injected)
        {
            var trace = Assert.IsType<JsonObject>(Assert.Single(await FindAsync(scene.Aviso, messageId)));
            Assert.True(state == (string)trace["state"]!, $"{messageId}: {trace["state"]}, not {state}\n{trace}");
            Assert.Equal(state != "waiting", (bool)trace["is_final"]!);
        }
        // The waiting one is thrown away by hand: now everything has ended.
        (await scene.Aviso.VerbAsync("queue", "drop", "--recipient", Later)).MustSucceed();
        Assert.Equal("delivered in part", (string)Assert.Single(await FindAsync(scene.Aviso, "mixed@scene"))!["state"]!);
        var all = await FindAsync(scene.Aviso, "--since", "1h", "--limit", "500");
        Assert.All(all, trace => Assert.True((bool)trace!["is_final"]!, trace.ToString()));
        // Whatever the server said yes to or refused has a trace: those of messages, of refused recipients and senders, and no other.
        Assert.Equal(injected.Count + 4, all.Count(t => ((JsonArray)t!["events"]!).Any(e => (string)e!["kind"]! == "connected")));
        Assert.Equal(3, all.Count(t => (string)t!["state"]! == "refused" && (string)t["message_id"]! == ""));
    }

    [Fact]
    public async Task What_clients_do_with_a_message_is_in_its_trace_with_the_client()
    {
        await using var server = await AvisoServer.StartAsync();
        using (var smtp = new SmtpLineClient(server.Port("smtp")))
            smtp.Deliver("x@sender.test", ["bob@example.test"], "Subject: an invoice\r\nMessage-ID: <moved@scene>\r\n\r\nhello\r\n");
        using (var imap = new ImapLineClient(server.Port("imap"), "bob@example.test", AvisoServer.Password))
        {
            imap.Ok("ID (\"name\" \"Mail of the test\" \"version\" \"7\")");
            imap.Ok("SELECT INBOX");
            imap.Ok("UID STORE 1 +FLAGS (\\Seen)");
            imap.Ok("UID MOVE 1 Trash");
            imap.Ok("SELECT Trash");
            imap.Ok("UID STORE 1 +FLAGS (\\Deleted)");
            imap.Ok("EXPUNGE");
        }
        var trace = Assert.Single(await FindAsync(server, "invoice", "--user", "bob@example.test"))!;
        Assert.Equal("delivered", (string)trace["state"]!);
        var deeds = ((JsonArray)trace["events"]!).Where(e => e!["evidence"]!["program"] is not null).ToList();
        Assert.Equal(["flagged", "moved", "flagged", "expunged"], deeds.Select(e => (string)e!["kind"]!));
        Assert.All(deeds, e => Assert.Equal(("Mail of the test 7", "imap", "127.0.0.1"),
            ((string)e!["evidence"]!["program"]!, (string)e["evidence"]!["protocol"]!, (string)e["evidence"]!["client"]!)));
        Assert.Empty(await FindAsync(server, "invoice", "--user", "carol@example.test"));
        // For people: a line an event.
        var page = (await server.VerbAsync("trace", "<moved@scene>")).MustSucceed().Output;
        Assert.Contains("moved  Trash", page, StringComparison.Ordinal);
        Assert.Contains("from=INBOX", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_shows_the_safe_lines_to_whoever_has_it()
    {
        await using var server = await AvisoServer.StartAsync(listeners: "smtp imap http metrics");
        string id;
        using (var smtp = new SmtpLineClient(server.Port("smtp")))
        {
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command("RCPT TO:<bob@example.test>", "250");
            smtp.Command("DATA", "354");
            id = smtp.Command("Subject: an invoice\r\n\r\nhello\r\n.", "250").Split(' ')[^1];
        }
        var link = (string)JsonNode.Parse((await server.VerbAsync("trace", "--share", id, "--json")).MustSucceed().Output)!["link"]!;
        var path = new Uri(link).AbsolutePath;
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{server.Port("http")}{path}");
        request.Headers.Host = "mail.example.test";
        using var reply = await http.SendAsync(request);
        var text = await reply.Content.ReadAsStringAsync();
        Assert.True(reply.IsSuccessStatusCode, text);
        Assert.Contains("put into a mailbox", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@", text, StringComparison.Ordinal);
        Assert.DoesNotContain("invoice", text, StringComparison.Ordinal);
        using var forged = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{server.Port("http")}{path[..^4]}AAAA");
        forged.Headers.Host = "mail.example.test";
        using var no = await http.SendAsync(forged);
        Assert.Equal(404, (int)no.StatusCode);
    }

    [Fact]
    public async Task Nothing_found_is_said_by_the_exit_status_and_a_restart_forgets_nothing()
    {
        await using var server = await AvisoServer.StartAsync();
        using (var smtp = new SmtpLineClient(server.Port("smtp")))
            smtp.Deliver("x@sender.test", ["bob@example.test"], "Subject: s\r\nMessage-ID: <kept@scene>\r\n\r\nhello\r\n");
        Assert.Equal(1, (await server.VerbAsync("trace", "nothing@like.this")).ExitCode);
        Assert.Single(await FindAsync(server, "kept@scene"));
        await server.KillAsync();
        await server.StartAgainAsync();
        Assert.Single(await FindAsync(server, "kept@scene"));
    }

    /// <returns>Message-IDs, each with the state that its trace must come to.</returns>
    private static Dictionary<string, string> Inject(RelayScene scene)
    {
        var injected = new Dictionary<string, string>();
        using (var smtp = new SmtpLineClient(scene.Aviso.Port("smtp")))
        {
            for (var i = 0; i < 5; i++) Deliver($"local-{i}@scene", "delivered", "bob@example.test");
            Deliver("alias@scene", "delivered", "both@example.test");
            Deliver("forward@scene", "sent", "out@example.test");
            // One recipient is nobody: the rest get it.
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command("RCPT TO:<nobody@example.test>", "550");
            smtp.Command("RCPT TO:<carol@example.test>", "250");
            smtp.Command("DATA", "354");
            smtp.Command(Text("half@scene") + "\r\n.", "250");
            injected.Add("half@scene", "delivered in part");
            // Nobody at all, a relay attempt, and a client that goes before the data.
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command("RCPT TO:<nobody@example.test>", "550");
            smtp.Command("RSET", "250");
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command($"RCPT TO:<{Elsewhere}>", "554");
            smtp.Command("RSET", "250");
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command("RCPT TO:<bob@example.test>", "250");
            smtp.Command("RSET", "250");
            // The octets themselves are refused.
            smtp.Command("MAIL FROM:<x@sender.test>", "250");
            smtp.Command("RCPT TO:<bob@example.test>", "250");
            smtp.Command("DATA", "354");
            smtp.Send("Subject: x\nbare\r\n.\r\n");
            smtp.Expect("5");

            void Deliver(string messageId, string state, string to)
            {
                smtp.Deliver("x@sender.test", [to], Text(messageId) + "\r\n");
                injected.Add(messageId, state);
            }
        }
        using var submission = new SmtpLineClient(scene.Aviso.Port("submission"));
        submission.Login("alice@example.test", AvisoServer.Password);
        submission.Deliver("alice@example.test", [Elsewhere], "From: alice@example.test\r\n" + Text("sent@scene") + "\r\n");
        injected.Add("sent@scene", "sent");
        submission.Deliver("alice@example.test", [Elsewhere, Later], "From: alice@example.test\r\n" + Text("mixed@scene") + "\r\n");
        injected.Add("mixed@scene", "waiting");
        submission.Deliver("alice@example.test", ["bob@example.test"], "From: alice@example.test\r\n" + Text("inside@scene") + "\r\n");
        injected.Add("inside@scene", "delivered");
        using var lmtp = new LineClient(scene.Aviso.Port("lmtp"));
        lmtp.ReadLine();
        foreach (var say in (string[])["LHLO client.test", "MAIL FROM:<x@sender.test>", "RCPT TO:<bob@example.test>", "DATA"])
        {
            lmtp.Send(say + "\r\n");
            while (lmtp.ReadLine()[3] == '-')
            {
            }
        }
        lmtp.Send(Text("lmtp@scene") + "\r\n.\r\n");
        Assert.StartsWith("250", lmtp.ReadLine(), StringComparison.Ordinal);
        injected.Add("lmtp@scene", "delivered");
        return injected;
    }

    private static string Text(string messageId) =>
        string.Create(CultureInfo.InvariantCulture, $"Subject: message {messageId}\r\nMessage-ID: <{messageId}>\r\n\r\nhello");

    private static async Task<JsonArray> FindAsync(AvisoServer server, params string[] query)
    {
        var result = await server.VerbAsync(["trace", .. query, "--json"]);
        return result.ExitCode == 1 && result.Output.Trim() == "[]" ? [] : JsonNode.Parse(result.MustSucceed().Output)!.AsArray();
    }
}
