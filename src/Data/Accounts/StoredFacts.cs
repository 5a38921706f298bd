using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What verbs made, as kept in fact rows: kind "account", "alias" or "domain", key the address or name, value JSON.</summary>
internal sealed class StoredFacts
{
    public const string Accounts = "account";
    public const string Aliases = "alias";
    public const string Domains = "domain";

    private readonly Dictionary<(string Kind, string Key), FactRow> _rows = [];

    public static async Task<StoredFacts> ReadAsync(IAccountRows rows, CancellationToken cancel)
    {
        var facts = new StoredFacts();
        foreach (var kind in (string[])[Accounts, Aliases, Domains])
        {
            foreach (var row in await rows.ListFactsAsync(kind, cancel)) facts._rows[(kind, row.Key)] = row;
        }
        return facts;
    }

    public void Apply(FactEdit edit)
    {
        if (edit.Value is { } value) _rows[(edit.Kind, edit.Key)] = new(edit.Kind, edit.Key, value, 0);
        else _rows.Remove((edit.Kind, edit.Key));
    }

    public IEnumerable<(string Key, T Value)> All<T>(string kind) =>
        _rows.Where(r => r.Key.Kind == kind).Select(r => (r.Key.Key, Read<T>(r.Value.Value))).OrderBy(r => r.Key, StringComparer.Ordinal);

    public T? Find<T>(string kind, string key) where T : class =>
        _rows.TryGetValue((kind, key), out var row) ? Read<T>(row.Value) : null;

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, FactsJson.Of<T>());

    private static T Read<T>(string value) => JsonSerializer.Deserialize(value, FactsJson.Of<T>())!;
}

/// <param name="Value">Null removes.</param>
internal sealed record FactEdit(string Kind, string Key, string? Value);

internal sealed record StoredAccount(
    long QuotaOctets = 0, bool Suspended = false, IReadOnlyList<string>? SendAs = null, IReadOnlyList<string>? ForwardTo = null);

internal sealed record StoredAlias(IReadOnlyList<string> To);

internal sealed record StoredDomain(string? CatchAll = null, string? AliasOf = null);

/// <summary>How facts become JSON: written by the compiler, since the native binary reflects about nothing. What is not set is left
/// out.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(StoredAccount))]
[JsonSerializable(typeof(StoredAlias))]
[JsonSerializable(typeof(StoredDomain))]
internal sealed partial class FactsJson : JsonSerializerContext
{
    /// <summary>Of one of the types above.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Default.GetTypeInfo(typeof(T))!;
}
