using System.Buffers.Binary;
using System.Text;

namespace Aviso.Tests.Battery;

/// <summary>Attachments that would cost much if looking into them had no end.</summary>
internal static class FileBombs
{
    public static Dictionary<string, Func<byte[]>> All { get; } = new(StringComparer.Ordinal)
    {
        ["zip in zip in zip"] = () => Bombs.Attached("a.docx", Bombs.Nested(3, 12, new byte[4 << 20], "word/document.xml")),
        ["twenty zips side by side"] = () =>
            Bombs.Attached([.. Enumerable.Range(0, 20).Select(i =>
                ($"{i}.docx", Bombs.Zip(("word/document.xml", Bombs.Repeat("<w:fldChar>", 8 << 20))), "application/zip"))]),
        ["relations"] = () => Bombs.Attached("a.docx",
            Bombs.Zip([.. Enumerable.Range(0, 30).Select(i =>
                ($"word/_rels/{i}.rels", Bombs.Repeat("<R TargetMode=\"External\" Type='", 4 << 20)))])),
        ["fields of text"] = () => Bombs.Attached("a.docx",
            Bombs.Zip([.. Enumerable.Range(0, 8).Select(i => ($"word/{i}.xml", Bombs.Repeat("<w:instrText>&amp;DDE", 4 << 20)))])),
        ["overlapping files"] = () => Bombs.Attached("a.docx", Overlapping(4000)),
        ["two hundred thousand files"] = () => Bombs.Attached("a.zip", Directory(100_000)),
        ["streams onto one place"] = () => Bombs.Attached("a.doc", Compound(160, 3 << 20, "S")),
        ["word fields"] = () => Bombs.Attached("a.doc", Compound(1, 4 << 20, "WordDocument", [0x13, 0, 0x41])),
        ["sheets"] = () => Bombs.Attached("a.xls", Compound(100, 3 << 20, "Workbook")),
        ["slides"] = () => Bombs.Attached("a.ppt", Slides(240)),
        ["macros"] = () => Bombs.Attached("a.doc", Macros(400)),
        ["objects in flat xml"] = () =>
            Bombs.Attached("a.xml", Encoding.ASCII.GetBytes(
                "<?xml version=\"1.0\"?>" + string.Concat(Enumerable.Repeat($"<b>{Convert.ToBase64String(Compound(20, 30_000, "S"))}</b>",
                150)))),
        ["bars in a table"] = () => Bombs.Attached("a.csv", Bombs.Repeat("=a|", 7 << 20), "application/vnd.ms-excel"),
        ["fields in rtf"] = () => Bombs.Attached("a.rtf", [.. "{\\rtf1"u8, .. Bombs.Repeat("\\fldinst", 7 << 20)]),
        ["gzip of gzip"] = () => Bombs.Attached("a.gz", Bombs.Gzip(Bombs.Gzip(new byte[64 << 20]))),
        ["gzip of nothing much"] = () => Bombs.Attached("a.js.gz", Bombs.Gzip(new byte[200 << 20])),
        ["a tar of empty files"] = () => Bombs.Attached("a.tgz", Bombs.Gzip(Tar(20_000))),
        ["rar headers"] = () => Bombs.Attached("a.rar", [.. "Rar!\x1A\x07\x01\0"u8, .. Bombs.Repeat("\0\0\0\0\u0002\u0003\0", 7 << 20)]),
        ["old rar headers"] = () => Bombs.Attached("a.rar", [.. "Rar!\x1A\x07\0"u8, .. Bombs.Repeat("\0\0\u0074\0\0\u0007\0", 7 << 20)]),
        ["7z with a large header"] = () => Bombs.Attached("a.7z", SevenZip(Bombs.Repeat("\u0001\u0004\u0006", 1 << 20))),
        ["7z names"] = () => Bombs.Attached("a.7z", SevenZip([1, 5, 1, 0x11, 0xF0, 0, 0, 8, 0, 0, .. new byte[(8 << 16) - 2]])),
        ["cab names"] = () => Bombs.Attached("a.cab", Cab()),
        ["mail in mail"] = () => Bombs.Attached("a.eml",
            Bombs.Attached("b.eml", Bombs.Attached("c.eml", Bombs.Repeat("Subject: x\r\nFrom: y\r\n", 2 << 20)))),
        ["a page of tags"] = () => Bombs.Attached("a.html", [.. "<html>"u8, .. Bombs.Repeat("<a href=x>", 7 << 20)], "text/html"),
        ["a page of entities"] = () => Bombs.Attached("a.svg", [.. "<svg>"u8, .. Bombs.Repeat("&#x41;&", 7 << 20)], "image/svg+xml"),
        ["a hundred pages"] = () => Bombs.Attached(
            [.. Enumerable.Range(0, 90).Select(i => ($"{i}.html", (byte[])[.. "<html>"u8, .. Bombs.Repeat("<b>", 60_000)], "text/html"))]),
        ["many small files"] = () => Bombs.Attached(
            [.. Enumerable.Range(0, 5000).Select(i => ($"{i}.zip", Bombs.Zip(("a", "x"u8.ToArray())), "application/zip"))]),
    };

