namespace Aviso.Moving;

/// <summary>Files below a folder, those of other folders that links lead to left out.</summary>
internal static class ArchiveFolder
{
    private static readonly EnumerationOptions Below = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    public static IEnumerable<string> Files(string root) => Directory.EnumerateFiles(root, "*", Below);
}
