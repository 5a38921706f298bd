using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Why one create, update or destroy was rejected (RFC 8620 §5.3).</summary>
internal sealed record SetError(string Type, string? Description = null)
{
    /// <summary>Of invalidProperties: which.</summary>
    public IReadOnlyList<string> Properties { get; init; } = [];

    /// <summary>Writes further members, such as existingId.</summary>
    public Action<Utf8JsonWriter>? More { get; init; }

    public static SetError NotFound { get; } = new("notFound");

    public static SetError Singleton { get; } = new("singleton");

    public static SetError InvalidProperty(string property, string why) =>
        new("invalidProperties", $"{property}: {why}") { Properties = [property] };

    public static SetError InvalidPatch(string why) => new("invalidPatch", why);

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type);
        if (Description is not null) writer.WriteString("description"u8, Description);
        if (Properties.Count > 0) writer.WriteTexts("properties"u8, Properties);
        More?.Invoke(writer);
        writer.WriteEndObject();
    }
}
