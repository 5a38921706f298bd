using System.Collections.Frozen;

namespace Aviso.Jmap;

/// <summary>Properties of Email by RFC 8621 §4.1, header fields by name aside.</summary>
[Flags]
internal enum EmailProperty
{
    None = 0, Id = 1, BlobId = 1 << 1, ThreadId = 1 << 2, MailboxIds = 1 << 3, Keywords = 1 << 4, Size = 1 << 5, ReceivedAt = 1 << 6,
    MessageId = 1 << 7, InReplyTo = 1 << 8, References = 1 << 9, Sender = 1 << 10, From = 1 << 11, To = 1 << 12, Cc = 1 << 13,
    Bcc = 1 << 14, ReplyTo = 1 << 15, Subject = 1 << 16, SentAt = 1 << 17, HasAttachment = 1 << 18, Preview = 1 << 19, Headers = 1 << 20,
    BodyStructure = 1 << 21, BodyValues = 1 << 22, TextBody = 1 << 23, HtmlBody = 1 << 24, Attachments = 1 << 25,

    /// <summary>§4.1.1: facts of the store.</summary>
    Metadata = Id | BlobId | ThreadId | MailboxIds | Keywords | Size | ReceivedAt,

    /// <summary>§4.1.3: header fields under names of their own.</summary>
    Convenience = MessageId | InReplyTo | References | Sender | From | To | Cc | Bcc | ReplyTo | Subject | SentAt,

    /// <summary>§4.1.4: lists and trees of body parts.</summary>
    Parts = BodyStructure | TextBody | HtmlBody | Attachments,

    /// <summary>What Email/parse answers when nothing is asked (§4.9).</summary>
    ParseDefault = Convenience | HasAttachment | Preview | BodyValues | TextBody | HtmlBody | Attachments,

    /// <summary>What Email/get answers when nothing is asked (§4.2).</summary>
    GetDefault = Metadata | ParseDefault,
}

/// <summary>What is asked of each email: the argument "properties".</summary>
/// <param name="Fields">Header fields by name.</param>
internal sealed record EmailProperties(EmailProperty Asked, IReadOnlyList<HeaderProperty> Fields)
{
    private static readonly FrozenDictionary<string, EmailProperty> Names = new Dictionary<string, EmailProperty>
    {
        ["id"] = EmailProperty.Id,
        ["blobId"] = EmailProperty.BlobId,
        ["threadId"] = EmailProperty.ThreadId,
        ["mailboxIds"] = EmailProperty.MailboxIds,
        ["keywords"] = EmailProperty.Keywords,
        ["size"] = EmailProperty.Size,
        ["receivedAt"] = EmailProperty.ReceivedAt,
        ["messageId"] = EmailProperty.MessageId,
        ["inReplyTo"] = EmailProperty.InReplyTo,
        ["references"] = EmailProperty.References,
        ["sender"] = EmailProperty.Sender,
        ["from"] = EmailProperty.From,
        ["to"] = EmailProperty.To,
        ["cc"] = EmailProperty.Cc,
        ["bcc"] = EmailProperty.Bcc,
        ["replyTo"] = EmailProperty.ReplyTo,
        ["subject"] = EmailProperty.Subject,
        ["sentAt"] = EmailProperty.SentAt,
        ["hasAttachment"] = EmailProperty.HasAttachment,
        ["preview"] = EmailProperty.Preview,
        ["headers"] = EmailProperty.Headers,
        ["bodyStructure"] = EmailProperty.BodyStructure,
        ["bodyValues"] = EmailProperty.BodyValues,
        ["textBody"] = EmailProperty.TextBody,
        ["htmlBody"] = EmailProperty.HtmlBody,
        ["attachments"] = EmailProperty.Attachments,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public bool Has(EmailProperty some) => (Asked & some) != 0;

    /// <summary>Null when a name is none of them, which is <paramref name="unknown"/> then.</summary>
    public static EmailProperties? Parse(IEnumerable<string> names, out string unknown)
    {
        unknown = "";
        var asked = EmailProperty.None;
        var fields = new List<HeaderProperty>();
        foreach (var name in names)
        {
            if (Names.TryGetValue(name, out var property)) asked |= property;
            else if (HeaderProperty.Parse(name) is not { } field)
            {
                unknown = name;
                return null;
            }
            else if (!fields.Exists(f => f.Name == name)) fields.Add(field);
        }
        return new(asked, fields);
    }
}
