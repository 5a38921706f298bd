using System.Buffers.Binary;
using System.Text;

namespace Aviso.Spam;

/// <summary>Attached files by name and by their first octets, inside zip archives too.</summary>
public sealed class FileCheck : ISpamCheck
{
    private static readonly HashSet<string> Programs = new(StringComparer.Ordinal)
    {
        "exe", "scr", "com", "pif", "bat", "cmd", "cpl", "msi", "msp", "dll", "hta", "js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "lnk", "url", "reg",
        "jar", "scf", "sct", "inf", "gadget", "application", "appref-ms", "msix", "appx", "chm", "xll", "wll", "library-ms", "settingcontent-ms", "search-ms", "one",
    };

    private static readonly HashSet<string> Disks = new(StringComparer.Ordinal) { "iso", "img", "vhd", "vhdx", "udf", "dmg" };

    private static readonly HashSet<string> Documents = new(StringComparer.Ordinal)
    {
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "rtf", "csv", "html", "htm", "zip", "mp3", "mp4", "wav",
    };

    public string Name => "file";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        foreach (var file in context.Content.Files)
        {
            ByName(context, file.Name, file.Extension, "");
            ByKind(context, file);
            if (file.Kind == FileKind.Zip) Inside(context, file);
        }
        return default;
    }

    private static void ByName(SpamContext context, string name, string extension, string archive)
    {
        var where = archive.Length == 0 ? name : $"{name} in {archive}";
        if (Programs.Contains(extension)) context.Add(archive.Length == 0 ? "FILE_PROGRAM" : "FILE_PROGRAM_PACKED", archive.Length == 0 ? 5 : 4, where);
        else if (Disks.Contains(extension)) context.Add("FILE_DISK", 4, where);
        if (name.AsSpan().IndexOfAny('\u202E', '\u202D') >= 0) context.Add("FILE_NAME_TURNED", 6, "the file's name turns its reading direction");
        if (!Programs.Contains(extension)) return;
        var stem = name[..Math.Max(0, name.LastIndexOf('.'))];
        if (Documents.Contains(AttachedFile.ExtensionOf(stem))) context.Add("FILE_TWO_EXTENSIONS", 4, where);
    }

    private static void ByKind(SpamContext context, AttachedFile file)
    {
        var name = file.Name.Length == 0 ? file.Type : file.Name;
        if (file.Kind is FileKind.Pe or FileKind.Elf or FileKind.MachO or FileKind.Lnk or FileKind.JavaClass or FileKind.Chm or FileKind.OneNote) context.Add("FILE_PROGRAM", 5, name);
        else if (file.Kind is FileKind.Vhd or FileKind.Ace or FileKind.Arj) context.Add("FILE_DISK", 4, name);
        if (file.Kind == FileKind.Html || file.Extension is "html" or "htm" or "shtml" or "xhtml" or "svg" && file.Kind is FileKind.Text) context.Add("FILE_HTML", 1.2, name);
    }

    private static void Inside(SpamContext context, AttachedFile file)
    {
        foreach (var entry in ZipDirectory.Read(file.Content.Span))
        {
            if (entry.IsEncrypted) context.Add("FILE_ENCRYPTED", 2, $"{file.Name} wants a password");
            ByName(context, entry.Name, AttachedFile.ExtensionOf(entry.Name), file.Name);
            if (entry.Name.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase)) context.Add("OFFICE_MACRO", 2.5, $"{file.Name} has macros");
        }
    }
}

/// <param name="Name">With '/' between folders.</param>
/// <param name="Size">Octets unpacked, as the archive says.</param>
public readonly record struct ZipEntry(string Name, bool IsEncrypted, long Size);

/// <summary>The list of files in a zip archive (APPNOTE 4.3.12, 4.3.16); unpacks nothing.</summary>
public static class ZipDirectory
{
    private const int MostEntries = 1000;
    private const int EndLength = 22;

    /// <summary>Empty when there is no central directory; never throws.</summary>
    public static IReadOnlyList<ZipEntry> Read(ReadOnlySpan<byte> zip)
    {
        var entries = new List<ZipEntry>();
        // APPNOTE 4.3.16: the end record is the last thing but for a comment of at most 65,535 octets.
        var tail = zip[Math.Max(0, zip.Length - EndLength - ushort.MaxValue)..];
        var end = tail.LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || tail.Length - end < EndLength) return entries;
        var at = (long)BinaryPrimitives.ReadUInt32LittleEndian(tail[(end + 16)..]);
        while (entries.Count < MostEntries && at >= 0 && at + 46 <= zip.Length && zip[(int)at..].StartsWith("PK\x01\x02"u8))
        {
            var record = zip[(int)at..];
            int name = BinaryPrimitives.ReadUInt16LittleEndian(record[28..]);
            if (46 + name > record.Length) break;
            entries.Add(new(Encoding.UTF8.GetString(record.Slice(46, name)), (record[8] & 1) != 0, BinaryPrimitives.ReadUInt32LittleEndian(record[24..])));
            at += 46 + name + BinaryPrimitives.ReadUInt16LittleEndian(record[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(record[32..]);
        }
        return entries;
    }
}
