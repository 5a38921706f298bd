using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>The Mailbox object (RFC 8621 §2).</summary>
internal static class MailboxObject
{
    /// <summary>What changes often and by itself (§2.2: updatedProperties).</summary>
    public static readonly IReadOnlyList<string> Counts = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];

    /// <summary>What a client may set.</summary>
    public static readonly IReadOnlyList<string> Settable = ["name", "parentId", "role", "sortOrder", "isSubscribed"];

    private const char Separator = '/';

    private static readonly string[] Properties = ["id", .. Settable, .. Counts, "myRights"];

    public static bool IsProperty(string name) => Properties.Contains(name);

    public static bool IsServerSet(string name) => IsProperty(name) && !Settable.Contains(name);

    /// <summary>Of its own level. The one that IMAP writes INBOX is a name among others here.</summary>
    public static string NameOf(MailboxInfo mailbox) =>
        mailbox.SpecialUse == SpecialUse.Inbox ? "Inbox" : mailbox.Name[(mailbox.Name.LastIndexOf(Separator) + 1)..];

    public static IndexedMailbox? ParentOf(AccountMail mail, IndexedMailbox mailbox)
    {
        var end = mailbox.Info.Name.LastIndexOf(Separator);
        return end < 0 ? null : mail.Mailboxes.All.FirstOrDefault(parent => parent.Info.Name == mailbox.Info.Name[..end]);
    }

    /// <summary>The mailbox that a client calls by this id; null when there is none.</summary>
    public static IndexedMailbox? Find(AccountMail mail, string id) =>
        RecordId.TryParse(id, out var number) ? mail.Mailboxes.Find(new(number)) : null;

    public static void Write(Utf8JsonWriter into, AccountMail mail, IndexedMailbox mailbox, Func<string, bool> wants)
    {
        var info = mailbox.Info;
        var counts = mail.CountsOf(mailbox);
        into.WriteStartObject();
        if (wants("id")) into.WriteString("id"u8, mailbox.Id.ToString());
        if (wants("name")) into.WriteString("name"u8, NameOf(info));
        if (wants("parentId")) into.WriteString("parentId"u8, ParentOf(mail, mailbox)?.Id.ToString());
        if (wants("role")) into.WriteString("role"u8, MailboxRoles.Of(info.SpecialUse));
        if (wants("sortOrder")) into.WriteNumber("sortOrder"u8, info.SortOrder);
        if (wants("totalEmails")) into.WriteNumber("totalEmails"u8, counts.TotalEmails);
        if (wants("unreadEmails")) into.WriteNumber("unreadEmails"u8, counts.UnreadEmails);
        if (wants("totalThreads")) into.WriteNumber("totalThreads"u8, counts.TotalThreads);
        if (wants("unreadThreads")) into.WriteNumber("unreadThreads"u8, counts.UnreadThreads);
        if (wants("myRights")) WriteRights(into, info.SpecialUse == SpecialUse.Inbox);
        if (wants("isSubscribed")) into.WriteBoolean("isSubscribed"u8, info.Subscribed);
        into.WriteEndObject();
    }

    /// <summary>All of it, as a patch finds it.</summary>
    public static JsonObject Node(AccountMail mail, IndexedMailbox mailbox)
    {
        var octets = new ArrayBufferWriter<byte>(512);
        using (var into = new Utf8JsonWriter(octets)) Write(into, mail, mailbox, static _ => true);
        return JsonNode.Parse(octets.WrittenSpan) as JsonObject ?? throw new InvalidOperationException("a mailbox is an object");
    }

    /// <summary>The account is the user's own: all rights, but that INBOX keeps its name and stays (RFC 9051 §5.1).</summary>
    public static void WriteRights(Utf8JsonWriter into, bool isInbox)
    {
        into.WriteStartObject("myRights"u8);
        into.WriteBoolean("mayReadItems"u8, true);
        into.WriteBoolean("mayAddItems"u8, true);
        into.WriteBoolean("mayRemoveItems"u8, true);
        into.WriteBoolean("maySetSeen"u8, true);
        into.WriteBoolean("maySetKeywords"u8, true);
        into.WriteBoolean("mayCreateChild"u8, true);
        into.WriteBoolean("mayRename"u8, !isInbox);
        into.WriteBoolean("mayDelete"u8, !isInbox);
        into.WriteBoolean("maySubmit"u8, true);
        into.WriteEndObject();
    }
}
