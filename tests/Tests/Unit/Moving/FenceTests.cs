using System.Runtime.InteropServices;
using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A Maildir hands its owner nothing that is not in it.</summary>
public sealed partial class FenceTests : IDisposable
{
    private const string Secret = "Subject: secret of the server\n\nx\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-fence-").FullName;
    private readonly OldMaildir _old;
    private readonly string _outside;

    public FenceTests()
    {
        _old = new(Path.Combine(_folder, "alice"));
        _outside = new OldMaildir(Path.Combine(_folder, "outside")).Add(Secret).Path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_message_that_is_a_link_is_damaged_and_not_taken()
    {
        File.CreateSymbolicLink(Path.Combine(_old.Path, "cur", "1700000001.M1P1.old:2,S"), _outside);
        File.CreateSymbolicLink(Path.Combine(_old.Path, "new", "1700000002.M1P1.old"), "/proc/self/environ");
        _old.Add("Subject: good\n\nx\n");
        _old.Save();
        await using var scene = await MoveScene.OpenAsync();
        Assert.Contains("is a link", (await scene.RunAsync(_old)).Stopped, StringComparison.Ordinal);
        Assert.Empty(await scene.SightAsync());
        await scene.RunAsync(_old, new() { SkipDamaged = true });
        Assert.Equal(["Subject: good\r\n\r\nx\r\n"], (await scene.SightAsync()).Values);
    }

    [Theory]
    [InlineData(".Sub")]
    [InlineData(".Sub/cur")]
    [InlineData(".Sub/new")]
    public void A_folder_that_leads_out_is_named_and_not_read(string link)
    {
        var sub = _old.Folder("Sub");
        var at = Path.Combine(_old.Path, link);
        Directory.Delete(at, recursive: true);
        Directory.CreateSymbolicLink(at, link.Contains('/', StringComparison.Ordinal) ? Path.GetDirectoryName(_outside)!
            : Path.GetDirectoryName(Path.GetDirectoryName(_outside))!);
        using var source = new MaildirSource(new(_old.Path));
        Assert.Equal((NoteKind.Damaged, sub.Path), Assert.Single(source.Notes.Select(note => (note.Kind, note.Place))));
        Assert.Equal(["INBOX"], source.Mailboxes.Select(mailbox => mailbox.Name));
    }

    [Fact]
    public void A_folder_that_leads_elsewhere_in_the_maildir_is_read_and_so_is_a_maildir_behind_a_link()
    {
        _old.Folder("Sub").Add("Subject: in a folder\n\nx\n");
        Directory.CreateSymbolicLink(Path.Combine(_old.Path, ".Other"), ".Sub");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), "alice");
        using var source = new MaildirSource(new(Path.Combine(_folder, "link")));
        Assert.Equal(["INBOX", "Other", "Sub"], source.Mailboxes.Select(mailbox => mailbox.Name));
        Assert.Empty(source.Notes);
        Assert.Single(source.Read(source.Mailboxes[1], default));
    }

    [Fact]
    public void Small_files_that_lead_out_are_not_read()
    {
        File.CreateSymbolicLink(Path.Combine(_old.Path, "subscriptions"), _outside);
        var e = Assert.Throws<SourceException>(() => new MaildirSource(new(_old.Path)));
        Assert.Contains("a link that leads out of", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".dovecot.sieve", false)]
    [InlineData("sieve/rules.sieve", false)]
    [InlineData("sieve", false)]
    [InlineData(".dovecot.sieve", true)]
    public void A_script_is_read_where_it_is_in_its_home(string link, bool isWithin)
    {
        var home = Directory.CreateDirectory(Path.Combine(_old.Path, "home")).FullName;
        var elsewhere = Directory.CreateDirectory(Path.Combine(_folder, "elsewhere")).FullName;
        File.WriteAllText(Path.Combine(elsewhere, "rules.sieve"), "keep;\n");
        File.WriteAllText(Path.Combine(home, "mine.sieve"), "keep;\n");
        if (link.StartsWith("sieve/", StringComparison.Ordinal)) Directory.CreateDirectory(Path.Combine(home, "sieve"));
        File.CreateSymbolicLink(Path.Combine(home, link), isWithin ? "mine.sieve" : link == "sieve" ? elsewhere
            : Path.Combine(elsewhere, "rules.sieve"));
        using var source = new MaildirSource(new(_old.Path));
        Assert.Equal(isWithin ? "mine" : null, source.Scripts.Active);
        Assert.Equal(isWithin ? ["mine"] : [], source.Scripts.ByName.Keys);
        Assert.Equal(!isWithin, source.Notes.Exists(note => note.Text.Contains("leads out of its home", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_changes_into_a_link_after_it_was_looked_at_is_not_read_either()
    {
        var letter = _old.Add("Subject: good\n\nx\n");
        _old.Save();
        File.Delete(letter.Path);
        File.CreateSymbolicLink(letter.Path, _outside);
        var fence = new Fence(_old.Path);
        Assert.Throws<SourceException>(() => fence.Open(letter.Path));
        Directory.Delete(Path.Combine(_old.Path, "new"));
        Directory.CreateSymbolicLink(Path.Combine(_old.Path, "new"), Path.GetDirectoryName(_outside)!);
        Assert.Throws<SourceException>(() => fence.Open(Path.Combine(_old.Path, "new", Path.GetFileName(_outside))));
        File.CreateSymbolicLink(Path.Combine(_old.Path, "circle"), "circle");
        Assert.False(fence.Holds(Path.Combine(_old.Path, "circle")));
        Assert.Throws<FileNotFoundException>(() => fence.Open(Path.Combine(_old.Path, "nowhere")));
    }

    [Fact]
    public void A_fifo_is_no_message_and_nobody_waits_for_it()
    {
        var path = Path.Combine(_old.Path, "cur", "1700000001.M1P1.old,S=5:2,S");
        Assert.Equal(0, MkFifo(path, 0x180));
        Assert.Throws<SourceException>(() => new Fence(_old.Path).Open(path));
        using var source = new MaildirSource(new(_old.Path));
        source.Read(source.Mailboxes[0], default);
        Assert.Equal(NoteKind.Damaged, Assert.Single(source.Notes).Kind);
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);
}
