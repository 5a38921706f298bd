using System.Text.Json;
using Aviso.Tests.System.Clients;

namespace Aviso.Tests.System.Peers;

/// <summary>What <c>aviso queue list --json</c> says about one recipient.</summary>
internal sealed record Waiting(string Id, string Address, string State, string Reason, int Attempts, string LastReply);

/// <summary>
/// Aviso, its smarthost (Postfix that wants TLS and a login) and the world behind it (smtp-sink). All mail that is not for
/// example.test goes that way.
/// </summary>
internal sealed class RelayScene : IAsyncDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Somebody else");

    private RelayScene()
    {
    }

    public DovecotAuth Auth { get; private set; } = null!;

    public SmtpSink Sink { get; private set; } = null!;

    public PostfixServer Relay { get; private set; } = null!;

    public AvisoServer Aviso { get; private set; } = null!;

    /// <param name="password">What Aviso says to the relay.</param>
    /// <param name="strangerCa">Aviso trusts another authority than the relay's.</param>
    /// <param name="reference">What the settings say instead, such as a reference to Vault, which <paramref name="settings"/> then sets
    /// up.</param>
    /// <param name="more">More keys of the relay in the settings, each after a comma.</param>
    /// <param name="settings">More sections of the settings.</param>
    /// <param name="proxies">Networks that speak PROXY.</param>
    public static async Task<RelayScene> StartAsync(
        string password = DovecotAuth.Password, bool strangerCa = false, string more = "", string mechanisms = "plain login scram-sha-256",
        string? reference = null, string settings = "", string proxies = "")
    {
        var scene = new RelayScene();
        try
        {
            scene.Auth = await DovecotAuth.StartAsync(mechanisms);
            scene.Sink = await SmtpSink.StartAsync();
            scene.Relay =
                await PostfixServer.StartRelayAsync(scene.Sink.Port, scene.Auth, scene._authority.Issue("relay", "127.0.0.1", "localhost"));
            var ca = (strangerCa ? scene._stranger : scene._authority).CaFile;
            scene.Aviso = await AvisoServer.StartAsync($$"""
                relays:
                  - { name: smart, host: 127.0.0.1, port: {{scene.Relay.Port}}, tls: required, ca: "file:{{ca}}",
                      username: {{DovecotAuth.Username}}, password: "{{reference ?? "literal:" + password}}"{{more}} }
                routes:
                  - { to: "*", relay: smart }

                """ + settings, proxies: proxies);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Submits as alice@example.test, one message per subject, to all these recipients.</summary>
    public void Submit(IEnumerable<string> subjects, params string[] recipients)
    {
        using var smtp = new SmtpLineClient(Aviso.Port("submission"));
        smtp.Login("alice@example.test", AvisoServer.Password);
        foreach (var subject in subjects)
            smtp.Deliver("alice@example.test", recipients,
                $"From: Alice <alice@example.test>\r\nTo: {string.Join(", ", recipients)}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@scene>\r\n\r\nbody of {subject}\r\n");
    }

    public async Task<IReadOnlyList<Waiting>> QueueAsync()
    {
        var list = (await Aviso.VerbAsync("queue", "list", "--json")).MustSucceed();
        using var json = JsonDocument.Parse(list.Output);
        return [.. json.RootElement.EnumerateArray().Select(row => new Waiting(
            row.GetProperty("id").GetString()!, Text(row, "recipient"), Text(row, "state"), Text(row, "reason"), row.GetProperty("attempts")
                .GetInt32(),
            Text(row, "last_reply")))];
    }

    public async Task RetryAsync(bool mayBeEmpty = false)
    {
        var retry = await Aviso.VerbAsync("queue", "retry", "--destination", "relay:smart");
        if (!mayBeEmpty || !retry.Error.Contains("nothing in the queue", StringComparison.Ordinal)) retry.MustSucceed();
    }

    /// <summary>Waits until the queue is as wanted, and returns it.</summary>
    public async Task<IReadOnlyList<Waiting>> QueueWhenAsync(Func<IReadOnlyList<Waiting>, bool> wanted, string what)
    {
        IReadOnlyList<Waiting> queue = [];
        await Patience.UntilAsync(async () => wanted(queue = await QueueAsync()), what, 40, () => Say(queue));
        return queue;
    }

    public Task SunkAsync(int count) => Patience.UntilAsync(() => Sink.Count >= count, $"{count} messages in the sink", 40, () => Say([]));

    public async ValueTask DisposeAsync()
    {
        if (Aviso is not null) await Aviso.DisposeAsync();
        if (Relay is not null) await Relay.DisposeAsync();
        if (Sink is not null) await Sink.DisposeAsync();
        if (Auth is not null) await Auth.DisposeAsync();
        _authority.Dispose();
        _stranger.Dispose();
    }

    private string Say(IReadOnlyList<Waiting> queue) =>
        $"queue:\n{string.Join('\n', queue)}\nsink: {Sink.Count}\naviso:\n{Aviso.Log}\nrelay:\n{Relay.Log}\nauth:\n{Auth.Log}";

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? "";
}
