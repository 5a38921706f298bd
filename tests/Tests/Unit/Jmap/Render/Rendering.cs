using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Mime;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Messages to Email objects, without a store.</summary>
internal static class Rendering
{
    public static readonly RenderRequest Everything = new(
        new((EmailProperty)(int.MaxValue & ((1 << 26) - 1)) & ~EmailProperty.Metadata, []),
        BodyPartProperties.Parse(
            ["partId", "blobId", "size", "headers", "name", "type", "charset", "disposition", "cid", "language", "location", "subParts"],
            out _)!)
    {
        FetchAllBodyValues = true,
    };

    public static JsonElement Of(string message, params string[] properties) => Of(Octets(message), Request(properties));

    public static RenderRequest Request(params string[] properties)
    {
        var asked = EmailProperties.Parse(properties, out var unknown);
        return asked is null ? throw new ArgumentException(unknown) : new(asked, BodyPartProperties.Default);
    }

    public static byte[] Octets(string message) => Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n"));

    public static JsonElement Of(byte[] message, RenderRequest request)
    {
        var scanner = new MimeScanner();
        scanner.Append(message);
        var open = Open(message, scanner.Finish());
        // As they come out of the store: the parts through their index.
        var columns = RenderedColumns.Of(open) with
        {
            Envelope = ImapStructure.Envelope(
                open.Header.AsSpan(0, Math.Min(open.Header.Length, MimeLimits.Default.HeaderOctets)), utf8: true),
            Root = PartIndex.Read(PartIndex.Write(open.Root)),
        };
        return Of(columns, new(0, columns.Root, Reader(message)), request);
    }

    public static JsonElement Of(RenderedColumns columns, MessageOctets? octets, RenderRequest request)
    {
        var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            new EmailWriter(writer, request).Write(columns, octets, id => "blob-" + id);
            writer.WriteEndObject();
        }
        return JsonDocument.Parse(into.ToArray()).RootElement.Clone();
    }

    public static MessageOctets Open(byte[] message, MimePart root) => new(0, root, Reader(message));

    private static ReadOctets Reader(byte[] message) => (offset, into) =>
    {
        var count = (int)Math.Clamp(message.Length - offset, 0, into.Length);
        message.AsSpan((int)Math.Min(offset, message.Length), count).CopyTo(into);
        return count;
    };
}
