using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What `aviso check --secrets` lists: each reference of the settings, where its value came from and how old it is; never the value.</summary>
internal static class SecretRows
{
    public static IEnumerable<Dictionary<string, object?>> Of(string path, SecretSource secrets, TimeProvider clock)
    {
        var rows = secrets.Rows().ToDictionary(r => r.Reference);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var reference in SettingsReferences.Of(File.ReadAllBytes(path)))
        {
            var (from, version, readAt, problem) = reference.Scheme switch
            {
                "env" => (Environment.GetEnvironmentVariable(reference.Body) is null ? "nowhere" : "environment", null, null, ""),
                "file" => OfFile(Path.GetFullPath(reference.Body, folder)),
                _ => VaultReference.TryParse(reference.Body, out var why) is { } wanted && rows.TryGetValue(wanted, out var row)
                    ? (row.From, row.Version, row.ReadAt, row.Problem) : ("nowhere", null, null, why),
            };
            yield return new()
            {
                ["key"] = reference.Key,
                ["line"] = reference.Line,
                ["reference"] = $"{reference.Scheme}:{reference.Body}",
                ["from"] = from,
                ["version"] = version,
                ["age_seconds"] = readAt is { } at ? (long)Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds) : null,
                ["problem"] = problem,
            };
        }
    }

    private static (string From, long? Version, DateTimeOffset? ReadAt, string Problem) OfFile(string path) => File.Exists(path)
        ? ("file", null, new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero), "") : ("nowhere", null, null, "there is no such file");
}
