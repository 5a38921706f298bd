using System.Text.Json;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>A stolen password that is used to write to many strangers.</summary>
public sealed class SendingTests : IAsyncLifetime
{
    private const string Bob = $"bob@{AvisoServer.Domain}";

    private AvisoServer _server = null!;

    // No resolver answers there: what is not held waits for its next try.
    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(
        "sending: { new_recipients: 5, messages_per_hour: 12 }\ndns: { resolvers: [\"127.0.0.1:1\"] }\n", "submission imap metrics");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_fan_out_to_strangers_is_held_told_to_owner_and_postmaster_survives_a_restart_and_is_released_by_a_verb()
    {
        using (var client = new SmtpLineClient(_server.Port("submission")))
        {
            client.Login(Bob, AvisoServer.Password);
            for (var i = 0; i < 8; i++)
                client.Deliver(
                    Bob, [$"stranger{i}@far.example", $"alice@{AvisoServer.Domain}"], $"From: {Bob}\r\nSubject: buy {i}\r\n\r\nhello\r\n");
        }
        await ShowsAsync(list =>
            list.Count == 8 && list.All(r => r.State == "held" && r.Reason.StartsWith("sending brake:", StringComparison.Ordinal)));
        Assert.Equal(1, await _server.MetricAsync("aviso_sending_holds_total"));
        Assert.Equal(1, await _server.MetricAsync("aviso_sending_held_accounts"));
        Assert.Equal(1, Letters("bob"));
        Assert.Equal(1, Letters("alice"));
        // Mail between accounts here went on.
        using (var alice = new ImapLineClient(_server.Port("imap"), $"alice@{AvisoServer.Domain}", AvisoServer.Password))
            Assert.Contains("* 9 EXISTS", alice.Ok("SELECT INBOX"));

        await _server.StopAsync();
        await _server.StartAgainAsync();
        await ShowsAsync(list => list.Count == 8 && list.All(r => r.State == "held"));
        Assert.NotEqual(0, (await _server.VerbAsync("account", "release", $"carol@{AvisoServer.Domain}")).ExitCode);
        Assert.Contains(
            "may send again", (await _server.VerbAsync("account", "release", Bob)).MustSucceed().Output, StringComparison.Ordinal);
        await ShowsAsync(list => list.Count == 8 && list.All(r => r.State == "waiting"));
    }

    [Fact]
    public async Task Beyond_its_limit_an_account_is_told_to_come_back_and_others_are_not()
    {
        using var client = new SmtpLineClient(_server.Port("submission"));
        client.Login(Bob, AvisoServer.Password);
        for (var i = 0; i < 12; i++) client.Deliver(Bob, ["one@far.example"], $"From: {Bob}\r\n\r\nhello\r\n");
        client.Command($"MAIL FROM:<{Bob}>", "250");
        client.Command("RCPT TO:<one@far.example>", "250");
        client.Command("DATA", "354");
        client.Send($"From: {Bob}\r\n\r\nhello\r\n.\r\n");
        Assert.Contains("450 4.7.1 Your account has sent too many messages this hour", client.Expect("450"), StringComparison.Ordinal);
        Assert.Equal(1, await _server.MetricAsync("aviso_sending_limited_total"));
        client.Deliver(Bob, [$"alice@{AvisoServer.Domain}"], $"From: {Bob}\r\n\r\nhello\r\n");
        using var other = new SmtpLineClient(_server.Port("submission"));
        other.Login($"carol@{AvisoServer.Domain}", AvisoServer.Password);
        other.Deliver($"carol@{AvisoServer.Domain}", ["one@far.example"], $"From: carol@{AvisoServer.Domain}\r\nSubject: x\r\n\r\nhello\r\n");
    }

    private int Letters(string user)
    {
        using var imap = new ImapLineClient(_server.Port("imap"), $"{user}@{AvisoServer.Domain}", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        return imap.Ok("SEARCH SUBJECT \"Your outgoing mail is held\"").Single(l => l.Contains("SEARCH", StringComparison.Ordinal))
            .Split(' ').Count(w => int.TryParse(w, out _));
    }

    private async Task ShowsAsync(Func<List<(string State, string Reason)>, bool> expected)
    {
        for (var tries = 0; ; tries++)
        {
            var output = (await _server.VerbAsync("queue", "list", "--json")).MustSucceed().Output;
            var list = JsonDocument.Parse(output).RootElement.EnumerateArray()
                .Select(r => (r.GetProperty("state").GetString()!, r.GetProperty("reason").GetString()!)).ToList();
            if (expected(list)) return;
            Assert.True(tries < 60, output);
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }
    }
}
