using System.Text.Json.Nodes;
using Aviso.Tests.System.Durability;
using Xunit;

namespace Aviso.Tests.System.Backup;

/// <summary>The machine is gone; a target and the key are left.</summary>
public sealed class RecoveryTests
{
    private static readonly string[] Users = ["alice@example.test", "bob@example.test"];
    private static readonly string Key = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));
    private static readonly Dictionary<string, string> WithKey = new() { ["BACKUP_KEY"] = Key };

    [Fact]
    public async Task Everything_comes_back_on_an_empty_machine_from_target_and_key_alone()
    {
        var place = Directory.CreateTempSubdirectory("aviso-copies-").FullName;
        await using var server = await AvisoServer.StartAsync(Settings(place), environment: WithKey);
        var ledger = new Ledger();
        await LoadAsync(server, ledger, 1, TimeSpan.FromSeconds(4));
        (await VerbAsync(server, "backup", "create")).MustSucceed();
        (await VerbAsync(server, "backup", "drill")).MustSucceed();
        await server.KillAsync();
        Directory.Delete(server.DataFolder, recursive: true);

        (await Tool.RunAsync(AvisoServer.Executable, ["backup", "restore", "--yes", "--from", place, "--into", server.DataFolder],
            environment: WithKey))
            .MustSucceed();
        // Settings came along; secrets did not.
        var settings = await File.ReadAllTextAsync(Path.Combine(server.DataFolder, "settings", "aviso.yaml"));
        Assert.Contains("key: env:BACKUP_KEY", settings, StringComparison.Ordinal);
        Assert.DoesNotContain(AvisoServer.Password, settings, StringComparison.Ordinal);
        await server.StartAgainAsync(WithKey);
        ledger.Compare(Users.SelectMany(user => Ledger.Stored(server.Port("imap"), user, AvisoServer.Password)));
        (await server.VerbAsync("store", "check", "--bodies")).MustSucceed();
        await server.KillAsync();
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public async Task Whenever_the_server_is_killed_the_next_create_and_verify_are_whole()
    {
        var place = Directory.CreateTempSubdirectory("aviso-copies-").FullName;
        await using var server = await AvisoServer.StartAsync(Settings(place), environment: WithKey);
        var (ledger, chance) = (new Ledger(), new Random(5));
        for (var round = 0; round < CrashTests.Rounds(6); round++)
        {
            if (round > 0) await server.StartAgainAsync(WithKey);
            var load = new MailLoad(server, ledger, round);
            var working = load.RunAsync(senders: 2, readers: 1);
            var creating = VerbAsync(server, "backup", "create", "--base");
            await Task.Delay(chance.Next(50, 900));
            await server.KillAsync();
            load.Stop();
            await working;
            // It was cut off, or had been done before: never an answer that is not so.
            Assert.InRange((await creating).ExitCode, 0, 3);
        }
        await server.StartAgainAsync(WithKey);
        (await VerbAsync(server, "backup", "create")).MustSucceed();
        (await VerbAsync(server, "backup", "verify")).MustSucceed();
        await server.StopAsync();
        Directory.Delete(server.DataFolder, recursive: true);
        (await VerbAsync(server, "backup", "restore", "--yes")).MustSucceed();
        await server.StartAgainAsync(WithKey);
        ledger.Compare(Users.SelectMany(user => Ledger.Stored(server.Port("imap"), user, AvisoServer.Password)));
        await server.KillAsync();
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public async Task A_target_that_is_away_fails_the_verb_and_is_a_finding_and_mail_goes_on()
    {
        var place = Path.Combine(Directory.CreateTempSubdirectory("aviso-copies-").FullName, "not-mounted");
        await using var server = await AvisoServer.StartAsync(Settings(place), environment: WithKey);
        var failed = await VerbAsync(server, "backup", "create");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains($"there is no folder {place}", failed.Output, StringComparison.Ordinal);
        var ledger = new Ledger();
        await LoadAsync(server, ledger, 2, TimeSpan.FromSeconds(1));
        Assert.True(ledger.Acknowledged > 0);
        Directory.CreateDirectory(place);
        (await VerbAsync(server, "backup", "create")).MustSucceed();
        Assert.Equal(2, (await VerbAsync(server, "backup", "restore")).ExitCode);
        Assert.Equal(3, (await Tool.RunAsync(AvisoServer.Executable, ["backup", "list", "--from", place + "x"],
            environment: WithKey)).ExitCode);
        await server.KillAsync();
        Directory.Delete(Path.GetDirectoryName(place)!, recursive: true);
    }

    [Fact]
    public async Task A_mailbox_comes_back_into_the_running_server()
    {
        var place = Directory.CreateTempSubdirectory("aviso-copies-").FullName;
        await using var server = await AvisoServer.StartAsync(Settings(place), environment: WithKey);
        using var smtp = new Clients.SmtpLineClient(server.Port("smtp"));
        for (var i = 0; i < 5; i++) smtp.Deliver("s@sender.test", [Users[0]], $"Subject: n{i}\r\n\r\nx\r\n");
        (await VerbAsync(server, "backup", "create")).MustSucceed();
        var to = (JsonNode.Parse((await VerbAsync(server, "backup", "list",
            "--json")).MustSucceed().Output) as JsonArray)![^1]!["until"]!.GetValue<DateTimeOffset>();
        using var imap = new Clients.ImapLineClient(server.Port("imap"), Users[0], AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        imap.Ok("STORE 1:3 +FLAGS (\\Deleted)");
        imap.Ok("EXPUNGE");
        for (var time = 0; time < 2; time++)
        {
            var report = JsonNode.Parse((await VerbAsync(server, "backup", "restore", "--yes", "--account", Users[0], "--to",
                to.ToString("O"), "--json"))
                .MustSucceed().Output)!;
            Assert.Equal(time == 0 ? 3 : 0, report["returned"]!.GetValue<int>());
        }
        Assert.Contains(imap.Ok("NOOP"), line => line == "* 5 EXISTS");
        Assert.Equal(1, (await VerbAsync(server, "backup", "restore", "--yes", "--account", "nobody@example.test")).ExitCode);
        await server.KillAsync();
        Directory.Delete(place, recursive: true);
    }

    private static string Settings(string place) =>
        $"backup: {{ targets: [ {{ name: disk, folder: {place} }} ], key: env:BACKUP_KEY, every: 1s, keep: {{ days: 14, weeks: 8, months: "
            + $"12 }} }}";

    private static Task<ToolResult> VerbAsync(AvisoServer server, params string[] args) =>
        Tool.RunAsync(AvisoServer.Executable, [.. args, "--config", server.SettingsFile], environment: WithKey);

    private static async Task LoadAsync(AvisoServer server, Ledger ledger, int seed, TimeSpan time)
    {
        var load = new MailLoad(server, ledger, seed);
        var working = load.RunAsync(senders: 3, readers: 2);
        await Task.Delay(time);
        load.Stop();
        await working;
    }
}
