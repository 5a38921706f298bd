namespace Aviso.Settings;

/// <summary>One reading of one file: problems, places, references.</summary>
internal sealed class Reading(string folder, References references, Problems problems)
{
    private readonly List<(string File, string Digest)> _files = [];

    public Problems Problems { get; } = problems;

    public Dictionary<string, Place> Places { get; } = new(StringComparer.Ordinal);

    public string Folder { get; } = folder;

    /// <summary>Files that references were read from, with what they held then.</summary>
    public IReadOnlyList<(string File, string Digest)> Files => _files;

    /// <summary>There was a <c>vault:</c> reference, whether it could be read or not.</summary>
    public bool AsksVault { get; private set; }

    public void Found(string path, Place place) => Places[path] = place;

    /// <summary>The scalar with its reference resolved, or null after reporting why there is none.</summary>
    /// <param name="takesMap">The key takes a JSON object.</param>
    public Resolved? Resolve(Node node, string path, string meaning, bool takesMap = false)
    {
        if (node is not ScalarNode scalar)
        {
            if (node is not BrokenNode)
                Problems.Add(node.Place, path, $"must be {meaning}, not a {(node is MapNode ? "map" : "list")}");
            return null;
        }
        if (scalar.IsNothing)
        {
            Problems.Add(node.Place, path, $"has no value; give {meaning}");
            return null;
        }
        if (scalar.Text.StartsWith("vault:", StringComparison.Ordinal))
        {
            AsksVault = true;
            if (VaultWishes.ComesBefore(path))
            {
                Problems.Add(node.Place, path, "cannot come from Vault: it is needed before Vault can be asked; use `env:` or `file:`");
                return null;
            }
        }
        if (references.TryResolve(scalar.Text, Folder) is not { } reference) return new(scalar.Text, null);
        if (reference.File is { } file && !_files.Exists(f => f.File == file)) _files.Add((file, reference.Digest));
        if (reference.IsMap && !takesMap)
        {
            Problems.Add(node.Place, path, $"must be {meaning}; what {scalar.Text} holds is a JSON object, not a text");
            return null;
        }
        if (reference.Text is { } text)
            return new(text, scalar.Text.StartsWith("literal:", StringComparison.Ordinal) ? null : scalar.Text);
        Problems.Add(node.Place, path, reference.Error ?? "cannot be read");
        return null;
    }
}
