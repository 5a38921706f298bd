using System.IO.Compression;
using System.Text;
using Aviso.Moving;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>What cannot go out is named, and all else goes.</summary>
public sealed class ExportTests
{
    [Theory]
    [InlineData("maildir")]
    [InlineData("mbox")]
    [InlineData("eml")]
    public async Task One_damaged_message_is_left_out_and_named(string format)
    {
        await using var scene = await MoveScene.OpenAsync();
        await scene.DeliverAsync("Subject: good 1\r\n\r\nx\r\n");
        await scene.DeliverAsync("Subject: hurt\r\n\r\nthis will be hurt on the disk\r\n");
        await scene.DeliverAsync("Subject: good 2\r\n\r\nx\r\n");
        await HurtAsync(scene, "this will be hurt on the disk");
        var (result, texts) = await ExportAsync(scene, format);
        Assert.Equal(2, result.Messages);
        var note = Assert.Single(result.Notes);
        Assert.Equal((NoteKind.Lost, "INBOX UID 2"), (note.Kind, note.Place));
        Assert.StartsWith("is damaged here and was left out: ", note.Text, StringComparison.Ordinal);
        Assert.Contains("good 1", texts, StringComparison.Ordinal);
        Assert.Contains("good 2", texts, StringComparison.Ordinal);
        Assert.DoesNotContain("hurt", texts, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("maildir", 1)]
    [InlineData("mbox", 1)]
    [InlineData("eml", 0)]
    public async Task A_mailbox_whose_name_is_too_long_for_a_folder_is_named_and_the_others_go(string format, int notes)
    {
        await using var scene = await MoveScene.OpenAsync();
        await scene.DeliverAsync("Subject: good 1\r\n\r\nx\r\n");
        var name = new string('ж', 100);
        await scene.Test.Store.CreateMailboxAsync(scene.Alice, name, SpecialUse.None, default);
        await scene.Test.DeliverAsync(scene.Alice, "Subject: far\r\n\r\nx\r\n", name);
        var (result, texts) = await ExportAsync(scene, format);
        Assert.Equal(Enumerable.Repeat(name, notes), result.Notes.Select(note => note.Place));
        Assert.Equal(2 - notes, result.Messages);
        Assert.Contains("good 1", texts, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_damaged_message_is_one_difference()
    {
        await using var scene = await MoveScene.OpenAsync();
        var old = scene.Maildir("one");
        foreach (var text in (string[])["good 1", "this will be hurt on the disk", "good 2"]) old.Add($"Subject: x\n\n{text}\n");
        old.Save();
        await scene.RunAsync(old);
        await HurtAsync(scene, "this will be hurt on the disk");
        var compared = new VerifyResult { Account = "alice@example.test" };
        using var source = new MaildirSource(new(old.Path));
        using var verify = new MoveVerify(scene.Target, scene.Alice, source, "maildir", new(scene.Test.Clock), compared);
        await verify.RunAsync(default);
        Assert.Equal((1L, 2L), (compared.DifferencesInAll, compared.Equal));
        Assert.StartsWith("it is damaged here: ", compared.Differences[0].What, StringComparison.Ordinal);
    }

    private static async Task<(ExportResult Result, string Texts)> ExportAsync(MoveScene scene, string format)
    {
        var path = Path.Combine(scene.Folder, "out");
        var result = new ExportResult { Account = "alice@example.test", Path = path };
        await (format switch
        {
            "maildir" => new MaildirExport(scene.Target, scene.Alice, result).WriteAsync(path, default),
            "mbox" => new MboxExport(scene.Target, scene.Alice, result).WriteAsync(path, default),
            _ => new EmlExport(scene.Target, scene.Alice, result).WriteAsync(path, default),
        });
        if (format != "eml")
            return (result, string.Concat(Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Select(File.ReadAllText)));
        await using var zip = await ZipFile.OpenReadAsync(path);
        var texts = new StringBuilder();
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(await entry.OpenAsync());
            texts.Append(await reader.ReadToEndAsync());
        }
        return (result, texts.ToString());
    }

    // One octet of a stored message is another one.
    private static async Task HurtAsync(MoveScene scene, string text)
    {
        scene.Test.CheckAtEnd = false;
        var hurt = 0;
        await scene.ReopenAsync(folder =>
        {
            foreach (var path in Directory.EnumerateFiles(Path.Combine(folder, "segments")))
            {
                var octets = File.ReadAllBytes(path);
                if (octets.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) is not (>= 0 and var at)) continue;
                octets[at] ^= 1;
                File.WriteAllBytes(path, octets);
                hurt++;
            }
        });
        Assert.Equal(1, hurt);
    }
}
