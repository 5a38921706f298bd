using System.Text;
using Aviso.Backup;
using Aviso.Server;
using Aviso.Settings;
using Aviso.Tests.Unit.Server;
using Aviso.Tests.Unit.Store;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Backup;

/// <summary>Small files that come along: the settings without their secrets, and what the filter learned.</summary>
public sealed class CopiedFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-copied-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("hunter2-and-more")]
    [InlineData("\"with \\\"quotes\\\" and \\u00e9\"")]
    [InlineData("'it''s in single quotes'")]
    [InlineData("xy")]
    [InlineData("smtp")]
    [InlineData("\"over two\n      lines\"")]
    [InlineData("|\n      a block\n      of lines")]
    [InlineData(">-\n      folded\n      lines")]
    public void A_secret_in_the_file_does_not_go_along_and_the_rest_stays(string written)
    {
        var text = SettingsText.Good + $"""
            # aside
            relays:
              - name: out
                host: relay.example.net
                username: me
                password: {written}
                port: 587 # stays
            """;
        var path = Write(text);
        var load = SettingsFile.Load(path, SettingsText.References);
        Assert.Equal("", string.Join('\n', load.Problems));
        var secret = load.Settings!.Relays[0].Password!.Reveal();
        var copied = Read(new SettingsCopy().Of(path, load.Settings));
        var again = SettingsText.Parse(copied);
        Assert.Equal("", string.Join('\n', again.Problems));
        Assert.Equal("not-in-the-backup", again.Settings!.Relays[0].Password!.Reveal());
        Assert.Equal(load.Settings.Listeners[0].Kind, again.Settings.Listeners[0].Kind);
        Assert.Contains("# aside", copied, StringComparison.Ordinal);
        Assert.Contains("port: 587 # stays", copied, StringComparison.Ordinal);
        Assert.Contains("env:ALICE_PASSWORD", copied, StringComparison.Ordinal);
        if (secret.Length > 4) Assert.DoesNotContain(secret, copied, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_not_read_yet_does_not_go_along_and_the_last_copy_stays()
    {
        var path = Write(SettingsText.Good);
        var settings = SettingsFile.Load(path, SettingsText.References).Settings!;
        var copies = new SettingsCopy();
        var first = copies.Of(path, settings);
        Assert.Equal(SettingsText.Good, Read(first));
        Write(SettingsText.Good + "relays:\n  - { name: out, host: relay.example.net, username: me, password: a-new-secret, oops }\n");
        Assert.Same(first, copies.Of(path, settings));
        Assert.Null(new SettingsCopy().Of(path, settings));
        File.Delete(path);
        Assert.Same(first, copies.Of(path, settings));
    }

    [Fact]
    public async Task Learned_words_are_copied_once_for_all_targets()
    {
        var (clock, times) = (new TestClock(), 0);
        var copy = new WordsCopy(clock);
        void CopyTo(string file)
        {
            using var to = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            Interlocked.Increment(ref times);
            Thread.Sleep(20);
            to.Write(Encoding.ASCII.GetBytes($"words {times}"));
        }
        var file = copy.Of(1, CopyTo, _folder);
        var read = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Encoding.ASCII.GetString(file.Read()!))));
        Assert.All(read, text => Assert.Equal("words 1", text));
        Assert.Empty(Directory.GetFiles(_folder));
        Assert.Equal(file.Stamp, copy.Of(2, CopyTo, _folder).Stamp);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(file.Stamp, copy.Of(2, CopyTo, _folder).Stamp);
        // One that fails leaves nothing behind.
        clock.Advance(TimeSpan.FromHours(1));
        var failing = copy.Of(3, name =>
        {
            File.WriteAllText(name, "half");
            throw new IOException("the disk is full");
        }, _folder);
        Assert.Throws<IOException>(() => failing.Read());
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "aviso.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private static string Read(OtherFile? file) => Encoding.UTF8.GetString(file!.Read()!);
}
