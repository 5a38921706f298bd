using System.Text;
using System.Text.Json;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>
/// Header fields under names of their own (RFC 8621 §4.1.3), each as its "header:" property says it. They come from the ENVELOPE that the
/// store keeps where that says enough, so that a list of messages opens none of them.
/// </summary>
internal static class ConvenienceFields
{
    private static readonly (EmailProperty Property, string Name, HeaderProperty Field, int Place)[] All =
    [
        One(EmailProperty.MessageId, "messageId", "header:Message-ID:asMessageIds", EnvelopeReader.MessageId),
        One(EmailProperty.InReplyTo, "inReplyTo", "header:In-Reply-To:asMessageIds", EnvelopeReader.InReplyTo),
        One(EmailProperty.References, "references", "header:References:asMessageIds", -1),
        One(EmailProperty.Sender, "sender", "header:Sender:asAddresses", EnvelopeReader.Sender),
        One(EmailProperty.From, "from", "header:From:asAddresses", EnvelopeReader.From),
        One(EmailProperty.To, "to", "header:To:asAddresses", EnvelopeReader.To),
        One(EmailProperty.Cc, "cc", "header:Cc:asAddresses", EnvelopeReader.Cc),
        One(EmailProperty.Bcc, "bcc", "header:Bcc:asAddresses", EnvelopeReader.Bcc),
        One(EmailProperty.ReplyTo, "replyTo", "header:Reply-To:asAddresses", EnvelopeReader.ReplyTo),
        One(EmailProperty.Subject, "subject", "header:Subject:asText", EnvelopeReader.SubjectText),
        One(EmailProperty.SentAt, "sentAt", "header:Date:asDate", EnvelopeReader.Date),
    ];

    /// <summary>The ENVELOPE says all of them but references.</summary>
    public static bool AreInEnvelope(MimePart root) => (root.Marks & EnvelopeMarks.Inexact) == 0;

    public static void FromHeader(Utf8JsonWriter into, EmailProperty asked, ReadOnlySpan<byte> header)
    {
        foreach (var (property, name, field, _) in All)
        {
            if ((asked & property) != 0) HeaderValues.Property(into, field with { Name = name }, header);
        }
    }

    public static void FromEnvelope(Utf8JsonWriter into, EmailProperty asked, ReadOnlySpan<byte> envelope, EnvelopeMarks marks)
    {
        foreach (var (property, name, field, place) in All)
        {
            if ((asked & property) == 0 || place < 0) continue;
            into.WritePropertyName(name);
            // RFC 9051 §7.5.2: the ENVELOPE shows From in place of these two.
            var isFilled = (property == EmailProperty.Sender && (marks & EnvelopeMarks.Sender) == 0)
                || (property == EmailProperty.ReplyTo && (marks & EnvelopeMarks.ReplyTo) == 0);
            if (isFilled) into.WriteNullValue();
            else Value(into, field.Form, envelope, place);
        }
    }

    private static void Value(Utf8JsonWriter into, HeaderForm form, ReadOnlySpan<byte> envelope, int place)
    {
        if (form == HeaderForm.Addresses)
        {
            if (EnvelopeReader.AddressList(envelope, place) is { } list) HeaderValues.Addresses(into, list);
            else into.WriteNullValue();
        }
        else if (EnvelopeReader.Text(envelope, place) is not { } text) into.WriteNullValue();
        else HeaderValues.Value(into, form, Encoding.UTF8.GetBytes(text));
    }

    private static (EmailProperty Property, string Name, HeaderProperty Field, int Place) One(
        EmailProperty property, string name, string header, int place) =>
        (property, name, HeaderProperty.Parse(header) ?? throw new InvalidOperationException(header), place);
}
