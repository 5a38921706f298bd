using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>mbsync (isync): two-way sync of a Maildir with flags, deletions and new folders.</summary>
public sealed class MbsyncTests : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("aviso-mbsync-").FullName;
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AvisoServer.StartAsync();
        Directory.CreateDirectory(Path.Combine(_home, "mail"));
        await File.WriteAllTextAsync(Path.Combine(_home, "mbsyncrc"), $"""
            IMAPStore far
            Host 127.0.0.1
            Port {_server.Port("imap")}
            User alice@example.test
            Pass "{AvisoServer.Password}"
            SSLType None
            AuthMechs *

            MaildirStore near
            Path {_home}/mail/
            Inbox {_home}/mail/INBOX
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns *
            Create Both
            Expunge Both
            SyncState *

            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Mail_flags_and_deletions_travel_both_ways()
    {
        using (var smtp = new SmtpLineClient(_server.Port("smtp")))
            for (var i = 1; i <= 5; i++)
                smtp.Deliver("s@sender.test", ["alice@example.test"], $"Subject: number {i}\r\nMessage-ID: <{i}@sync>\r\n\r\nbody {i}\r\n");
        await Sync();
        var files = InboxFiles();
        Assert.Equal(5, files.Count);

        // Near: one flagged, one deleted, one new.
        var flagged = files.Single(file => File.ReadAllText(file).Contains("number 2", StringComparison.Ordinal));
        var moved = Path.Combine(_home, "mail/INBOX/cur", Path.GetFileName(flagged).Split(":2,")[0] + ":2,FS");
        File.Move(flagged, moved);
        File.Delete(InboxFiles().Single(file => File.ReadAllText(file).Contains("number 3", StringComparison.Ordinal)));
        await File.WriteAllTextAsync(
            Path.Combine(_home, "mail/INBOX/new/1.fresh.host"), "Subject: from near\nMessage-ID: <near@sync>\n\nhello\n");
        await Sync();
        using (var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password))
        {
            Assert.Contains(imap.Ok("SELECT INBOX"), line => line == "* 5 EXISTS");
            Assert.Contains(imap.Ok("SEARCH FLAGGED SEEN SUBJECT \"number 2\""), line =>
                line.StartsWith("* SEARCH ", StringComparison.Ordinal) && line.Length > 9);
            Assert.DoesNotContain(imap.Ok("SEARCH SUBJECT \"number 3\""), line => line.Length > 9);
            Assert.Contains(imap.Ok("SEARCH SUBJECT \"from near\""), line =>
                line.StartsWith("* SEARCH ", StringComparison.Ordinal) && line.Length > 9);

            // Far: a flag, an expunge.
            imap.Ok("STORE 1 +FLAGS (\\Answered)");
            imap.Ok("STORE 2 +FLAGS (\\Deleted)");
            imap.Ok("EXPUNGE");
        }
        await Sync();
        files = InboxFiles();
        Assert.Equal(4, files.Count);
        Assert.Contains(files, file =>
            File.ReadAllText(file).Contains("number 1", StringComparison.Ordinal) && Flags(file).Contains('R', StringComparison.Ordinal));

        // Nothing left to do: a third run changes nothing (UIDs and UIDVALIDITY are stable).
        await _server.StopAsync();
        await _server.StartAgainAsync();
        await File.WriteAllTextAsync(Path.Combine(_home, "mbsyncrc"), (await File.ReadAllTextAsync(Path.Combine(_home, "mbsyncrc")))
            .Replace("Port ", $"Port {_server.Port("imap")}\n#", StringComparison.Ordinal));
        var again = await Sync();
        Assert.DoesNotContain("UIDVALIDITY", again.Output + again.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(files.Order(), InboxFiles().Order());
    }

    [Fact]
    public async Task Special_folders_appear_and_a_new_local_folder_is_made_on_the_server()
    {
        await Sync();
        foreach (var name in new[] { "Drafts", "Sent", "Junk", "Trash", "Archive" })
            Assert.True(Directory.Exists(Path.Combine(_home, "mail", name)), name);
        foreach (var part in new[] { "cur", "new", "tmp" }) Directory.CreateDirectory(Path.Combine(_home, "mail/Projects", part));
        await File.WriteAllTextAsync(Path.Combine(_home, "mail/Projects/new/1.p.host"), "Subject: plan\n\nx\n");
        await Sync();
        using var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password);
        Assert.Contains(imap.Ok("SELECT Projects"), line => line == "* 1 EXISTS");
    }

    private static string Flags(string file) => Path.GetFileName(file).Split(":2,") is [_, var flags] ? flags : "";

    private List<string> InboxFiles() =>
        [.. Directory.EnumerateFiles(Path.Combine(_home, "mail/INBOX"), "*", SearchOption.AllDirectories).Where(file =>
            !Path.GetFileName(file).StartsWith('.'))];

    private async Task<ToolResult> Sync() =>
        (await Tool.RunAsync(Tool.Find("mbsync", "isync"), ["-c", Path.Combine(_home, "mbsyncrc"), "-a"])).MustSucceed();
}
