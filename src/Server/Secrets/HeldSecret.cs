using System.Text.Json;
using Aviso.Base;
using Aviso.Settings;

namespace Aviso.Secrets;

/// <summary>One field's value.</summary>
/// <param name="IsMap">A JSON object as text.</param>
internal sealed record SecretField(string Text, bool IsMap)
{
    public override string ToString() => "(secret)";
}

/// <summary>The fields of one secret that the settings name, and no others: what else stands beside them is not ours to keep.</summary>
/// <param name="Version">Of KV version 2, else null.</param>
/// <param name="ReadAt">When Vault last gave these.</param>
/// <param name="FromCache">Kept from before this process started, and not confirmed since.</param>
internal sealed record HeldSecret(
    string Path, IReadOnlyDictionary<string, SecretField> Fields, long? Version, DateTimeOffset ReadAt, bool FromCache)
{
    public bool SameValues(HeldSecret other) => Fields.Count == other.Fields.Count
        && Fields.All(f => other.Fields.TryGetValue(f.Key, out var field) && field == f.Value);

    public bool Has(IEnumerable<string> fields) => fields.All(Fields.ContainsKey);

    /// <summary>Takes the wanted fields out of a secret, or says what is wrong with them. All or none: a secret changes as a
    /// whole.</summary>
    public static (HeldSecret? Held, VaultProblem? Problem) Of(
        string path, IReadOnlyList<string> wanted, VaultSecret secret, DateTimeOffset now)
    {
        var fields = new Dictionary<string, SecretField>(StringComparer.Ordinal);
        foreach (var name in wanted)
        {
            if (name == VaultReference.AllFields) fields[name] = new(secret.Data.GetRawText(), IsMap: true);
            else if (!secret.Data.TryGetProperty(name, out var value)) return (null, Lacks(path, name, secret.Data));
            else if (Field(value) is { } field) fields[name] = field;
            else return (null, new(VaultTrouble.Wrong, $"the field {name} of {path} in Vault is {Kind(value)}, not a text"));
        }
        return (new(path, fields, secret.Version, now, FromCache: false), null);
    }

    private static SecretField? Field(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new(value.GetString()!, false),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => new(value.GetRawText(), false),
        JsonValueKind.Object => new(value.GetRawText(), true),
        _ => null,
    };

    private static string Kind(JsonElement value) => value.ValueKind == JsonValueKind.Array ? "a list" : "null";

    private static VaultProblem Lacks(string path, string name, JsonElement data)
    {
        var names = data.EnumerateObject().Select(p => p.Name).Where(n => n.Length <= 100 && !n.Any(char.IsControl)).Take(1000).ToList();
        return new(VaultTrouble.Missing, $"{path} in Vault has no field {name}{Nearest.Hint(name, names)}");
    }
}
