using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>A call is answered with an error (RFC 8620 §3.6.2).</summary>
/// <param name="type">Of the RFC that defines it.</param>
/// <param name="more">Writes further members of the error object.</param>
internal sealed class MethodFailure(string type, string? description = null, Action<Utf8JsonWriter>? more = null)
    : Exception(description is null ? type : $"{type}: {description}")
{
    public string Type => type;

    /// <summary>For whoever debugs a client.</summary>
    public string? Description => description;

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        if (description is not null) writer.WriteString("description"u8, description);
        more?.Invoke(writer);
        writer.WriteEndObject();
    }

    public static MethodFailure InvalidArguments(string description) => new("invalidArguments", description);

    /// <param name="argument">Its name.</param>
    public static MethodFailure InvalidArgument(string argument, string why) =>
        new("invalidArguments", $"{argument}: {why}", writer =>
        {
            writer.WriteStartArray("arguments"u8);
            writer.WriteStringValue(argument);
            writer.WriteEndArray();
        });

    public static MethodFailure RequestTooLarge(string description) => new("requestTooLarge", description);

    public static MethodFailure CannotCalculateChanges() => new("cannotCalculateChanges");

    public static MethodFailure StateMismatch() => new("stateMismatch");
}
