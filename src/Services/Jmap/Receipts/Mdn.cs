using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 9007 §2: how a message was disposed of; in lower case.</summary>
internal sealed record MdnDisposition(string ActionMode, string SendingMode, string Type)
{
    public bool IsAutomatic => SendingMode == "mdn-sent-automatically";

    /// <summary>Are these words of RFC 8098 §3.2.6.</summary>
    public bool IsKnown => ActionMode is "manual-action" or "automatic-action"
        && SendingMode is "mdn-sent-manually" or "mdn-sent-automatically"
        && Type is "deleted" or "dispatched" or "displayed" or "processed";

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("disposition"u8);
        writer.WriteString("actionMode"u8, ActionMode);
        writer.WriteString("sendingMode"u8, SendingMode);
        writer.WriteString("type"u8, Type);
        writer.WriteEndObject();
    }
}

/// <summary>An MDN (RFC 9007 §2).</summary>
internal sealed record Mdn(MdnDisposition Disposition)
{
    /// <summary>Fields of a notification that are properties here (RFC 8098 §3.1); all others are extensions.</summary>
    public static readonly IReadOnlySet<string> Fields = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "Reporting-UA", "MDN-Gateway", "Original-Recipient", "Final-Recipient", "Original-Message-ID", "Disposition", "Error",
    };

    public string? ForEmailId { get; init; }

    public string? Subject { get; init; }

    public string? TextBody { get; init; }

    public bool IncludeOriginalMessage { get; init; }

    public string? ReportingUA { get; init; }

    public string? MdnGateway { get; init; }

    public string? OriginalRecipient { get; init; }

    /// <summary>Such as "rfc822; john@example.com".</summary>
    public string? FinalRecipient { get; init; }

    /// <summary>With its angle brackets.</summary>
    public string? OriginalMessageId { get; init; }

    public IReadOnlyList<string> Errors { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> ExtensionFields { get; init; } = [];

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("forEmailId"u8, ForEmailId);
        writer.WriteString("subject"u8, Subject);
        writer.WriteString("textBody"u8, TextBody);
        writer.WriteBoolean("includeOriginalMessage"u8, IncludeOriginalMessage);
        writer.WriteString("reportingUA"u8, ReportingUA);
        Disposition.Write(writer);
        writer.WriteString("mdnGateway"u8, MdnGateway);
        writer.WriteString("originalRecipient"u8, OriginalRecipient);
        writer.WriteString("finalRecipient"u8, FinalRecipient);
        writer.WriteString("originalMessageId"u8, OriginalMessageId);
        writer.WriteTextsOrNull("error"u8, Errors);
        if (ExtensionFields.Count == 0) writer.WriteNull("extensionFields"u8);
        else
        {
            writer.WriteStartObject("extensionFields"u8);
            foreach (var (name, value) in ExtensionFields) writer.WriteString(name, value);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}
