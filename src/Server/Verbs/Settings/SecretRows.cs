using System.Text.Json.Nodes;
using Aviso.Admin;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>What `aviso check --secrets` lists: each reference of the settings, where its value came from and how old it is; never the
/// value.</summary>
internal static class SecretRows
{
    /// <param name="used">Version and age of what a running server uses, by path of Vault; see <see cref="UsedAsync"/>.</param>
    public static IEnumerable<JsonObject> Of(
        string path, SecretSource secrets, IReadOnlyDictionary<string, (long? Version, long Age)> used, TimeProvider clock)
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
                ["used_version"] = Used(reference, used)?.Version,
                ["used_age_seconds"] = Used(reference, used)?.Age,
                ["problem"] = problem,
            };
        }
    }

    /// <summary>Asks the server on this data folder; nothing when there is none, or it may not be asked.</summary>
    public static async Task<IReadOnlyDictionary<string, (long? Version, long Age)>> UsedAsync(string? data, CancellationToken cancel)
    {
        try
        {
            var reply = data is null ? null : await AdminClient.TryCallAsync(data, new("secrets.list", []), cancel);
            return (reply?.Result as JsonArray ?? []).ToDictionary(r => r!["path"]!.GetValue<string>(),
                r => (r!["version"]?.GetValue<long>(), r["age_seconds"]!.GetValue<long>()), StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return new Dictionary<string, (long?, long)>();
        }
    }

    private static (long? Version, long Age)? Used(
        SettingsReference reference, IReadOnlyDictionary<string, (long? Version, long Age)> used) =>
        reference.Scheme == VaultReference.Scheme && VaultReference.TryParse(reference.Body, out _) is { } wanted && used.TryGetValue(wanted.Path, out var found) ? found : null;

    private static (string From, long? Version, DateTimeOffset? ReadAt, string Problem) OfFile(string path) => File.Exists(path)
        ? ("file", null, new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero), "") : (
            "nowhere", null, null, "there is no such file");
}
