using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Aviso.Store;

/// <summary>
/// Documents whose value is JSON, written and read in one way. One that cannot be read is as good as none: it is counted, and whoever keeps
/// such documents goes on without it, for a start must not fail over a spoilt row.
/// </summary>
public static class Documents
{
    /// <summary>A document with <paramref name="value"/> as JSON; gone after <paramref name="expiresAt"/> (Unix seconds), 0:
    /// never.</summary>
    public static Document Of<T>(DocumentKey key, T value, JsonTypeInfo<T> type, long changedAt, long expiresAt = 0) =>
        new(key, JsonSerializer.SerializeToUtf8Bytes(value, type), changedAt, expiresAt);

    /// <summary>The value; null when it is no JSON of this form.</summary>
    public static T? Read<T>(this Document document, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(document.Value, type);
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException or NotSupportedException)
        {
            StoreMeters.Unreadable(document.Key.Kind);
            return default;
        }
    }
}
