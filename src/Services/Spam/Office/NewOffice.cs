using System.Buffers.Binary;
using System.Net;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>Documents that are zip archives: OOXML (ECMA-376) and OpenDocument; all parts at the cost of the message's budget.</summary>
internal static class NewOffice
{
    public static void Look(ReadOnlyMemory<byte> file, OfficeLook look)
    {
        var zip = ZipDirectory.Read(file.Span, look.Work);
        if (zip.IsCut) look.Add(OfficeFinding.Limit, "more parts than are looked at");
        if (zip.Entries.Count == 0) look.Add(OfficeFinding.Unread, "a broken archive");
        foreach (var entry in zip.Entries)
        {
            if (!IsRead(entry.Name) || entry.IsEncrypted) continue;
            using var packed = ZipDirectory.Open(file, entry);
            if (packed is null)
            {
                look.Add(OfficeFinding.Unread, "a part packed in a way that is not read");
                continue;
            }
            var part = Unpacker.Inflate(packed, look.Work);
            if (part.IsCut) look.Add(OfficeFinding.Limit, "a part longer than what is looked at");
            Part(entry.Name.ToLowerInvariant(), part.Octets, look);
        }
    }

    // Pictures, styles and fonts hold nothing that runs.
    private static bool IsRead(string name) => AttachedFile.ExtensionOf(name) switch
    {
        "rels" or "bin" or "xml" or "doc" or "docx" or "docm" or "xls" or "xlsx" or "xlsm" or "xlsb" or "ppt" or "pptm" or "slk" or "csv" =>
            !name.Contains("/theme/", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith("styles.xml", StringComparison.OrdinalIgnoreCase)
                && !name.Contains("printerSettings", StringComparison.OrdinalIgnoreCase),
        var other => other.Length == 0 && name.Contains("Object", StringComparison.Ordinal),
    };

    private static void Part(string name, ReadOnlyMemory<byte> part, OfficeLook look)
    {
        if (name.Contains("/macrosheets/", StringComparison.Ordinal)) look.Add(OfficeFinding.Xlm, "a sheet of Excel 4 macros");
        if (name.StartsWith("basic/", StringComparison.Ordinal) && !name.EndsWith("script-lc.xml", StringComparison.Ordinal)) look.Add(
            OfficeFinding.Macro, "has code in Basic");
        if (name.EndsWith(".rels", StringComparison.Ordinal)) Relations(OfficeDocument.Text(part, look), look);
        else if (name.Contains("externallinks/", StringComparison.Ordinal)) OtherProgram(part.Span, look);
        else if (FileMagic.Of(part.Span) is FileKind.Ole)
        {
            if (look.TryDeeper(out var inner)) OldOffice.Look(part, inner);
        }
        else if (FileMagic.Of(part.Span) is FileKind.Zip || AttachedFile.ExtensionOf(name) is "slk" or "csv")
        {
            if (look.TryDeeper(out var inner)) OfficeDocument.Look(part, AttachedFile.ExtensionOf(name), inner);
        }
        else if (name.EndsWith(".xml", StringComparison.Ordinal)) FlatOffice.Xml(OfficeDocument.Text(part, look), look);
    }

    /// <summary>ECMA-376 part 2 §6.5: what a part refers to outside the package. Links a reader clicks and pictures are none of our
    /// business.</summary>
    internal static void Relations(string xml, OfficeLook look)
    {
        foreach (var tag in XmlTags.Of(xml, look.Work))
        {
            if (!tag.Contains("TargetMode=\"External\"", StringComparison.OrdinalIgnoreCase)
                && !tag.Contains("TargetMode='External'", StringComparison.OrdinalIgnoreCase)) continue;
            var type = XmlTags.Attribute(tag, "Type");
            type = type[(type.LastIndexOf('/') + 1)..].ToLowerInvariant();
            var target = WebUtility.HtmlDecode(XmlTags.Attribute(tag, "Target"));
            if (target.StartsWith("mhtml:", StringComparison.OrdinalIgnoreCase)
                || target.Contains(".html!", StringComparison.OrdinalIgnoreCase)) look.Add(OfficeFinding.RemoteTemplate, target);
            if (type == "attachedtemplate" && IsElsewhere(target)) look.Add(OfficeFinding.RemoteTemplate, target);
            else if (type is "oleobject" or "frame" or "subdocument" or "package" or "control" or "externallinkpath" or "externallink") look.Add(OfficeFinding.External, target);
        }
    }

    // A template on the author's disk is how ordinary documents are made.
    private static bool IsElsewhere(string target) =>
        target.StartsWith("http", StringComparison.OrdinalIgnoreCase) || target.StartsWith("ftp", StringComparison.OrdinalIgnoreCase)
        || target.StartsWith(@"\\", StringComparison.Ordinal) || target.StartsWith("file://", StringComparison.OrdinalIgnoreCase)
            && !target.StartsWith("file:///", StringComparison.OrdinalIgnoreCase);

    // ddeLink in XML (ECMA-376 part 1 §18.14.4); in xlsb a BrtBeginSupBook of type 1 (MS-XLSB §2.4.223).
    private static void OtherProgram(ReadOnlySpan<byte> part, OfficeLook look)
    {
        if (part.IndexOf("ddeLink"u8) >= 0) look.Add(OfficeFinding.Dde, "a link to another program");
        if (part.Length > 5 && part[0] == 0xE8 && part[1] == 0x02 && BinaryPrimitives.ReadUInt16LittleEndian(
            part[(part[2] < 0x80 ? 3 : 4)..]) == 1) look.Add(OfficeFinding.Dde, "a link to another program");
    }
}
