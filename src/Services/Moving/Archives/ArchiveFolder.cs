namespace Aviso.Moving;

/// <summary>Files below a folder, those of other folders that links lead to left out.</summary>
internal static class ArchiveFolder
{
    private static readonly EnumerationOptions Below = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    /// <exception cref="SourceException">A folder may not be read: what is in it would be missing, and nobody would know.</exception>
    public static IEnumerable<string> Files(string root)
    {
        using var files = Directory.EnumerateFiles(root, "*", Below).GetEnumerator();
        while (Next(files, root)) yield return files.Current;
    }

    private static bool Next(IEnumerator<string> files, string root)
    {
        try
        {
            return files.MoveNext();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new SourceException($"{root} cannot be read by the server's user ({Environment.UserName}): {e.Message}", e);
        }
    }
}
