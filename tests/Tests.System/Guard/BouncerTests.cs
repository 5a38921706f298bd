using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>A real CrowdSec bouncer reads our decisions and calls its script.</summary>
public sealed class BouncerTests
{
    private const string Key = "5f4dcc3b5aa765d61d8327deb882cf99";

    [Fact]
    public async Task A_custom_bouncer_calls_its_script_for_our_bans_and_unbans()
    {
        var program = Tool.Find("crowdsec-custom-bouncer", "crowdsec-custom-bouncer");
        await using var server = await AvisoServer.StartAsync($"guard: {{ bouncers: [\"literal:{Key}\"] }}\n", "smtp http metrics");
        await BanAsync(server, "-i", "203.0.113.10");
        using var folder = new PeerFolder("bouncer");
        await using var bouncer = await StartAsync(folder, program, server.Port("http"));
        await SaysAsync(folder, "add 203.0.113.10 ", bouncer);

        await BanAsync(server, "-i", "2001:db8::7");
        await BanAsync(server, "-r", "198.51.100.0/24");
        await SaysAsync(folder, "add 2001:db8::7 ", bouncer);
        await SaysAsync(folder, "add 198.51.100.0/24 ", bouncer);

        // Two bans on one address: it is free when both are over, not before.
        await BanAsync(server, "-i", "203.0.113.11");
        await SaysAsync(folder, "add 203.0.113.11 ", bouncer);
        await BanAsync(server, "-i", "203.0.113.11", "-d", "5m");
        (await server.VerbAsync("decisions", "delete", "-i", "203.0.113.10")).MustSucceed();
        await SaysAsync(folder, "del 203.0.113.10 ", bouncer);
        (await server.VerbAsync("decisions", "delete", "--id", "4")).MustSucceed();
        (await server.VerbAsync("decisions", "delete", "-r", "198.51.100.0/24")).MustSucceed();
        await SaysAsync(folder, "del 198.51.100.0/24 ", bouncer);
        Assert.DoesNotContain("del 203.0.113.11 ", await File.ReadAllTextAsync(folder.Path("said"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        (await server.VerbAsync("decisions", "delete", "-i", "203.0.113.11")).MustSucceed();
        await SaysAsync(folder, "del 203.0.113.11 ", bouncer);
    }

    [Fact]
    public async Task A_bouncer_with_a_wrong_key_is_turned_away()
    {
        var program = Tool.Find("crowdsec-custom-bouncer", "crowdsec-custom-bouncer");
        await using var server =
            await AvisoServer.StartAsync("guard: { bouncers: [\"literal:another key, quite long\"] }\n", "smtp http metrics");
        await BanAsync(server, "-i", "203.0.113.10");
        using var folder = new PeerFolder("bouncer");
        await using var bouncer = await StartAsync(folder, program, server.Port("http"));
        await Patience.UntilAsync(() => bouncer.Output.Contains("access forbidden", StringComparison.Ordinal)
            || bouncer.HasExited, "it is told", why: () => bouncer.Output);
        Assert.False(File.Exists(folder.Path("said")));
    }

    private static async Task BanAsync(AvisoServer server, params string[] what) =>
        (await server.VerbAsync(["decisions", "add", .. what])).MustSucceed();

    private static async Task<PeerProcess> StartAsync(PeerFolder folder, string program, int port)
    {
        await File.WriteAllTextAsync(folder.Path("script"), $"#!/bin/sh\necho \"$*\" >> {folder.Path("said")}\n");
        File.SetUnixFileMode(folder.Path("script"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(folder.Path("bouncer.yaml"), $"""
            bin_path: {folder.Path("script")}
            piddir: {folder.Root}/
            update_frequency: 1s
            cache_retention_duration: 1s
            daemonize: false
            log_mode: stdout
            log_dir: {folder.Root}/
            log_level: debug
            api_url: http://127.0.0.1:{port}/
            api_key: {Key}

            """);
        return PeerProcess.Start(program, ["-c", folder.Path("bouncer.yaml")], folder.Root);
    }

    private static Task SaysAsync(PeerFolder folder, string text, PeerProcess bouncer) => Patience.UntilAsync(
        () => File.Exists(folder.Path("said"))
            && File.ReadAllText(folder.Path("said")).Contains(text, StringComparison.Ordinal), $"the bouncer calls `{text}`",
        why: () => bouncer.Output + "\n" + (File.Exists(folder.Path("said")) ? File.ReadAllText(folder.Path("said")) : ""));
}
