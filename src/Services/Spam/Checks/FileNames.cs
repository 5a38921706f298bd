namespace Aviso.Spam;

/// <summary>What a file's name says of it, alone or in an archive.</summary>
internal static class FileNames
{
    private static readonly HashSet<string> Programs = new(StringComparer.Ordinal)
    {
        "exe", "scr", "com", "pif", "bat", "cmd", "cpl", "msi", "msp", "dll", "hta", "js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1",
        "psm1", "lnk", "url", "reg",
        "jar", "scf", "sct", "inf", "gadget", "application", "appref-ms", "msix", "appx", "chm", "xll", "wll", "library-ms",
        "settingcontent-ms", "search-ms", "one",
    };

    private static readonly HashSet<string> Disks = new(StringComparer.Ordinal) { "iso", "img", "vhd", "vhdx", "udf", "dmg" };

    private static readonly HashSet<string> Documents = new(StringComparer.Ordinal)
    {
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "rtf", "csv", "html", "htm", "zip", "mp3",
        "mp4", "wav",
    };

    public static bool IsProgram(string extension) => Programs.Contains(extension);

    /// <summary>By its first octets.</summary>
    public static bool IsProgram(FileKind kind) =>
        kind is FileKind.Pe or FileKind.Elf or FileKind.MachO or FileKind.Lnk or FileKind.JavaClass or FileKind.Chm or FileKind.OneNote;

    /// <summary>HTML, or SVG that a browser opens.</summary>
    public static bool IsPage(FileKind kind, string extension) =>
        kind == FileKind.Html || (extension is "html" or "htm" or "shtml" or "xhtml" or "xht" or "svg" or "mht" or "mhtml"
            && kind is FileKind.Text or FileKind.Unknown);

    /// <param name="archive">What it stands in; "" for a file that is attached itself.</param>
    public static void Look(SpamContext context, string name, FileKind kind, string archive)
    {
        var extension = AttachedFile.ExtensionOf(name);
        var where = archive.Length == 0 ? name : $"{name} in {archive}";
        var isProgram = Programs.Contains(extension) && !(extension == "com" && IsHarmless(kind));
        if (isProgram) context.Add(archive.Length == 0 ? "FILE_PROGRAM" : "FILE_PROGRAM_PACKED", archive.Length == 0 ? 5 : 4, where);
        else if (Disks.Contains(extension)) context.Add("FILE_DISK", 4, where);
        if (name.AsSpan().IndexOfAny('\u202E', '\u202D') >= 0)
            context.Add("FILE_NAME_TURNED", 6, "the file's name turns its reading direction");
        if (isProgram && Documents.Contains(AttachedFile.ExtensionOf(name[..Math.Max(0, name.LastIndexOf('.'))])))
            context.Add("FILE_TWO_EXTENSIONS", 4, where);
    }

    // A page or a picture is called by a site's name ("example.com"); its octets say that it is no program of DOS.
    private static bool IsHarmless(FileKind kind) =>
        kind is FileKind.Pdf or FileKind.Image or FileKind.Audio or FileKind.Html or FileKind.Rtf;
}
