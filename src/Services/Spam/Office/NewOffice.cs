using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Text;

namespace Aviso.Spam;

/// <summary>
/// Documents that are zip archives: OOXML (ECMA-376) and OpenDocument. Looks into at most <see cref="MostParts"/> parts and
/// <see cref="MostOctets"/> unpacked octets.
/// </summary>
internal static class NewOffice
{
    private const int MostParts = 400;
    private const int MostOctets = 16 * 1024 * 1024;

    public static void Look(ReadOnlyMemory<byte> file, OfficeFindings findings, int depth)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(file.ToArray()), ZipArchiveMode.Read);
            var left = MostOctets;
            var parts = 0;
            foreach (var entry in zip.Entries)
            {
                if (!IsRead(entry.FullName)) continue;
                if (++parts > MostParts || left <= 0)
                {
                    findings.Add(OfficeFinding.Unread, "more parts than are looked at");
                    return;
                }
                var part = Bounded.Inflate(entry.Open(), Math.Min(left, Bounded.Most));
                left -= part.Length;
                Part(entry.FullName.ToLowerInvariant(), part, findings, depth);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            findings.Add(OfficeFinding.Unread, "a broken archive");
        }
    }

    // Pictures, styles and fonts hold nothing that runs.
    private static bool IsRead(string name) => AttachedFile.ExtensionOf(name) switch
    {
        "rels" or "bin" or "xml" or "doc" or "docx" or "docm" or "xls" or "xlsx" or "xlsm" or "xlsb" or "ppt" or "pptm" or "slk" or "csv" => !name.Contains("/theme/", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith("styles.xml", StringComparison.OrdinalIgnoreCase) && !name.Contains("printerSettings", StringComparison.OrdinalIgnoreCase),
        var other => other.Length == 0 && name.Contains("Object", StringComparison.Ordinal),
    };

    private static void Part(string name, byte[] part, OfficeFindings findings, int depth)
    {
        if (name.Contains("/macrosheets/", StringComparison.Ordinal)) findings.Add(OfficeFinding.Xlm, "a sheet of Excel 4 macros");
        if (name.StartsWith("basic/", StringComparison.Ordinal) && !name.EndsWith("script-lc.xml", StringComparison.Ordinal)) findings.Add(OfficeFinding.Macro, "has code in Basic");
        if (name.EndsWith(".rels", StringComparison.Ordinal)) Relations(Encoding.UTF8.GetString(part), findings);
        else if (name.Contains("externallinks/", StringComparison.Ordinal)) OtherProgram(part, findings);
        else if (FileMagic.Of(part) is FileKind.Ole)
        {
            if (depth > 0) OldOffice.Look(part, findings, depth - 1);
        }
        else if (FileMagic.Of(part) is FileKind.Zip || AttachedFile.ExtensionOf(name) is "slk" or "csv")
        {
            if (depth > 0) OfficeDocument.Look(part, AttachedFile.ExtensionOf(name), findings, depth - 1);
        }
        else if (name.EndsWith(".xml", StringComparison.Ordinal)) FlatOffice.Xml(Encoding.UTF8.GetString(part), findings, depth);
    }

    /// <summary>ECMA-376 part 2 §6.5: what a part refers to outside the package. Links a reader clicks and pictures are none of our business.</summary>
    internal static void Relations(string xml, OfficeFindings findings)
    {
        foreach (var tag in XmlTags.Of(xml))
        {
            if (!tag.Contains("TargetMode=\"External\"", StringComparison.OrdinalIgnoreCase) && !tag.Contains("TargetMode='External'", StringComparison.OrdinalIgnoreCase)) continue;
            var type = XmlTags.Attribute(tag, "Type");
            type = type[(type.LastIndexOf('/') + 1)..].ToLowerInvariant();
            var target = WebUtility.HtmlDecode(XmlTags.Attribute(tag, "Target"));
            if (target.StartsWith("mhtml:", StringComparison.OrdinalIgnoreCase) || target.Contains(".html!", StringComparison.OrdinalIgnoreCase)) findings.Add(OfficeFinding.RemoteTemplate, target);
            if (type == "attachedtemplate" && IsElsewhere(target)) findings.Add(OfficeFinding.RemoteTemplate, target);
            else if (type is "oleobject" or "frame" or "subdocument" or "package" or "control" or "externallinkpath" or "externallink") findings.Add(OfficeFinding.External, target);
        }
    }

    // A template on the author's disk is how ordinary documents are made.
    private static bool IsElsewhere(string target) => target.StartsWith("http", StringComparison.OrdinalIgnoreCase) || target.StartsWith("ftp", StringComparison.OrdinalIgnoreCase)
        || target.StartsWith(@"\\", StringComparison.Ordinal) || target.StartsWith("file://", StringComparison.OrdinalIgnoreCase) && !target.StartsWith("file:///", StringComparison.OrdinalIgnoreCase);

    // ddeLink in XML (ECMA-376 part 1 §18.14.4); in xlsb a BrtBeginSupBook of type 1 (MS-XLSB §2.4.223).
    private static void OtherProgram(byte[] part, OfficeFindings findings)
    {
        if (part.AsSpan().IndexOf("ddeLink"u8) >= 0) findings.Add(OfficeFinding.Dde, "a link to another program");
        if (part.Length > 5 && part[0] == 0xE8 && part[1] == 0x02 && BinaryPrimitives.ReadUInt16LittleEndian(part.AsSpan(part[2] < 0x80 ? 3 : 4)) == 1) findings.Add(OfficeFinding.Dde, "a link to another program");
    }
}
