using System.Text;
using Aviso.Tests.System.Clients;
using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>A real CrowdSec engine with the hub's collections postfix and dovecot reads our compatibility log and decides.</summary>
public sealed class CompatibilityLogTests
{
    [Theory]
    [InlineData("imap", "crowdsecurity/dovecot-spam")]
    [InlineData("submission", "crowdsecurity/postfix-spam")]
    public async Task Incident_F2_an_engine_that_reads_our_log_bans_who_guesses_passwords(string kind, string scenario)
    {
        using var folder = new PeerFolder("compatibility");
        var log = folder.Path("mail.log");
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        await using var engine = await CrowdsecServer.StartAsync(reads: log);
        await using var server = await AvisoServer.StartAsync(
            $"guard: {{ mode: crowdsec, compatibility_log: \"{log}\", crowdsec: {engine.Yaml(tells: false)} }}\n",
                "imap submission metrics", proxies: "127.0.0.3/32", cleartext: "203.0.113.0/24");
        Assert.True(Guess(server, kind, "203.0.113.51", 0));
        // At the threshold it may be cut off already; a little more makes up for what leaks meanwhile.
        for (var i = 0; i < 12 && Guess(server, kind, "203.0.113.50", i); i++) continue;
        string Why() => File.ReadAllText(log) + engine.Output + server.Log;
        await Patience.UntilAsync(async () => (await engine.ListAsync("decisions")).Count > 0, "the engine decides", 45, Why);
        var alert = Assert.Single(await engine.ListAsync("decisions"))!;
        Assert.Equal((scenario, "203.0.113.50"), ((string)alert["scenario"]!, (string)alert["source"]!["value"]!));

        // And its ban comes back and bites, for the one and not for the other.
        await Patience.UntilAsync(() =>
            !Greeting(server, "203.0.113.50").StartsWith("* OK", StringComparison.Ordinal), "the ban bites", why: Why);
        Assert.StartsWith("* OK", Greeting(server, "203.0.113.51"), StringComparison.Ordinal);
        // Every line was one that the parsers know: nothing fell through.
        Assert.DoesNotContain("\n\n", await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_stand_on_standard_output_beside_json_events()
    {
        await using var server = await AvisoServer.StartAsync("guard: { mode: none, compatibility_log: stdout }\nlog: { format: json }\n",
            "imap metrics", proxies: "127.0.0.3/32", cleartext: "203.0.113.0/24");
        Guess(server, "imap", "203.0.113.50", 0);
        await Patience.UntilAsync(() => server.Log.Contains(
            " dovecot: imap-login: Disconnected (auth failed, 1 attempts", StringComparison.Ordinal), "the line", why: () => server.Log);
        Assert.Equal(1, await server.MetricAsync("aviso_compatibility_log_lines_total", "written"));
    }

    /// <summary>One failed login, each of another user. False when the server hung up.</summary>
    private static bool Guess(AvisoServer server, string kind, string address, int number)
    {
        using var client = As(server, kind, address);
        try
        {
            client.ReadLine();
            if (kind == "imap")
            {
                client.Send($"a LOGIN user{number}@{AvisoServer.Domain} wrong\r\n");
                while (!client.ReadLine().StartsWith("a NO", StringComparison.Ordinal)) continue;
                return true;
            }
            client.Send("EHLO client.test\r\n");
            while (!client.ReadLine().StartsWith("250 ", StringComparison.Ordinal)) continue;
            var plain = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0user{number}@{AvisoServer.Domain}\0wrong"));
            client.Send($"AUTH PLAIN {plain}\r\n");
            Assert.StartsWith("535", client.ReadLine(), StringComparison.Ordinal);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Greeting(AvisoServer server, string address)
    {
        using var client = As(server, "imap", address);
        return client.FirstOrNothing();
    }

    private static LineClient As(AvisoServer server, string kind, string address)
    {
        var client = new LineClient(server.Port(kind), HaproxyServer.Source);
        client.Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");
        return client;
    }
}
