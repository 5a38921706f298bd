using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>What the store knows of an email beside its octets (RFC 8621 §4.1.1).</summary>
internal static class EmailMetadata
{
    public static void Write(Utf8JsonWriter into, AccountMail mail, in EmailRow row, EmailProperties asked)
    {
        into.WriteString("id"u8, row.Id.ToString());
        if (asked.Has(EmailProperty.BlobId)) into.WriteString("blobId"u8, BlobId.OfEmail(row.Id).ToString());
        if (asked.Has(EmailProperty.ThreadId)) into.WriteString("threadId"u8, row.Thread.ToString());
        if (asked.Has(EmailProperty.MailboxIds))
        {
            into.WriteStartObject("mailboxIds"u8);
            foreach (var mailbox in mail.MailboxesOf(row)) into.WriteBoolean(mailbox.Id.ToString(), true);
            into.WriteEndObject();
        }
        if (asked.Has(EmailProperty.Keywords))
        {
            into.WriteStartObject("keywords"u8);
            foreach (var keyword in mail.KeywordsOf(row)) into.WriteBoolean(keyword, true);
            into.WriteEndObject();
        }
        if (asked.Has(EmailProperty.Size)) into.WriteNumber("size"u8, row.Size);
        if (asked.Has(EmailProperty.ReceivedAt)) into.WriteString("receivedAt"u8, JsonDates.Utc(row.ReceivedAt));
    }
}
