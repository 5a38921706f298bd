using System.Text;
using Aviso.Base;
using Aviso.Spam;
using Aviso.Tests.Unit.Spam.Office;
using Xunit;

namespace Aviso.Tests.Fuzz;

public sealed class OfficeFuzz
{
    [Fact]
    public void Compound_files_of_any_kind_are_read() => Mutator.Run([Compound()], 2000, input =>
    {
        if (CompoundFile.Open(input, WorkBudget.Once()) is not { } file) return;
        Assert.True(file.Streams.Count <= CompoundFile.MostEntries);
        foreach (var stream in file.Streams) Assert.True(file.Read(stream).Length <= CompoundFile.MostStream);
        OfficeDocument.Look(input, "doc", WorkBudget.Once());
    });

    [Fact]
    public void Compressed_source_of_any_kind_is_unpacked() => Mutator.Run(
        [Convert.FromHexString("0119B000616263646566676800696A6B6C6D6E6F70007172737475762E"), Convert.FromHexString("0103B002614500")],
            3000,
        input => Assert.True(VbaText.Unpack(input, WorkBudget.Once()).Length <= VbaText.Most + 4096));

    [Fact]
    public void Documents_of_any_kind_are_looked_at() => Mutator.Run(
        [
            OfficeTests.Zip("word/vbaProject.bin", Compound()),
                OfficeTests.Zip("word/document.xml", "<w:instrText>DDE x y</w:instrText>"u8.ToArray()),
            "<?xml version=\"1.0\"?><w:binData>0M8R4KGxGuE=</w:binData><w:fldChar/>"u8.ToArray(),
                "{\\rtf1{\\field{\\*\\fldinst DDEAUTO x}}{\\object{\\objdata 00}}}"u8.ToArray(),
        ], 1000,
        input =>
        {
            foreach (var extension in (string[])["docx", "csv", "slk"]) OfficeDocument.Look(input, extension, WorkBudget.Once());
        });

    // One sector of FAT, one of directory with a root and a stream of sectors 2 to 9.
    private static byte[] Compound()
    {
        var file = new byte[512 * 11];
        Convert.FromHexString("D0CF11E0A1B11AE1").CopyTo(file, 0);
        (file[30], file[32], file[44], file[48]) = (9, 6, 1, 1);
        file[57] = 0x10;
        Put(file, 60, 0xFFFFFFFE);
        Put(file, 68, 0xFFFFFFFE);
        for (var i = 1; i < 109; i++) Put(file, 76 + (4 * i), 0xFFFFFFFF);
        Put(file, 512, 0xFFFFFFFD);
        Put(file, 516, 0xFFFFFFFE);
        for (var i = 2; i < 10; i++) Put(file, 512 + (4 * i), i == 9 ? 0xFFFFFFFE : (uint)i + 1);
        Entry(file, 1024, "Root Entry", 5, 0xFFFFFFFE, 0);
        Entry(file, 1152, "Workbook", 2, 2, 4096);
        file[1536] = 0x85;
        (file[1538], file[1545]) = (8, 1);
        return file;
    }

    private static void Entry(byte[] file, int at, string name, byte type, uint start, uint size)
    {
        Encoding.Unicode.GetBytes(name).CopyTo(file, at);
        (file[at + 64], file[at + 66]) = ((byte)((name.Length + 1) * 2), type);
        Put(file, at + 116, start);
        Put(file, at + 120, size);
    }

    private static void Put(byte[] file, int at, uint value) => BitConverter.TryWriteBytes(file.AsSpan(at), value);

    [Fact]
    public void The_seed_is_a_compound_file_with_a_macro_sheet() =>
        Assert.True(OfficeDocument.Look(Compound(), "xls", WorkBudget.Once()).Has(OfficeFinding.Xlm));
}
