using System.Text;

namespace Aviso.Moving;

/// <summary>A folder of a Maildir tree.</summary>
/// <param name="Levels">As on disk; none: INBOX.</param>
internal sealed record MaildirFolder(string Path, string[] Levels);

/// <summary>Which folders there are: Maildir++ (`.A.B` beside INBOX) or Dovecot's LAYOUT=fs (folders within folders).</summary>
internal sealed record MaildirLayout(string Root, bool IsPlusPlus, IReadOnlyList<MaildirFolder> Folders)
{
    /// <summary>Folders that are not read, and why.</summary>
    public IReadOnlyList<MoveNote> LeftOut { get; init; } = [];

    /// <summary>Around the Maildir.</summary>
    public Fence Fence { get; } = new(Root);

    private const int MostFolders = 10_000;
    private const int Deepest = 32;

    /// <summary>Is there a Maildir at all?</summary>
    public static bool IsMaildir(string path) =>
        Directory.Exists(Path.Combine(path, "cur")) || Directory.Exists(Path.Combine(path, "INBOX", "cur"));

    /// <exception cref="SourceException">There is none, or it may not be read.</exception>
    public static MaildirLayout Find(string root)
    {
        if (!Directory.Exists(root)) throw new SourceException(File.Exists(root) ? $"{root} is a file, no Maildir"
            : $"there is no folder {root}");
        try
        {
            if (!IsMaildir(root) && !HasPlusPlus(root))
                throw new SourceException($"{root} is no Maildir: it has neither `cur` nor folders such as `.Sent` with a `cur` in them");
            var (folders, left) = (new List<MaildirFolder>(), new List<MoveNote>());
            if (Directory.Exists(Path.Combine(root, "cur"))) folders.Add(new(root, []));
            var isPlusPlus = HasPlusPlus(root);
            if (isPlusPlus) PlusPlus(root, folders, left);
            else Nested(root, [], folders, left);
            var inside = new Fence(root);
            var outside = folders.Where(folder => !IsWithin(inside, folder.Path)).ToList();
            left.AddRange(outside.Select(folder => new MoveNote(NoteKind.Damaged, folder.Path,
                $"is a link out of {root}, or has one in the place of `cur` or `new`: it is not read")));
            return new(root, isPlusPlus || folders.TrueForAll(folder => folder.Levels.Length == 0),
                [.. folders.Except(outside).OrderBy(f => string.Join('\u0001', f.Levels), StringComparer.Ordinal)])
            {
                LeftOut = left,
            };
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SourceException($"{root} may not be read by the server's user ({Environment.UserName}): {e.Message}", e);
        }
    }

    private static bool IsWithin(Fence fence, string folder) =>
        fence.Holds(folder) && fence.Holds(Path.Combine(folder, "cur")) && fence.Holds(Path.Combine(folder, "new"));

    private static bool HasPlusPlus(string root) => new DirectoryInfo(root).EnumerateDirectories(".*").Any(IsFolder);

    private static bool IsFolder(DirectoryInfo folder) => Exists(Path.Combine(folder.FullName, "cur"));

    /// <summary>There is such a folder. Where nobody may look, nobody can say that there is none.</summary>
    /// <exception cref="SourceException">It cannot be seen whether there is.</exception>
    public static bool Exists(string folder)
    {
        if (Directory.Exists(folder)) return true;
        if (Path.GetDirectoryName(folder) is not { } parent || !Exists(parent)) return false;
        try
        {
            var name = Path.GetFileName(folder);
            if (File.Exists(folder) || new DirectoryInfo(parent).EnumerateFileSystemInfos().All(entry => entry.Name != name)) return false;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SourceException($"{parent} may not be read by the server's user ({Environment.UserName})", e);
        }
        throw new SourceException($"{folder} may not be looked into by the server's user ({Environment.UserName})");
    }

    private static bool IsOwn(DirectoryInfo folder) => folder.Name is "cur" or "new" or "tmp" || folder.Name.StartsWith('.')
        || (folder.Name is "home" or "sieve" && !IsFolder(folder));

    private static void PlusPlus(string root, List<MaildirFolder> folders, List<MoveNote> left)
    {
        foreach (var folder in new DirectoryInfo(root).EnumerateDirectories(".*").Where(IsFolder))
        {
            if (folders.Count >= MostFolders) throw new SourceException($"{root} has more than {MostFolders} folders");
            var levels = folder.Name[1..].Split('.');
            if (Array.TrueForAll(levels, level => level.Length > 0) && levels.Length <= Deepest) folders.Add(new(folder.FullName, levels));
            else left.Add(new(NoteKind.Damaged, folder.FullName,
                $"its name has an empty level, or more than {Deepest}: no mailbox here can have it; rename it"));
        }
    }

    private static void Nested(string at, string[] levels, List<MaildirFolder> folders, List<MoveNote> left)
    {
        if (levels.Length >= Deepest)
        {
            if (new DirectoryInfo(at).EnumerateDirectories().Any(folder => !IsOwn(folder))) left.Add(new(NoteKind.Damaged, at,
                $"has folders below {Deepest} levels: no mailbox here can be so deep"));
            return;
        }
        foreach (var folder in new DirectoryInfo(at).EnumerateDirectories().Where(folder => !IsOwn(folder)))
        {
            if (folders.Count >= MostFolders) throw new SourceException($"{at} has more than {MostFolders} folders");
            string[] below = [.. levels, folder.Name];
            if (IsFolder(folder)) folders.Add(new(folder.FullName, below));
            // What lies below a link lies elsewhere too, or above it.
            if (folder.LinkTarget is null) Nested(folder.FullName, below, folders, left);
        }
    }

    /// <summary>Octets of a small file of a folder; null when there is none.</summary>
    /// <exception cref="SourceException">It is larger than <paramref name="most"/> or may not be read.</exception>
    public static byte[]? Small(string path, int most)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return null;
            return file.Length > most ? throw new SourceException($"{path} has {file.Length} octets, which is more than such a file has")
                : File.ReadAllBytes(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SourceException($"{path} may not be read by the server's user ({Environment.UserName})", e);
        }
    }

    public static string? SmallText(string path, int most) => Small(path, most) is { } octets ? Encoding.UTF8.GetString(octets) : null;
}
