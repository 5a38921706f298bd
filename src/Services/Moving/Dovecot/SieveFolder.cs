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
            return Read(active, folder, notes);
        }
        return SourceScripts.None;
    }

    private static SourceScripts Read(FileInfo active, DirectoryInfo folder, List<MoveNote> notes)
    {
        var scripts = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        if (folder.Exists)
        {
            foreach (var file in folder.EnumerateFiles("*.sieve").OrderBy(file => file.Name, StringComparer.Ordinal).Take(MostScripts))
            {
                if (MaildirLayout.Small(file.FullName, MostOctets) is { } text) scripts[Path.GetFileNameWithoutExtension(file.Name)] = text;
            }
        }
        if (active.LinkTarget is { } target)
        {
            var name = Path.GetFileNameWithoutExtension(target);
            if (scripts.ContainsKey(name)) return new(scripts, name);
            if (MaildirLayout.Small(active.FullName, MostOctets) is { } linked)
            {
                scripts[name] = linked;
                return new(scripts, name);
            }
            notes.Add(new(NoteKind.Damaged, active.FullName, $"points at {target}, which is not there: no script is active"));
            return new(scripts, null);
        }
        if (!active.Exists || MaildirLayout.Small(active.FullName, MostOctets) is not { } own) return new(scripts, null);
        // A copy of a script in the folder is that script.
        var same = scripts.FirstOrDefault(script => script.Value.AsSpan().SequenceEqual(own)).Key;
        if (same is null)
        {
            same = scripts.ContainsKey("dovecot") ? "dovecot-active" : "dovecot";
            scripts[same] = own;
        }
        return new(scripts, same);
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
