using System.Net;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Durability;

/// <summary>
/// A disk that is full or read-only: new mail gets 4xx, ready says no and why, what is there can be read, and all is well by
/// itself once the disk is. Nothing acknowledged is lost on the way.
/// </summary>
public sealed class DiskTests : IAsyncLifetime
{
    private const int DiskMegabytes = 420;

    private readonly string _work = Directory.CreateTempSubdirectory("aviso-disk-").FullName;
    private readonly List<string> _accepted = [];
    private bool _mounted;

    private string Disk => Path.Combine(_work, "disk");

    private string Data => Path.Combine(Disk, "data");

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Disk);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted) await Tool.RunAsync("umount", [Disk]);
        Directory.Delete(_work, recursive: true);
    }

    /// <param name="free">Megabytes that are left: within the reserve, so that deleting still has room, or none at all.</param>
    [Theory]
    [InlineData(30)]
    [InlineData(0)]
    public async Task A_full_disk_defers_new_mail_and_heals_by_itself(int free)
    {
        await MountAsync();
        await using var server = await AvisoServer.StartAsync(dataFolder: Data);
        for (var i = 0; i < 5; i++) Assert.StartsWith("250", Try(server, $"before-{i}"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.PageAsync("/healthz/ready")).Status);

        var filler = Path.Combine(Disk, "filler");
        await FillAsync(filler, free);
        await DefersAsync(server, "452 4.3.1");
        Reads(server);
        // The reserve is for this: deleting needs room too.
        if (free > 0) Expunge(server, 1);

        File.Delete(filler);
        await HealsAsync(server);
        await ChecksAsync(server);
    }

    [Fact]
    public async Task A_disk_that_turns_read_only_defers_new_mail_and_heals_by_itself()
    {
        var library = Path.Combine(_work, "readonly.so");
        (await Tool.RunAsync(Tool.Find("gcc", "gcc"), ["-O2", "-shared", "-fPIC", "-D_FILE_OFFSET_BITS=32", "-o", library,
            Path.Combine(AppContext.BaseDirectory, "Durability", "readonly.c"), "-ldl"])).MustSucceed();
        var flag = Path.Combine(_work, "flag");
        await using var server = await AvisoServer.StartAsync(dataFolder: Data, environment: new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = library,
            ["AVISO_READONLY_ROOT"] = Data,
            ["AVISO_READONLY_FLAG"] = flag,
        });
        for (var i = 0; i < 5; i++) Assert.StartsWith("250", Try(server, $"before-{i}"), StringComparison.Ordinal);

        await File.WriteAllTextAsync(flag, "");
        await DefersAsync(server, "4");
        Reads(server);
        using (var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password))
        {
            imap.Ok("SELECT INBOX");
            Assert.StartsWith("NO", imap.Run("STORE 1 +FLAGS (\\Flagged)").Tagged, StringComparison.Ordinal);
        }

        File.Delete(flag);
        await HealsAsync(server);
        await ChecksAsync(server);
    }

    private async Task MountAsync()
    {
        if (Environment.UserName != "root") Assert.Skip("mounting a small disk needs root");
        var mount = await Tool.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={DiskMegabytes}m", "none", Disk]);
        if (mount.ExitCode != 0) Assert.Skip($"cannot mount a tmpfs here: {mount.Error.Trim()}");
        _mounted = true;
    }

    private async Task FillAsync(string filler, int free)
    {
        // The server writes meanwhile, so the place may be taken before we have it.
        await Patience.UntilAsync(async () =>
        {
            var left = new DriveInfo(Disk).AvailableFreeSpace - ((long)free << 20);
            return (await Tool.RunAsync("fallocate", ["-l", $"{left / 4096 * 4096}", filler])).ExitCode == 0;
        }, "the disk is full");
    }

    private async Task DefersAsync(AvisoServer server, string reply)
    {
        var tries = 0;
        var last = "";
        await Patience.UntilAsync(() => (last = Try(server, $"during-{tries++}")).StartsWith(reply, StringComparison.Ordinal),
            $"new mail gets {reply}", 15, () => last + "\n" + server.Log);
        var page = "";
        await Patience.UntilAsync(async () =>
        {
            var (status, text) = await server.PageAsync("/healthz/ready");
            page = $"{status}: {text}";
            return status == HttpStatusCode.ServiceUnavailable && text.StartsWith("not ready: ", StringComparison.Ordinal)
                && text.Length > 16;
        }, "ready says no and why", 20, () => page);
        for (var i = 0; i < 5; i++) Assert.StartsWith("4", Try(server, $"full-{i}"), StringComparison.Ordinal);
    }

    private async Task HealsAsync(AvisoServer server)
    {
        await Patience.UntilAsync(async () =>
            (await server.PageAsync("/healthz/ready")).Status == HttpStatusCode.OK, "ready again", 30, () => server.Log);
        for (var i = 0; i < 5; i++) Assert.StartsWith("250", Try(server, $"after-{i}"), StringComparison.Ordinal);
        Reads(server);
        Expunge(server, 1);
        await server.KillAsync();
        await server.StartAgainAsync();
        Reads(server);
    }

    private static async Task ChecksAsync(AvisoServer server)
    {
        await server.StopAsync();
        (await server.VerbAsync("store", "check", "--bodies")).MustSucceed();
    }

    /// <summary>The reply to the message; what is acknowledged is remembered.</summary>
    private string Try(AvisoServer server, string id)
    {
        using var smtp = new SmtpLineClient(server.Port("smtp"));
        foreach (var (command, code) in new[] { ("MAIL FROM:<s@sender.test>", '2'), ("RCPT TO:<alice@example.test>", '2'), ("DATA", '3') })
            if (smtp.Command(command, "") is var reply && reply[0] != code) return reply;
        smtp.Send($"Subject: {id}\r\n\r\n{id}\r\n.\r\n");
        var last = smtp.Expect("");
        if (last[0] == '2') _accepted.Add(id);
        return last;
    }

    /// <summary>Everything acknowledged and not expunged is there, and nothing else.</summary>
    private void Reads(AvisoServer server)
    {
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        Assert.Equal(_accepted, imap.Ok("FETCH 1:* BODY.PEEK[TEXT]").Where(line => line.Contains("BODY[TEXT]", StringComparison.Ordinal))
            .Select(line => line.Split("\r\n")[1]));
    }

    private void Expunge(AvisoServer server, int number)
    {
        using var imap = new ImapLineClient(server.Port("imap"), "alice@example.test", AvisoServer.Password);
        imap.Ok("SELECT INBOX");
        imap.Ok($"STORE {number} +FLAGS (\\Deleted)");
        Assert.Contains($"* {number} EXPUNGE", imap.Ok("EXPUNGE"));
        _accepted.RemoveAt(number - 1);
    }
}
