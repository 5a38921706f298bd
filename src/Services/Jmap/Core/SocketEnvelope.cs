using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>What stands before the members of a response on a WebSocket (RFC 8887 §4.3).</summary>
/// <param name="RequestId">The id that the client gave its request; null without one.</param>
internal sealed record SocketEnvelope(string? RequestId)
{
    public void Write(Utf8JsonWriter writer, string type)
    {
        writer.WriteString("@type"u8, type);
        if (RequestId is not null) writer.WriteString("requestId"u8, RequestId);
    }
}
