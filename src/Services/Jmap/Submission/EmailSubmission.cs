using System.Buffers;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §7: undoStatus.</summary>
internal enum UndoStatus
{
    Pending, Final, Canceled,
}

/// <summary>What a recipient's server, or ours, has answered.</summary>
/// <param name="Delivered">RFC 8621 §7: queued, yes, no or unknown.</param>
internal sealed record DeliveryStatus(string SmtpReply, string Delivered);

/// <summary>An EmailSubmission (RFC 8621 §7), as it is kept.</summary>
/// <param name="SendAt">Unix seconds UTC.</param>
internal sealed record EmailSubmission(
    string Id, string IdentityId, string EmailId, string ThreadId, SubmissionEnvelope Envelope, long SendAt, UndoStatus Undo)
{
    public static readonly IReadOnlyList<string> Properties =
    [
        "id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds",
    ];

    /// <summary>By address of a recipient; null while nothing is known.</summary>
    public IReadOnlyDictionary<string, DeliveryStatus>? Delivery { get; init; }

    /// <summary>As whom it was made: whoever releases it later may do no more.</summary>
    public IReadOnlyList<string> SendAs { get; init; } = [];

    public string UndoText => Undo switch
    {
        UndoStatus.Pending => "pending",
        UndoStatus.Final => "final",
        _ => "canceled",
    };

    public void Write(Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        if (wants("identityId")) writer.WriteString("identityId"u8, IdentityId);
        if (wants("emailId")) writer.WriteString("emailId"u8, EmailId);
        if (wants("threadId")) writer.WriteString("threadId"u8, ThreadId);
        if (wants("envelope"))
        {
            writer.WritePropertyName("envelope"u8);
            Envelope.Write(writer);
        }
        if (wants("sendAt")) writer.WriteString("sendAt"u8, JsonDates.Utc(SendAt));
        if (wants("undoStatus")) writer.WriteString("undoStatus"u8, UndoText);
        if (wants("deliveryStatus")) WriteDelivery(writer);
        if (wants("dsnBlobIds")) writer.WriteTexts("dsnBlobIds"u8, []);
        if (wants("mdnBlobIds")) writer.WriteTexts("mdnBlobIds"u8, []);
        writer.WriteEndObject();
    }

    public byte[] Kept()
    {
        var octets = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            writer.WriteNumber("at"u8, SendAt);
            writer.WriteTexts("sendAs"u8, SendAs);
            writer.WritePropertyName("shown"u8);
            Write(writer, static _ => true);
            writer.WriteEndObject();
        }
        return octets.WrittenSpan.ToArray();
    }

    public static EmailSubmission Read(ReadOnlyMemory<byte> kept)
    {
        using var document = InternetJson.ParseOwn(kept);
        var shown = document.RootElement.GetProperty("shown"u8);
        return new(
            Text("id"), Text("identityId"), Text("emailId"), Text("threadId"),
            SubmissionEnvelope.Read(shown.GetProperty("envelope"u8)) ?? throw new FormatException("a submission without an envelope"),
            document.RootElement.GetProperty("at"u8).GetInt64(), UndoOf(Text("undoStatus")) ?? UndoStatus.Final)
        {
            SendAs = [.. document.RootElement.GetProperty("sendAs"u8).EnumerateArray().Select(a => a.GetString() ?? "")],
            Delivery = ReadDelivery(shown.GetProperty("deliveryStatus"u8)),
        };

        string Text(string name) => shown.GetProperty(name).GetString() ?? "";
    }

    public static UndoStatus? UndoOf(string text) => text switch
    {
        "pending" => UndoStatus.Pending,
        "final" => UndoStatus.Final,
        "canceled" => UndoStatus.Canceled,
        _ => null,
    };

    private void WriteDelivery(Utf8JsonWriter writer)
    {
        if (Delivery is null)
        {
            writer.WriteNull("deliveryStatus"u8);
            return;
        }
        writer.WriteStartObject("deliveryStatus"u8);
        foreach (var (email, status) in Delivery)
        {
            writer.WriteStartObject(email);
            writer.WriteString("smtpReply"u8, status.SmtpReply);
            writer.WriteString("delivered"u8, status.Delivered);
            writer.WriteString("displayed"u8, "unknown"u8);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static Dictionary<string, DeliveryStatus>? ReadDelivery(JsonElement map) => map.ValueKind != JsonValueKind.Object ? null
        : map.EnumerateObject().ToDictionary(
            m => m.Name, m => new DeliveryStatus(
                m.Value.GetProperty("smtpReply"u8).GetString() ?? "", m.Value.GetProperty("delivered"u8).GetString() ?? ""),
            StringComparer.Ordinal);
}