    // Each entry of the directory names the same packed octets.
    private static byte[] Overlapping(int entries)
    {
        var zip = Bombs.Zip(("word/document.xml", Bombs.Repeat("<w:p>", 4 << 20)));
        var at = zip.AsSpan().IndexOf("PK\u0001\u0002"u8);
        var end = zip.AsSpan().IndexOf("PK\u0005\u0006"u8);
        var record = zip[at..end];
        using var into = new MemoryStream();
        into.Write(zip, 0, at);
        for (var i = 0; i < entries; i++) into.Write(record);
        var tail = zip[end..];
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(12), record.Length * entries);
        into.Write(tail);
        return into.ToArray();
    }

    private static byte[] Directory(int entries)
    {
        var zip = Bombs.Zip(("a", []));
        var (at, end) = (zip.AsSpan().IndexOf("PK\u0001\u0002"u8), zip.AsSpan().IndexOf("PK\u0005\u0006"u8));
        using var into = new MemoryStream();
        into.Write(zip, 0, at);
        for (var i = 0; i < entries; i++) into.Write(zip, at, end - at);
        var tail = zip[end..];
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(12), (end - at) * entries);
        into.Write(tail);
        return into.ToArray();
    }

    /// <summary>A compound file whose entries all name one chain of sectors, filled with <paramref name="fill"/>.</summary>
    internal static byte[] Compound(int entries, int octets, string name, byte[]? fill = null)
    {
        var (sectors, directory) = ((octets + 511) / 512, ((entries + 1) * 128 + 511) / 512);
        var fat = ((sectors + directory + 200) * 4 + 511) / 512;
        var file = new byte[512 * (1 + fat + directory + sectors)];
        Convert.FromHexString("D0CF11E0A1B11AE1").CopyTo(file, 0);
        (file[30], file[32], file[57]) = (9, 6, 0x10);
        Put(file, 44, (uint)fat);
        Put(file, 48, (uint)fat);
        Put(file, 60, 0xFFFFFFFE);
        Put(file, 68, 0xFFFFFFFE);
        for (var i = 0; i < 109; i++) Put(file, 76 + (4 * i), i < fat ? (uint)i : 0xFFFFFFFF);
        for (var i = 0; i < fat + directory + sectors; i++)
        {
            var isEnd = i == fat + directory - 1 || i == fat + directory + sectors - 1;
            Put(file, 512 + (4 * i), i < fat ? 0xFFFFFFFD : isEnd ? 0xFFFFFFFE : (uint)i + 1);
        }
        Entry(file, 512 * (1 + fat), "Root Entry", 5, 0xFFFFFFFE, 0);
        for (var i = 0; i < entries; i++) Entry(file, (512 * (1 + fat)) + (128 * (i + 1)), name, 2, (uint)(fat + directory), (uint)octets);
        var data = file.AsSpan(512 * (1 + fat + directory));
        for (var at = 0; fill is not null && at + fill.Length <= data.Length; at += fill.Length) fill.CopyTo(data[at..]);
        return file;
    }

    private static byte[] Slides(int records)
    {
        var inner = Bombs.Zlib([.. Compound(1, 64, "S"), .. new byte[4 << 20]]);
        using var stream = new MemoryStream();
        for (var i = 0; i < records; i++)
        {
            stream.Write([0x10, 0, 0x11, 0x10]);
            stream.Write(BitConverter.GetBytes(inner.Length + 4));
            stream.Write(new byte[4]);
            stream.Write(inner);
        }
        var octets = stream.ToArray();
        var file = Compound(1, octets.Length, "PowerPoint Document");
        octets.CopyTo(file, file.Length - ((octets.Length + 511) / 512 * 512));
        return file;
    }

    // A container of chunks that each give 4,096 octets of source out of a few.
    private static byte[] Macros(int modules)
    {
        using var container = new MemoryStream();
        container.WriteByte(1);
        byte[] chunk = [0, .. "Attribut"u8, 0xFF, .. Bombs.Repeat("\u007f\u000f", 32)];
        container.Write([(byte)(chunk.Length - 1), 0xB0]);
        container.Write(chunk);
        for (var i = 0; i < 200; i++) container.Write([5, 0xB0, 0, (byte)'S', (byte)'h', 2, 0xFF, 0x0F]);
        var octets = container.ToArray();
        var file = Compound(modules, Math.Max(octets.Length, 8192), "Module");
        octets.CopyTo(file, file.Length - ((Math.Max(octets.Length, 8192) + 511) / 512 * 512));
        return file;
    }

    private static byte[] Tar(int files)
    {
        var header = new byte[512];
        "a.txt"u8.CopyTo(header);
        "ustar\0"u8.CopyTo(header.AsSpan(257));
        header[156] = (byte)'0';
        var tar = new byte[512 * files];
        for (var i = 0; i < files; i++) header.CopyTo(tar, 512 * i);
        return tar;
    }

    private static byte[] SevenZip(byte[] header)
    {
        var file = new byte[32 + header.Length];
        Convert.FromHexString("377ABCAF271C").CopyTo(file, 0);
        BitConverter.TryWriteBytes(file.AsSpan(20), (ulong)header.Length);
        header.CopyTo(file, 32);
        return file;
    }

    private static byte[] Cab()
    {
        var file = new byte[7 << 20];
        "MSCF"u8.CopyTo(file);
        Put(file, 16, 36);
        BitConverter.TryWriteBytes(file.AsSpan(28), (ushort)0xFFFF);
        for (var at = 36; at + 18 < file.Length; at += 18) file[at + 16] = (byte)'a';
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
}
