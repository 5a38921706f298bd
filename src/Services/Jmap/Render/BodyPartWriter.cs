using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Writes EmailBodyPart objects (RFC 8621 §4.1.4).</summary>
/// <param name="octets">Null when no property asked for needs them.</param>
/// <param name="blobId">The blob of the part with this id.</param>
internal sealed class BodyPartWriter(Utf8JsonWriter into, BodyPartProperties properties, MessageOctets? octets, Func<string, string> blobId)
{
    private readonly Dictionary<BodyPart, long> _sizes = [];

    public void List(IReadOnlyList<BodyPart> parts)
    {
        into.WriteStartArray();
        foreach (var part in parts) Part(part);
        into.WriteEndArray();
    }

    public void Part(BodyPart part)
    {
        into.WriteStartObject();
        Identity(part);
        Content(part);
        if (octets is not null && (properties.Has(PartProperty.Headers) || properties.Fields.Count > 0)) Fields(part, octets);
        if (properties.Has(PartProperty.SubParts)) SubParts(part);
        into.WriteEndObject();
    }

    private void Identity(BodyPart part)
    {
        if (properties.Has(PartProperty.PartId)) into.WriteString("partId"u8, part.Id);
        if (properties.Has(PartProperty.BlobId)) into.WriteString("blobId"u8, part.Id is { } id ? blobId(id) : null);
        if (properties.Has(PartProperty.Size)) into.WriteNumber("size"u8, SizeOf(part));
    }

    private void Content(BodyPart part)
    {
        if (properties.Has(PartProperty.Name)) into.WriteString("name"u8, part.Name);
        if (properties.Has(PartProperty.Type)) into.WriteString("type"u8, part.Type);
        if (properties.Has(PartProperty.Charset)) into.WriteString("charset"u8, part.Charset);
        if (properties.Has(PartProperty.Disposition)) into.WriteString("disposition"u8, part.Mime.Disposition);
        if (properties.Has(PartProperty.Cid)) into.WriteString("cid"u8, part.Cid);
        if (properties.Has(PartProperty.Language))
        {
            into.WritePropertyName("language"u8);
            HeaderValues.Strings(into, part.Mime.Language);
        }
        if (properties.Has(PartProperty.Location)) into.WriteString("location"u8, part.Mime.Location);
    }

    private void Fields(BodyPart part, MessageOctets message)
    {
        var header = message.HeaderOf(part.Mime);
        if (properties.Has(PartProperty.Headers))
        {
            into.WritePropertyName("headers"u8);
            HeaderValues.All(into, header);
        }
        foreach (var field in properties.Fields) HeaderValues.Property(into, field, header);
    }

    private void SubParts(BodyPart part)
    {
        if (part.IsMultipart)
        {
            into.WritePropertyName("subParts"u8);
            List(part.SubParts);
        }
        else if (properties.SubPartsOfAll) into.WriteNull("subParts"u8);
    }

    // The octets of a multipart are what stands between its parts, too: they have no encoding and no blob.
    private long SizeOf(BodyPart part)
    {
        if (_sizes.TryGetValue(part, out var size)) return size;
        size = part.IsMultipart || octets is null ? part.Mime.BodyLength : octets.SizeOf(part.Mime);
        return _sizes[part] = size;
    }
}
