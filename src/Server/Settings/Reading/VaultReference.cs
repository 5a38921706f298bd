namespace Aviso.Settings;

/// <summary>What stands after <c>vault:</c>.</summary>
/// <param name="Path">As <c>vault kv get</c> takes it: the mount, then the secret, such as secret/platform.</param>
/// <param name="Field">The name of the field; * for all fields as one JSON object.</param>
public sealed record VaultReference(string Path, string Field)
{
    public const string Scheme = "vault";
    public const string AllFields = "*";
    private const int MaxLength = 1000;

    public override string ToString() => $"{Scheme}:{Path}#{Field}";

    /// <summary>Null with the reason.</summary>
    public static VaultReference? TryParse(string body, out string problem)
    {
        var hash = body.IndexOf('#');
        var path = hash < 0 ? body : body[..hash];
        var field = hash < 0 ? "" : body[(hash + 1)..];
        problem = Problem(path, field);
        return problem.Length == 0 ? new(path, field) : null;
    }

    private static string Problem(string path, string field)
    {
        if (path.Length == 0) return "`vault:` needs a path and a field: vault:secret/mail#password";
        if (path.Length > MaxLength || field.Length > MaxLength) return "this reference is too long";
        if (path.StartsWith("http", StringComparison.OrdinalIgnoreCase) && path.Contains("://", StringComparison.Ordinal))
            return "the address of Vault stands in `vault.address`; here is only a path, such as vault:secret/mail#password";
        if (path.StartsWith('/')) return $"leave out the slash before the path: vault:{path.TrimStart('/')}#{field}";
        var parts = path.Split('/');
        if (parts.Length < 2 || parts.Any(p => p.Length == 0 || p is "." or ".." || p.Any(char.IsControl)))
            return "the path is the mount and the secret, such as secret/mail";
        if (field.Length == 0) return $"`vault:{path}` needs a field: vault:{path}#FIELD, or #* for all fields as one JSON object";
        return field.Any(char.IsControl) ? "the name of the field has control characters" : "";
    }
}

/// <summary><c>vault:PATH#FIELD</c> where Vault is not asked: the reference may be written right, its value is not known.</summary>
public sealed class VaultReferences : IReferenceResolver
{
    public string Scheme => VaultReference.Scheme;

    public Reference Resolve(string body, string folder) => new(null, VaultReference.TryParse(body, out var problem) is null
        ? problem : "Vault was not asked for this value");
}

/// <summary>What a settings file wants of Vault, found before anything in it has a type.</summary>
/// <param name="Vault">Null when the file has no section `vault`.</param>
/// <param name="Data">The data folder; null when it cannot be told.</param>
/// <param name="References">Each once.</param>
public sealed record VaultWishes(VaultSection? Vault, string? Data, IReadOnlyList<VaultReference> References)
{
    private const int MostReferences = 1000;

    public static readonly VaultWishes None = new(null, null, []);

    /// <summary>Null when <paramref name="octets"/> are no YAML.</summary>
    internal static VaultWishes? Of(ReadOnlySpan<byte> octets, string name, string folder, References references)
    {
        var problems = new Problems();
        if (YamlTree.Read(octets, name, problems) is not MapNode root || problems.Count > 0) return null;
        var found = new HashSet<VaultReference>();
        VaultSection? vault = null;
        string? data = null;
        // What is wrong in here is reported by the reading that follows.
        var reading = new Reading(folder, references, new());
        foreach (var (key, _, value) in root.Entries)
        {
            if (key == "vault") vault = Read(value, reading);
            else if (key == "data") data = Types.Path.TryRead(value, key, reading, out var path) ? path : null;
            else
            {
                foreach (var (_, scalar) in SettingsReferences.Scalars(key, value))
                    if (Asked(scalar) is { } reference && found.Count < MostReferences) found.Add(reference);
            }
        }
        return new(vault, data is null ? null : Path.GetFullPath(data, folder), [.. found]);
    }

    /// <summary>Keys whose values are needed before Vault can be asked.</summary>
    internal static bool ComesBefore(string path) => path == "data" || path.StartsWith("vault.", StringComparison.Ordinal);

    private static VaultSection? Read(Node node, Reading reading)
    {
        var section = new VaultSection();
        if (!VaultSection.Table.TryRead(node, "vault", reading, section)) return null;
        VaultChecks.Run(section, reading.Problems);
        // The second reading says what is wrong; Vault is not asked by half of its settings.
        return reading.Problems.Found.Any(p => p.Path.StartsWith("vault", StringComparison.Ordinal)) ? null : section;
    }

    private static VaultReference? Asked(ScalarNode scalar) => scalar.Text.StartsWith("vault:", StringComparison.Ordinal)
        ? VaultReference.TryParse(scalar.Text["vault:".Length..], out _) : null;
}
