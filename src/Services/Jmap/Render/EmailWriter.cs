using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>
/// Writes what is in the message itself: properties of RFC 8621 §4.1.3 and §4.1.4 into an Email object that is open; metadata
/// (§4.1.1) is the caller's.
/// </summary>
internal sealed class EmailWriter(Utf8JsonWriter into, RenderRequest request)
{
    private readonly EmailProperties _asked = request.Email;

    /// <summary>From what the store keeps about the message and, where <see cref="RenderRequest.NeedsOctets"/> or
    /// <see cref="ConvenienceFields.AreInEnvelope"/> wants it, its octets.</summary>
    public void Write(in RenderedColumns columns, MessageOctets? octets, Func<string, string> blobId)
    {
        Fields(columns, octets);
        if (_asked.Has(EmailProperty.Preview)) into.WriteString("preview"u8, columns.Preview.Span);
        if (!_asked.Has(EmailProperty.Parts | EmailProperty.BodyValues | EmailProperty.HasAttachment)) return;
        var root = BodyPart.Of(columns.Root);
        var lists = BodyLists.Of(root);
        if (_asked.Has(EmailProperty.HasAttachment)) into.WriteBoolean("hasAttachment"u8, lists.HasAttachment);
        Parts(root, lists, new(into, request.Parts, octets, blobId));
        if (!_asked.Has(EmailProperty.BodyValues)) return;
        into.WriteStartObject("bodyValues"u8);
        if (octets is not null && request.NeedsValues) Values(octets, root, lists);
        into.WriteEndObject();
    }

    private void Fields(in RenderedColumns columns, MessageOctets? octets)
    {
        var isInHeader = _asked.Has(EmailProperty.References) || columns.Envelope.IsEmpty || !ConvenienceFields.AreInEnvelope(columns.Root);
        if (octets is not null && isInHeader)
            ConvenienceFields.FromHeader(into, _asked.Asked, octets.Header);
        else ConvenienceFields.FromEnvelope(into, _asked.Asked, columns.Envelope.Span, columns.Root.Marks);
        if (octets is null) return;
        if (_asked.Has(EmailProperty.Headers))
        {
            into.WritePropertyName("headers"u8);
            HeaderValues.All(into, octets.Header);
        }
        foreach (var field in _asked.Fields) HeaderValues.Property(into, field, octets.Header);
    }

    private void Parts(BodyPart root, BodyLists lists, BodyPartWriter parts)
    {
        if (_asked.Has(EmailProperty.BodyStructure))
        {
            into.WritePropertyName("bodyStructure"u8);
            parts.Part(root);
        }
        List(EmailProperty.TextBody, "textBody"u8, lists.TextBody, parts);
        List(EmailProperty.HtmlBody, "htmlBody"u8, lists.HtmlBody, parts);
        List(EmailProperty.Attachments, "attachments"u8, lists.Attachments, parts);
    }

    private void List(EmailProperty property, ReadOnlySpan<byte> name, IReadOnlyList<BodyPart> list, BodyPartWriter parts)
    {
        if (!_asked.Has(property)) return;
        into.WritePropertyName(name);
        parts.List(list);
    }

    // Any text/* part of the lists asked for, each once.
    private void Values(MessageOctets octets, BodyPart root, BodyLists lists)
    {
        var wanted = new List<BodyPart>();
        if (request.FetchAllBodyValues) Leaves(root, wanted);
        else
        {
            if (request.FetchTextBodyValues) wanted.AddRange(lists.TextBody);
            if (request.FetchHtmlBodyValues) wanted.AddRange(lists.HtmlBody);
        }
        foreach (var part in wanted.Where(static part => part.IsText).Distinct())
        {
            into.WritePropertyName(part.Id ?? "");
            BodyValue.Read(octets, part, request.MaxBodyValueBytes).Write(into);
        }
    }

    private static void Leaves(BodyPart part, List<BodyPart> into)
    {
        if (!part.IsMultipart) into.Add(part);
        foreach (var child in part.SubParts) Leaves(child, into);
    }
}
