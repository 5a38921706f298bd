using System.Net;
using System.Text;

namespace Aviso.Spam;

/// <summary>Documents that are text: XML parts and flat XML, symbolic links (SLK), CSV, RTF.</summary>
internal static class FlatOffice
{
    /// <summary>Fields of WordprocessingML, whose words may be cut over several runs (ECMA-376 part 1 §17.16), and cells of Excel 2003.</summary>
    public static void Xml(string xml, OfficeLook look)
    {
        Binary(xml, look);
        if (xml.Contains("<w:docOleData", StringComparison.Ordinal)) look.Add(OfficeFinding.Package, "an embedded object");
        if (xml.Contains("attachedTemplate", StringComparison.Ordinal) && xml.Contains("TargetMode", StringComparison.Ordinal)) NewOffice.Relations(xml, look);
        if (xml.Contains("vbaProject", StringComparison.Ordinal) && xml.Contains("binData", StringComparison.Ordinal) || xml.Contains("macrosPresent=\"yes\"", StringComparison.Ordinal)) look.Add(OfficeFinding.Macro, "has macros");
        if (xml.Contains("ddeLink", StringComparison.Ordinal)) look.Add(OfficeFinding.Dde, "a link to another program");
        if (xml.IndexOf("DDE", StringComparison.OrdinalIgnoreCase) < 0 && !xml.Contains("instrText", StringComparison.Ordinal) && !xml.Contains("Formula=", StringComparison.Ordinal)
            && !xml.Contains("SupBook", StringComparison.Ordinal)) return;
        var code = new StringBuilder();
        var at = 0;
        while ((at = xml.IndexOf('<', at)) >= 0)
        {
            var end = xml.IndexOf('>', at);
            if (end < 0) break;
            look.Work.Step(1 + ((end - at) >> 4));
            var tag = xml.AsSpan(at + 1, end - at - 1);
            if (tag.StartsWith("w:instrText", StringComparison.Ordinal) && !tag.EndsWith("/"))
            {
                var stop = xml.IndexOf('<', end);
                if (code.Length < 4000) code.Append(WebUtility.HtmlDecode(xml[(end + 1)..(stop < 0 ? xml.Length : stop)]));
            }
            else if (tag.StartsWith("w:fldChar", StringComparison.Ordinal)) Field(code, look);
            else if (tag.StartsWith("w:fldSimple", StringComparison.Ordinal)) Code(WebUtility.HtmlDecode(XmlTags.Attribute(tag.ToString(), "instr")), look);
            else if (tag.Contains("Formula=", StringComparison.Ordinal) && DdeWords.IsCell(WebUtility.HtmlDecode(XmlTags.Attribute(tag.ToString(), "Formula")))) look.Add(OfficeFinding.Dde, "a cell that asks another program");
            else if (tag.Equals("Dll", StringComparison.Ordinal) || tag.Equals("x:Dll", StringComparison.Ordinal) || tag.EndsWith("DDELink", StringComparison.Ordinal)) look.Add(OfficeFinding.Dde, "a link to another program");
            at = end;
        }
        Field(code, look);
    }

    // Flat XML holds its objects in base64; these letters are how a compound file begins.
    private static void Binary(string xml, OfficeLook look)
    {
        for (var at = 0; (at = xml.IndexOf("0M8R4KGx", at, StringComparison.Ordinal)) >= 0;)
        {
            if (!look.TryDeeper(out var inner)) return;
            var end = xml.IndexOf('<', at);
            var text = xml.AsSpan(at, (end < 0 ? xml.Length : end) - at);
            look.Work.Take(text.Length);
            var octets = new byte[text.Length];
            if (Convert.TryFromBase64Chars(text, octets, out var count)) OldOffice.Look(octets.AsMemory(0, count), inner);
            else look.Add(OfficeFinding.Unread, "a broken object");
            at += text.Length;
        }
    }

    private static void Field(StringBuilder code, OfficeLook look)
    {
        Code(code.ToString(), look);
        code.Clear();
    }

    private static void Code(string code, OfficeLook look)
    {
        if (DdeWords.IsField(code)) look.Add(OfficeFinding.Dde, DdeWords.Short(code));
    }

    /// <summary>A symbolic link file: "O;E" says that it is a macro sheet.</summary>
    public static void Slk(string text, OfficeLook look)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            look.Work.Step(1 + (line.Length >> 4));
            if (line.StartsWith("O;") && line.Contains(";E", StringComparison.Ordinal)) look.Add(OfficeFinding.Xlm, "a sheet of Excel 4 macros");
            if (line.StartsWith("C;") && line.IndexOf(";E", StringComparison.Ordinal) is var e and > 0 && DdeWords.IsCell($"={line[(e + 2)..]}")) look.Add(OfficeFinding.Dde, "a cell that asks another program");
        }
    }

    public static void Csv(string text, OfficeLook look)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            look.Work.Step(1 + (line.Length >> 4));
            if (line.IndexOf('|') >= 0) Cells(line, look);
        }
    }

    // A quoted cell may hold what divides cells.
    private static void Cells(ReadOnlySpan<char> line, OfficeLook look)
    {
        while (!line.IsEmpty)
        {
            var quoted = line[0] == '"' && line[1..].IndexOf('"') is var quote and >= 0 ? quote + 2 : 0;
            var end = line[quoted..].IndexOfAny(",;\t");
            var cell = end < 0 ? line : line[..(quoted + end)];
            if (DdeWords.IsCell(cell)) look.Add(OfficeFinding.Dde, "a cell that asks another program");
            line = end < 0 ? default : line[(cell.Length + 1)..];
        }
    }

    private const string FieldMark = "\\fldinst";
    private const int LongestField = 292;

    public static void Rtf(string text, OfficeLook look)
    {
        if (text.Contains("\\objdata", StringComparison.Ordinal)) look.Add(OfficeFinding.Package, "an embedded object");
        if (text.Contains("\\objupdate", StringComparison.Ordinal)) look.Add(OfficeFinding.External, "an object that loads by itself");
        // The code of a field ends where the next begins: each character is looked at once.
        for (var at = text.IndexOf(FieldMark, StringComparison.Ordinal); at >= 0;)
        {
            var from = at + FieldMark.Length;
            at = text.IndexOf(FieldMark, from, StringComparison.Ordinal);
            var code = text.AsSpan(from, Math.Min((at < 0 ? text.Length : at) - from, LongestField));
            look.Work.Step(1 + (code.Length >> 3));
            if (code.Contains("DDEAUTO", StringComparison.OrdinalIgnoreCase) || code.Contains(" DDE ", StringComparison.OrdinalIgnoreCase))
                look.Add(OfficeFinding.Dde, "a field that asks another program");
        }
        foreach (var template in (string[])["{\\*\\template http", "{\\*\\template \\\\\\\\"])
        {
            if (text.Contains(template, StringComparison.OrdinalIgnoreCase)) look.Add(OfficeFinding.RemoteTemplate, "its template lies elsewhere");
        }
    }
}
