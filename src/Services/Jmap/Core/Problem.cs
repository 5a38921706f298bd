using System.Buffers;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Why a request is not processed at all: problem details (RFC 7807, RFC 8620 §3.6.1).</summary>
/// <param name="LimitName">Which limit it was.</param>
internal sealed record Problem(string Type, int Status, string Detail, string? LimitName = null)
{
    private const string Urn = "urn:ietf:params:jmap:error:";

    public static Problem NotJson(string detail) => new(Urn + "notJSON", 400, detail);

    public static Problem NotRequest(string detail) => new(Urn + "notRequest", 400, detail);

    public static Problem UnknownCapability(string uri) =>
        new(Urn + "unknownCapability", 400, $"the request uses the capability '{uri}', which this server does not have");

    /// <param name="property">Of <see cref="JmapLimits"/>; the client reads its name in the session.</param>
    public static Problem Limit(string property, int status, string detail) =>
        new(Urn + "limit", status, detail, JsonNamingPolicy.CamelCase.ConvertName(property));

    /// <summary>What has no type of its own (RFC 7807 §4.2).</summary>
    public static Problem Plain(int status, string detail) => new("about:blank", status, detail);

    /// <param name="envelope">Over a WebSocket it is a RequestError (RFC 8887 §4.3.4).</param>
    public JmapReply Reply(SocketEnvelope? envelope = null)
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            envelope?.Write(writer, "RequestError");
            writer.WriteString("type"u8, Type);
            writer.WriteNumber("status"u8, Status);
            writer.WriteString("detail"u8, Detail);
            if (LimitName is not null) writer.WriteString("limit"u8, LimitName);
            writer.WriteEndObject();
        }
        return new(Status, JmapReply.ProblemJson, octets.WrittenMemory);
    }
}
