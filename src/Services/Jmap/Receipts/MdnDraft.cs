using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Reads an MDN that a client wants to send (RFC 9007 §2); what is wrong with it fails with invalidProperties.</summary>
internal static class MdnDraft
{
    /// <summary>Characters of a text, of a field, and how many fields of its own a client may add.</summary>
    private const int MostText = 64 * 1024, MostField = 500, MostFields = 20;

    public static Mdn Read(JsonElement value)
    {
        if (!value.TryGetProperty("disposition"u8, out var given)) throw Wrong("disposition", "missing");
        var mdn = new Mdn(Disposition(given));
        foreach (var property in value.EnumerateObject()) mdn = With(mdn, property.Name, property.Value);
        return mdn.ForEmailId is null ? throw Wrong("forEmailId", "missing") : mdn;
    }

    private static Mdn With(Mdn mdn, string name, JsonElement value) => name switch
    {
        "disposition" => mdn,
        "forEmailId" => mdn with { ForEmailId = Text(name, value, MostField) },
        "subject" => mdn with { Subject = Text(name, value, MostField) },
        "textBody" => mdn with { TextBody = Text(name, value, MostText) },
        "includeOriginalMessage" when value.ValueKind is JsonValueKind.True or JsonValueKind.False =>
            mdn with { IncludeOriginalMessage = value.GetBoolean() },
        "includeOriginalMessage" => throw Wrong(name, "neither true nor false"),
        "reportingUA" => mdn with { ReportingUA = Field(name, value) },
        "finalRecipient" => mdn with { FinalRecipient = Field(name, value) },
        "extensionFields" => mdn with { ExtensionFields = Extensions(value) },
        // RFC 8620 §5.3: the default of a property may be sent.
        "mdnGateway" or "originalRecipient" or "originalMessageId" or "error" =>
            value.ValueKind == JsonValueKind.Null ? mdn : throw Wrong(name, "set by the server"),
        _ => throw Wrong(name, "not known"),
    };

    private static MdnDisposition Disposition(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object
            || value.EnumerateObject().Any(p => p.Name is not ("actionMode" or "sendingMode" or "type")))
            throw Wrong("disposition", "has an actionMode, a sendingMode and a type");
        var read = new MdnDisposition(Word("actionMode"), Word("sendingMode"), Word("type"));
        return read.IsKnown ? read : throw Wrong("disposition", "a word of it is not known");

        string Word(string name) =>
            value.TryGetProperty(name, out var word) && word.ValueKind == JsonValueKind.String ? word.GetString() ?? "" : "";
    }

    private static List<KeyValuePair<string, string>> Extensions(JsonElement value)
    {
        const string Name = "extensionFields";
        if (value.ValueKind == JsonValueKind.Null) return [];
        if (value.ValueKind != JsonValueKind.Object || value.GetPropertyCount() > MostFields)
            throw Wrong(Name, $"no object of at most {MostFields} fields");
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var field in value.EnumerateObject())
        {
            // RFC 5322 §3.6.8: field-name
            if (field.Name.Length is 0 or > 76 || Mdn.Fields.Contains(field.Name) || field.Name.Any(c => c is <= ' ' or ':' or > '~'))
                throw Wrong(Name, $"{field.Name} can be no field's name");
            fields.Add(new(field.Name, Field(Name, field.Value) ?? throw Wrong(Name, $"{field.Name} has no value")));
        }
        return fields;
    }

    // RFC 8098 §3.1: a notification is ASCII; a line end would begin another field.
    private static string? Field(string name, JsonElement value)
    {
        var text = Text(name, value, MostField)?.Trim();
        return text?.Any(c => c is < ' ' or > '~') == true ? throw Wrong(name, "no line of printable ASCII") : text;
    }

    private static string? Text(string name, JsonElement value, int most)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.String) throw Wrong(name, "no string");
        var text = value.GetString() ?? "";
        return text.Length <= most ? text : throw Wrong(name, $"longer than {most} characters");
    }

    public static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
