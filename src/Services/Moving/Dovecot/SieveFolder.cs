using System.Text;

namespace Aviso.Moving;

/// <summary>Sieve scripts as Pigeonhole keeps them: `sieve/NAME.sieve`, and `.dovecot.sieve` that points at the active one (or is
/// it).</summary>
internal static class SieveFolder
{
    private const int MostOctets = 4 << 20;
    private const int MostScripts = 1000;

    /// <summary>Of the first of these homes that has any.</summary>
    public static SourceScripts Read(IReadOnlyList<string> homes, List<MoveNote> notes)
    {
        foreach (var home in homes)
        {
            var active = new FileInfo(Path.Combine(home, ".dovecot.sieve"));
            var folder = new DirectoryInfo(Path.Combine(home, "sieve"));
            if (!active.Exists && !folder.Exists && active.LinkTarget is null) continue;
            return Read(new Fence(home), active, folder, notes);
        }
        return SourceScripts.None;
    }

    private static SourceScripts Read(Fence home, FileInfo active, DirectoryInfo folder, List<MoveNote> notes)
    {
        var scripts = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (folder.Exists && IsWithin(home, folder, notes))
        {
            foreach (var file in folder.EnumerateFiles("*.sieve").OrderBy(file => file.Name, StringComparer.Ordinal).Take(MostScripts)
                .Where(file => IsWithin(home, file, notes)))
            {
                if (home.Small(file.FullName, MostOctets) is { } text) scripts[Path.GetFileNameWithoutExtension(file.Name)] = text;
            }
        }
        if (active.LinkTarget is { } target)
        {
            // Only the name counts: the link may be of a container, where the folder is elsewhere.
            var name = Path.GetFileNameWithoutExtension(target);
            if (scripts.ContainsKey(name)) return new(scripts, name);
            if (active.Exists && !IsWithin(home, active, notes)) return new(scripts, null);
            if (home.Small(active.FullName, MostOctets) is { } linked)
            {
                scripts[name] = linked;
                return new(scripts, name);
            }
            notes.Add(new(NoteKind.Damaged, active.FullName, $"points at {target}, which is not there: no script is active"));
            return new(scripts, null);
        }
        if (!active.Exists || home.Small(active.FullName, MostOctets) is not { } own) return new(scripts, null);
        // A copy of a script in the folder is that script.
        var same = scripts.FirstOrDefault(script => script.Value.AsSpan().SequenceEqual(own)).Key;
        if (same is null)
        {
            same = scripts.ContainsKey("dovecot") ? "dovecot-active" : "dovecot";
            scripts[same] = own;
        }
        return new(scripts, same);
    }

    private static bool IsWithin(Fence home, FileSystemInfo script, List<MoveNote> notes)
    {
        if (home.Holds(script.FullName)) return true;
        notes.Add(new(NoteKind.Lost, script.FullName, "is a link that leads out of its home: it is not read"));
        return false;
    }

    /// <summary>The octets as text; null when they are not UTF-8.</summary>
    public static string? Text(byte[] octets)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(octets);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
