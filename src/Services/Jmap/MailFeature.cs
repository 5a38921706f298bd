using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The mail capability (RFC 8621 §1.3.1): its limits and its methods.</summary>
internal static class MailFeature
{
    /// <summary>Octets of all blobs of one message, before they are encoded.</summary>
    public const long MostAttachmentOctets = 50_000_000;

    /// <summary>Levels of mailboxes, and octets of one level's name: what is longer in all is said when it is set.</summary>
    private const int MostDepth = 32, MostNameOctets = 490;

    public static Feature Of(MailRoom room, JmapLimits limits) => new(
        new(Capabilities.Mail) { Account = static (writer, _) => Write(writer), IsFor = static user => user.SeesMail },
        [
            new MailboxGetMethod(room, limits), new MailboxChangesMethod(room, limits), new MailboxQueryMethod(room, limits),
            new MailboxQueryChangesMethod(room, limits), new MailboxSetMethod(room, limits),
            new ThreadGetMethod(room, limits), new ThreadChangesMethod(room, limits),
            .. Readers(room, limits), new EmailChangesMethod(room, limits), new EmailSetMethod(room, limits),
            new EmailImportMethod(room, limits), new EmailCopyMethod(room, limits),
        ]);

    private static IMethod[] Readers(MailRoom room, JmapLimits limits)
    {
        var (store, mails, results) = (room.Store, room.Mail, new ResultLists(room.Store));
        return
        [
            new EmailGet(store, limits, mails), new EmailParse(room.Blobs, limits), new EmailQuery(limits, mails, results),
            new EmailQueryChanges(store, limits, mails, results), new SearchSnippetGet(store, limits, mails),
        ];
    }

    private static void Write(Utf8JsonWriter writer)
    {
        writer.WriteNumber("maxMailboxesPerEmail"u8, MailboxIds.Most);
        writer.WriteNumber("maxMailboxDepth"u8, MostDepth);
        writer.WriteNumber("maxSizeMailboxName"u8, MostNameOctets);
        writer.WriteNumber("maxSizeAttachmentsPerEmail"u8, MostAttachmentOctets);
        writer.WriteTexts("emailQuerySortOptions"u8, EmailComparator.SortOptions);
        writer.WriteBoolean("mayCreateTopLevelMailbox"u8, true);
    }
}
