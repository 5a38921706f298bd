using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>Documents that are compound files: doc, xls, ppt, encrypted packages, VBA projects, embedded objects.</summary>
internal static class OldOffice
{
    private const int LongestField = 400;

    public static void Look(ReadOnlyMemory<byte> file, OfficeLook look)
    {
        if (CompoundFile.Open(file, look.Work) is not { } compound)
        {
            look.Add(OfficeFinding.Unread, "a broken compound file");
            return;
        }
        if (compound.Has("EncryptedPackage") || compound.Has("EncryptedSummary")) look.Add(OfficeFinding.Encrypted, "wants a password");
        var (isProject, hasSource) = (false, false);
        foreach (var stream in compound.Streams)
        {
            switch (stream.Name.ToUpperInvariant())
            {
                case "WORKBOOK" or "BOOK":
                    Workbook(compound.Read(stream).Span, look);
                    break;
                case "WORDDOCUMENT":
                    Word(compound.Read(stream).Span, look);
                    break;
                case "POWERPOINT DOCUMENT":
                    Slides(compound.Read(stream), look);
                    break;
                case "\u0001OLE10NATIVE":
                    Package(compound.Read(stream).Span, look);
                    break;
                case "ENCRYPTEDPACKAGE" or "DATA" or "1TABLE" or "0TABLE":
                    break;
                case "_VBA_PROJECT":
                    isProject = true;
                    break;
                default:
                    hasSource |= Module(compound.Read(stream).Span, look);
                    break;
            }
        }
        if (compound.IsCut) look.Add(OfficeFinding.Limit, "more streams, or longer ones, than are looked at");
        if (isProject && !hasSource) look.Add(OfficeFinding.Macro, "a VBA project whose source is taken out");
    }

    // A document may have modules without a line of code: those are none.
    private static bool Module(ReadOnlySpan<byte> stream, OfficeLook look)
    {
        var source = VbaText.Of(stream, look.Work);
        if (source.Length == 0) return false;
        foreach (var line in source.AsSpan().EnumerateLines())
        {
            if (line.IsWhiteSpace() || line.StartsWith("Attribute ", StringComparison.OrdinalIgnoreCase)
                || line.StartsWith("Option ", StringComparison.OrdinalIgnoreCase)) continue;
            look.Add(OfficeFinding.Macro, "has code in VBA");
            VbaWords.Look(source, look.Findings);
            break;
        }
        return true;
    }

    // MS-DOC §2.5.1: fEncrypted in the FIB; §2.8.25: a field begins with 0x13, its result with 0x14, its end is 0x15.
    private static void Word(ReadOnlySpan<byte> stream, OfficeLook look)
    {
        if (stream.Length > 12 && (stream[11] & 1) != 0) look.Add(OfficeFinding.Encrypted, "wants a password");
        DdeField(stream, 1, look);
        DdeField(stream, 2, look);
    }

    private static void DdeField(ReadOnlySpan<byte> text, int width, OfficeLook look)
    {
        var rest = text;
        Span<char> room = stackalloc char[LongestField];
        ReadOnlySpan<byte> begin = width == 1 ? [0x13] : [0x13, 0];
        while (rest.IndexOf(begin) is var at and >= 0)
        {
            rest = rest[(at + width)..];
            var field = rest[..Math.Min(rest.Length, LongestField * width)];
            look.Work.Step(1 + (field.Length >> 4));
            var code = room[..(width == 1 ? Encoding.Latin1 : Encoding.Unicode).GetChars(field, room)];
            if (code.IndexOfAny('\u0013', '\u0014', '\u0015') is var end and >= 0) code = code[..end];
            if (DdeWords.IsField(code)) look.Add(OfficeFinding.Dde, DdeWords.Short(code.ToString()));
        }
    }

    // MS-XLS §2.1.4: records of type, length and data.
    private static void Workbook(ReadOnlySpan<byte> stream, OfficeLook look)
    {
        while (stream.Length >= 4)
        {
            look.Work.Step();
            var type = BinaryPrimitives.ReadUInt16LittleEndian(stream);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(stream[2..]);
            stream = stream[4..];
            var data = stream[..Math.Min(length, stream.Length)];
            stream = stream[data.Length..];
            if (type == 0x2F) look.Add(OfficeFinding.Encrypted, "wants a password");
            // §2.4.28: BoundSheet8, its dt 1 is a macro sheet.
            else if (type == 0x85 && data.Length > 6 && data[5] == 1) look.Add(
                OfficeFinding.Xlm, data[4] == 0 ? "a sheet of Excel 4 macros" : "a hidden sheet of Excel 4 macros");
            // §2.4.271: a SupBook whose path names a program and a topic, divided by 0x03.
            else if (type == 0x1AE && data.Length > 5 && data[4..].Contains((byte)3)) look.Add(
                OfficeFinding.Dde, "a link to another program");
        }
    }

    // MS-PPT §2.10.34: the VBA project is a compressed compound file in a record of the document's stream.
    private static void Slides(ReadOnlyMemory<byte> stream, OfficeLook look)
    {
        var at = 0L;
        while (at + 8 <= stream.Length)
        {
            look.Work.Step();
            var record = stream[(int)at..];
            var instance = BinaryPrimitives.ReadUInt16LittleEndian(record.Span) >> 4;
            var type = BinaryPrimitives.ReadUInt16LittleEndian(record.Span[2..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(record.Span[4..]);
            at += 8 + (long)length;
            if (type != 0x1011) continue;
            if (!look.TryDeeper(out var inner)) return;
            var data = record[8..(int)Math.Min(8 + (long)length, record.Length)];
            if (instance != 0) data = data.Length > 4 ? Inflate(data[4..], look) : default;
            if (FileMagic.Of(data.Span) == FileKind.Ole) Look(data, inner);
        }
    }

    private static ReadOnlyMemory<byte> Inflate(ReadOnlyMemory<byte> packed, OfficeLook look)
    {
        var unpacked = Unpacker.Inflate(new ZLibStream(ZipDirectory.Stream(packed), CompressionMode.Decompress), look.Work);
        if (unpacked.IsCut) look.Add(OfficeFinding.Limit, "a part longer than what is looked at");
        return unpacked.Octets;
    }

    // The label and the path of a packed file, as the program that packs them writes them.
    private static void Package(ReadOnlySpan<byte> stream, OfficeLook look)
    {
        if (stream.Length < 8) return;
        var label = stream[6..Math.Min(stream.Length, 300)];
        if (label.IndexOf((byte)0) is var end and >= 0) label = label[..end];
        var name = Encoding.Latin1.GetString(label);
        look.Add(FileNames.IsProgram(AttachedFile.ExtensionOf(name)) ? OfficeFinding.Program : OfficeFinding.Package, name.Length == 0
            ? "a packed file" : name);
    }
}
