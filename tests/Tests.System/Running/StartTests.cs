using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Aviso.Tests.System.Running;

/// <summary>What a start finds on the machine, and what it leaves there.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task A_user_without_a_name_and_without_home_runs_a_server_and_reads_its_certificate()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Skip("only root can become another user");
        var setpriv = Tool.Find("setpriv", "util-linux");
        await using var server = await AvisoServer.StartAsync(listeners: "smtp imaps metrics", launcher:
        [
            "sh", "-c", $"chown -R 54321:54321 \"$(dirname \"$3\")\"; exec {setpriv} --reuid=54321 --regid=54321 --clear-groups env -u HOME \"$0\" \"$@\"",
        ]);
        Assert.False(server.HasExited, server.Log);
        Assert.DoesNotContain("   at ", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_below_the_data_folder_is_readable_by_others()
    {
        await using var server = await AvisoServer.StartAsync(launcher: ["sh", "-c", "umask 022; exec \"$0\" \"$@\""]);
        var swaks = Tool.Find("swaks", "swaks");
        (await Tool.RunAsync(swaks, ["--server", $"127.0.0.1:{server.Port("smtp")}", "--to", "alice@example.test", "--from", "x@elsewhere.example"])).MustSucceed();
        Assert.Empty(Open(server));
        // What an older version left open is shut by the next start.
        await server.StopAsync();
        foreach (var file in Directory.EnumerateFiles(server.DataFolder)) File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        await server.StartAgainAsync();
        Assert.Empty(Open(server));
    }

    private static IEnumerable<string> Open(AvisoServer server) => Directory
        .EnumerateFileSystemEntries(server.DataFolder, "*", SearchOption.AllDirectories).Append(server.DataFolder)
        .Where(e => (File.GetUnixFileMode(e) & (UnixFileMode)0b000_111_111) != 0);

    [Fact]
    public async Task What_was_learned_from_a_verb_counts_when_the_verb_returns()
    {
        await using var server = await AvisoServer.StartAsync(listeners: "smtp metrics");
        foreach (var (kind, count) in new[] { ("ham", 260), ("spam", 240) })
        {
            var folder = Directory.CreateDirectory(Path.Combine(server.Folder, kind)).FullName;
            for (var i = 0; i < count; i++)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, $"{i}.eml"),
                    $"From: a{i}@{kind}.example\r\nSubject: {kind} number {i}\r\nMessage-ID: <{i}@{kind}.example>\r\n\r\nwords of {kind} {i * 7} {i * 13}\r\n");
            }
            (await server.VerbAsync("spam", "learn", "--as", kind, folder)).MustSucceed();
            var stat = JsonNode.Parse((await server.VerbAsync("spam", "stat", "--json")).MustSucceed().Output)!;
            Assert.Equal(count, (int)stat[kind]!);
        }
    }

    [Theory]
    [InlineData("no folder for temporary files", "exec env TMPDIR=/nowhere/at/all \"$0\" \"$@\"")]
    [InlineData("nobody reads or writes", "exec \"$0\" \"$@\" <&- >&- 2>&-")]
    [InlineData("nothing in the environment", "exec env -i \"$0\" \"$@\"")]
    public async Task Whatever_is_missing_around_it_a_server_starts_and_takes_mail(string what, string launcher)
    {
        await using var server = await AvisoServer.StartAsync(listeners: "smtp metrics", launcher: ["sh", "-c", launcher]);
        await TakesAsync(server, what);
    }

    [Fact]
    public async Task Without_a_resolv_conf_a_server_starts_and_takes_mail()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Skip("only root can give a process another /etc");
        var unshare = Tool.Find("unshare", "util-linux");
        var etc = Directory.CreateTempSubdirectory("aviso-etc-").FullName;
        await using var server = await AvisoServer.StartAsync(listeners: "smtp metrics", launcher:
        [
            unshare, "--mount", "sh", "-c",
            $"cp -r /etc/passwd /etc/group /etc/hosts /etc/ssl /etc/ld.so.cache /etc/nsswitch.conf {etc}/; mount --bind {etc} /etc; "
            + "exec \"$0\" \"$@\"",
        ]);
        await TakesAsync(server, "no resolv.conf");
        Directory.Delete(etc, recursive: true);
    }

    // Small mail lies in memory; a large one needs a place of its own.
    private static async Task TakesAsync(AvisoServer server, string what)
    {
        var swaks = Tool.Find("swaks", "swaks");
        foreach (var octets in new[] { 10, 3_000_000 })
        {
            var body = Path.Combine(server.Folder, "body");
            var lines = Enumerable.Repeat("a line of some forty octets, more or less\n", (octets / 42) + 1);
            await File.WriteAllTextAsync(body, string.Concat(lines));
            var sent = await Tool.RunAsync(swaks, ["--server", $"127.0.0.1:{server.Port("smtp")}", "--to", "alice@example.test",
                "--from", "x@elsewhere.example", "--body", $"@{body}"]);
            Assert.True(sent.ExitCode == 0, $"{what}: {sent.Output}\n{server.Log}");
        }
        Assert.Equal(HttpStatusCode.OK, (await server.PageAsync("/healthz/ready")).Status);
    }

    [Fact]
    public async Task A_second_server_on_the_same_folder_ends_in_a_sentence()
    {
        await using var server = await AvisoServer.StartAsync(listeners: "metrics");
        var second = await Tool.RunAsync(AvisoServer.Executable, ["serve", "--config", server.SettingsFile]);
        Assert.Equal(3, second.ExitCode);
        Assert.Single(second.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(server.HasExited);
    }
}
