using System.Text.Json;
using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>An Address of an envelope (RFC 8621 §7): a mailbox and the parameters of MAIL or RCPT, xtext undone.</summary>
/// <param name="Parameters">Names in upper case; null for those without a value.</param>
internal sealed record SubmissionAddress(string Email, IReadOnlyDictionary<string, string?> Parameters)
{
    private const int MostParameters = 20, MostValue = 1_000;

    public static SubmissionAddress Plain(string email) => new(email, new Dictionary<string, string?>());

    /// <summary>Null where the JSON is of another shape.</summary>
    public static SubmissionAddress? Read(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(m => m.Name is not ("email" or "parameters")))
            return null;
        if (!value.TryGetProperty("email"u8, out var email) || email.ValueKind != JsonValueKind.String) return null;
        var parameters = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (value.TryGetProperty("parameters"u8, out var given) && given.ValueKind != JsonValueKind.Null)
        {
            if (given.ValueKind != JsonValueKind.Object || given.GetPropertyCount() > MostParameters) return null;
            foreach (var one in given.EnumerateObject())
            {
                if (one.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)) return null;
                var text = one.Value.GetString();
                if (text?.Length > MostValue || !parameters.TryAdd(one.Name.ToUpperInvariant(), text)) return null;
            }
        }
        return new(email.GetString() ?? "", parameters);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("email"u8, Email);
        if (Parameters.Count == 0) writer.WriteNull("parameters"u8);
        else
        {
            writer.WriteStartObject("parameters"u8);
            foreach (var (name, value) in Parameters) writer.WriteString(name, value);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}

/// <summary>The Envelope (RFC 8621 §7).</summary>
internal sealed record SubmissionEnvelope(SubmissionAddress MailFrom, IReadOnlyList<SubmissionAddress> RcptTo)
{
    /// <summary>Null where the JSON is of another shape.</summary>
    public static SubmissionEnvelope? Read(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(m => m.Name is not ("mailFrom" or "rcptTo")))
            return null;
        if (!value.TryGetProperty("mailFrom"u8, out var from) || SubmissionAddress.Read(from) is not { } sender) return null;
        if (!value.TryGetProperty("rcptTo"u8, out var list) || list.ValueKind != JsonValueKind.Array) return null;
        var recipients = new List<SubmissionAddress>(list.GetArrayLength());
        foreach (var one in list.EnumerateArray())
        {
            if (SubmissionAddress.Read(one) is not { } recipient) return null;
            recipients.Add(recipient);
        }
        return new(sender, recipients);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("mailFrom"u8);
        MailFrom.Write(writer);
        writer.WriteStartArray("rcptTo"u8);
        foreach (var recipient in RcptTo) recipient.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Addresses that nobody can send to.</summary>
    public IReadOnlyList<string> Invalid => [.. RcptTo.Where(r => !MailAddress.TryParse(r.Email, out _)).Select(r => r.Email)];
}
