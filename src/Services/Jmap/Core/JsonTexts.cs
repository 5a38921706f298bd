using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Shapes that many answers have.</summary>
internal static class JsonTexts
{
    public static void WriteTexts(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    /// <summary>A list, or null where there is none.</summary>
    public static void WriteTextsOrNull(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyCollection<string> texts)
    {
        if (texts.Count == 0) writer.WriteNull(name);
        else writer.WriteTexts(name, texts);
    }
}
