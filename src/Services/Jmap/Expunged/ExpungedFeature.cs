using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Mail that left its last mailbox, and its way back: an extension of our own, by a name that nobody registers.
/// </summary>
internal static class ExpungedFeature
{
    public static Feature Of(MailRoom room, JmapLimits limits) => new(
        new(Capabilities.Expunged)
        {
            IsFor = static user => user.SeesMail,
            Account = (writer, _) => writer.WriteNumber("keptSeconds"u8, (long)room.Store.UndeleteWindow.TotalSeconds),
        },
        [new ExpungedEmailGet(room, limits), new ExpungedEmailRestore(room, limits)]);
}

/// <summary>An expunged email as JMAP shows it.</summary>
internal static class ExpungedObject
{
    /// <summary>mailbox: its name. keywords: as an Email has them. expungedBy: protocol, program and app password, "" for the
    /// server.</summary>
    public static readonly IReadOnlyList<string> Properties =
        ["id", "mailbox", "expungedAt", "expungedBy", "receivedAt", "size", "keywords", "from", "to", "subject"];

    private static readonly (SystemFlags Flag, string Keyword)[] Flags =
    [
        (SystemFlags.Seen, "$seen"), (SystemFlags.Answered, "$answered"), (SystemFlags.Flagged, "$flagged"), (SystemFlags.Draft, "$draft"),
    ];

    /// <summary>Those of the ids that can be one's.</summary>
    public static IReadOnlyList<EmailId> Emails(IReadOnlyList<string> ids)
    {
        var emails = new List<EmailId>(ids.Count);
        foreach (var id in ids)
        {
            if (RecordId.TryParse(id, out var value)) emails.Add(new(value));
        }
        return emails;
    }

    public static void Write(ExpungedEmail email, Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, email.Email.ToString());
        if (wants("mailbox")) writer.WriteString("mailbox"u8, email.Mailbox);
        if (wants("expungedAt")) writer.WriteString("expungedAt"u8, JsonDates.Utc(email.ExpungedAt));
        if (wants("expungedBy")) writer.WriteString("expungedBy"u8, email.By);
        if (wants("receivedAt")) writer.WriteString("receivedAt"u8, JsonDates.Utc(email.InternalDate));
        if (wants("size")) writer.WriteNumber("size"u8, email.Size);
        if (wants("keywords")) WriteKeywords(email, writer);
        var asked = (wants("from") ? EmailProperty.From : default) | (wants("to") ? EmailProperty.To : default)
            | (wants("subject") ? EmailProperty.Subject : default);
        ConvenienceFields.FromEnvelope(writer, asked, email.Envelope, default);
        writer.WriteEndObject();
    }

    private static void WriteKeywords(ExpungedEmail email, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("keywords"u8);
        foreach (var (flag, keyword) in Flags)
        {
            if ((email.Flags & flag) != 0) writer.WriteBoolean(keyword, true);
        }
        foreach (var keyword in email.Keywords.Select(k => k.ToLowerInvariant()).Distinct(StringComparer.Ordinal))
            writer.WriteBoolean(keyword, true);
        writer.WriteEndObject();
    }
}
