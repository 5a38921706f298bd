using System.Globalization;

namespace Aviso.Backup;

/// <summary>Small files of a data folder that no store writes: keys, certificates of our own, whatever other parts keep. New ones come
/// along
/// by themselves; only what is known to be the store's, or made anew by a start, is left out.</summary>
public static class OtherFiles
{
    private const long MostOctets = 16 << 20;

    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal)
    {
        "store.lock", "admin.sock", "ballast", "segments", "large", "journal", "spool", "views", "uploads", "backup",
            "restore.unfinished", "settings",
    };

    /// <summary>Databases, which are copied otherwise or made anew.</summary>
    private static readonly string[] Databases = ["store.db", "search.db", "spam.db"];

    /// <summary>As they are now; settings (*.yaml) are somebody else's to copy, for they may hold secrets.</summary>
    public static IReadOnlyList<OtherFile> In(string folder)
    {
        var files = new List<OtherFile>();
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (IsLeftOut(entry.Name) || entry.LinkTarget is not null) continue;
            if (entry is FileInfo file) Add(file);
            else foreach (var below in ((DirectoryInfo)entry).EnumerateFiles("*", SearchOption.AllDirectories)) Add(below);
        }
        return files;

        void Add(FileInfo file)
        {
            // A socket or a device has no octets to copy.
            if (file.Length is 0 or > MostOctets || file.LinkTarget is not null) return;
            var name = Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            files.Add(new(name, string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}"), () =>
                Read(file.FullName)));
        }
    }

    private static bool IsLeftOut(string name) => LeftOut.Contains(name) || name[0] == '.'
        || name.StartsWith("before-", StringComparison.Ordinal)
        || name.EndsWith(".yaml", StringComparison.Ordinal) || Array.Exists(Databases, d => name.StartsWith(d, StringComparison.Ordinal));

    private static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
