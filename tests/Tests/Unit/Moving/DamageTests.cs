using System.IO.Compression;
using System.Text;
using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>What is spoilt at the source hurts its own message only.</summary>
public sealed class DamageTests
{
    [Fact]
    public async Task One_spoilt_file_of_a_zip_is_left_out_when_that_is_wished()
    {
        await using var scene = await MoveScene.OpenAsync();
        var zip = Path.Combine(scene.Folder, "mail.zip");
        await using (var writing = await ZipFile.OpenAsync(zip, ZipArchiveMode.Create))
        {
            foreach (var name in (string[])["1.eml", "2.eml", "3.eml"])
            {
                await using var entry = await writing.CreateEntry(name).OpenAsync();
                await entry.WriteAsync(Encoding.ASCII.GetBytes($"Subject: {name}\r\n\r\n{string.Concat(Enumerable.Range(0, 999))}\r\n"));
            }
        }
        var octets = await File.ReadAllBytesAsync(zip);
        var second = octets.AsSpan().IndexOf("2.eml"u8);
        octets.AsSpan(second + 5, 200).Fill(0xff);
        await File.WriteAllBytesAsync(zip, octets);
        var refused = await scene.RunAsync(new EmlSource(zip));
        Assert.StartsWith("nothing was begun", refused.Stopped, StringComparison.Ordinal);
        Assert.Equal((NoteKind.Damaged, "2.eml"), Assert.Single(refused.Notes.Select(note => (note.Kind, note.Place))));
        Assert.Equal(2, (await scene.RunAsync(new EmlSource(zip), new() { SkipDamaged = true })).Taken);
    }

    [Fact]
    public async Task An_octet_that_cannot_be_read_is_a_matter_of_its_message()
    {
        await using var scene = await MoveScene.OpenAsync();
        using var body = scene.Test.Body("");
        // Where nothing is mapped a process may not read its own memory: EIO, as of a broken disk.
        using var broken = new SourceStream(File.OpenRead("/proc/self/mem"), "cur/1");
        var e = Assert.Throws<SourceException>(() => WireText.Copy(broken, body));
        Assert.Equal("cur/1 cannot be read: Input/output error : '/proc/self/mem'", e.Message);
    }
}
