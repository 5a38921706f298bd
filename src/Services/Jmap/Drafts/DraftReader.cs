using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>Reads an object's members one by one; a rule that is broken becomes a <see cref="SetError"/>.</summary>
internal sealed class DraftException(SetError error) : Exception(error.Description)
{
    public SetError Error => error;

    public static DraftException Invalid(string property, string why) => new(SetError.InvalidProperty(property, why));
}

/// <summary>
/// The body of an Email to be created (RFC 8621 §4.6): a whole bodyStructure, or textBody, htmlBody and attachments that are put together
/// here. Properties in errors are named from the email down, such as "bodyStructure/subParts/0".
/// </summary>
internal sealed class DraftReader(JsonElement email)
{
    private const int MostParts = 1_000, MostDepth = 64;

    private readonly Dictionary<string, string> _values = Values(email);
    private int _parts;

    /// <summary>The root of the part tree; an empty text when there is no body at all.</summary>
    /// <exception cref="DraftException">A rule of §4.6 is broken.</exception>
    public DraftPart Read()
    {
        var structure = Member(email, "bodyStructure");
        if (structure is null) return Assembled();
        foreach (var other in (string[])["textBody", "htmlBody", "attachments"])
            if (Member(email, other) is not null) throw DraftException.Invalid(other, "given beside bodyStructure");
        return Part(structure.Value, "bodyStructure", 1);
    }

    private DraftPart Assembled()
    {
        var text = Only("textBody", "text/plain");
        var html = Only("htmlBody", "text/html");
        var attachments = List("attachments");
        // What the HTML shows is part of it (RFC 2387); the rest is beside the text.
        var inline = html is null ? [] : attachments.Where(static part => part.Cid is not null && part.Disposition == "inline").ToList();
        if (html is not null && inline.Count > 0) html = DraftPart.Multipart("related", inline.Prepend(html));
        var body = (text, html) switch
        {
            ({ } plain, { } rich) => DraftPart.Multipart("alternative", [plain, rich]),
            _ => text ?? html,
        };
        var others = attachments.Except(inline).ToList();
        if (others.Count == 0) return body ?? new() { Type = "text/plain", Text = "" };
        return DraftPart.Multipart("mixed", body is null ? others : others.Prepend(body));
    }

    private DraftPart? Only(string property, string type)
    {
        var parts = List(property);
        if (Member(email, property) is null) return null;
        if (parts.Count != 1) throw DraftException.Invalid(property, "it has exactly one part");
        return parts[0].Type == type ? parts[0] : throw DraftException.Invalid(property, $"its part is of type {type}");
    }

    private List<DraftPart> List(string property)
    {
        if (Member(email, property) is not { } list) return [];
        if (list.ValueKind != JsonValueKind.Array) throw DraftException.Invalid(property, "no list");
        var parts = list.EnumerateArray().Select((part, i) => Part(part, $"{property}/{i}", 1)).ToList();
        if (parts.Exists(static part => part.IsMultipart))
            throw DraftException.Invalid(property, "a multipart stands in bodyStructure only");
        return property != "attachments" ? parts
            : parts.ConvertAll(static part => part.Disposition is null ? Attached(part) : part);
    }

    private static DraftPart Attached(DraftPart part) => new()
    {
        Type = part.Type,
        Text = part.Text,
        BlobId = part.BlobId,
        Charset = part.Charset,
        Disposition = "attachment",
        Name = part.Name,
        Cid = part.Cid,
        Location = part.Location,
        Languages = part.Languages,
        Fields = part.Fields,
    };

    private DraftPart Part(JsonElement value, string at, int depth)
    {
        if (value.ValueKind != JsonValueKind.Object) throw DraftException.Invalid(at, "no object");
        if (++_parts > MostParts || depth > MostDepth) throw new DraftException(new("tooLarge", "too many parts"));
        var fields = new DraftFields(at, isRoot: false);
        foreach (var one in value.EnumerateObject()) Check(one, at, fields);
        var (partId, blobId) = (Text(value, "partId", at), Text(value, "blobId", at));
        var type = (Text(value, "type", at) ?? (partId is null ? "application/octet-stream" : "text/plain")).ToLowerInvariant();
        if (!IsType(type)) throw DraftException.Invalid(at + "/type", "no type");
        if (type.StartsWith("multipart/", StringComparison.Ordinal))
        {
            if (partId is not null || blobId is not null) throw DraftException.Invalid(at, "a multipart has no content of its own");
            if (fields.Of("Content-Type") is { } raw && raw.StartsWith("header:", StringComparison.Ordinal))
                throw DraftException.Invalid(at, "the type of a multipart is given as type");
            return Made(value, at, type, null, null, fields, Children(value, at, depth));
        }
        if (Member(value, "subParts") is { } some && (some.ValueKind != JsonValueKind.Array || some.GetArrayLength() > 0))
            throw DraftException.Invalid(at + "/subParts", "only a multipart has parts");
        if ((partId is null) == (blobId is null)) throw DraftException.Invalid(at, "either a partId or a blobId");
        if (partId is null) return Made(value, at, type, null, blobId, fields, []);
        foreach (var other in (string[])["charset", "size"])
            if (Member(value, other) is not null) throw DraftException.Invalid($"{at}/{other}", "given with a partId");
        return _values.TryGetValue(partId, out var text) ? Made(value, at, type, text, null, fields, [])
            : throw DraftException.Invalid(at + "/partId", "bodyValues has no such part");
    }

    private List<DraftPart> Children(JsonElement value, string at, int depth)
    {
        if (Member(value, "subParts") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
            throw DraftException.Invalid(at + "/subParts", "missing");
        return [.. list.EnumerateArray().Select((part, i) => Part(part, $"{at}/subParts/{i}", depth + 1))];
    }

    private static DraftPart Made(
        JsonElement value, string at, string type, string? text, string? blobId, DraftFields fields, List<DraftPart> children) => new()
        {
            Type = type,
            Text = text,
            BlobId = blobId,
            Children = children,
            Charset = Token(value, "charset", at),
            Disposition = Token(value, "disposition", at)?.ToLowerInvariant(),
            Name = Text(value, "name", at),
            Cid = Printable(value, "cid", at),
            Location = Printable(value, "location", at),
            Languages = Languages(value, at),
            Fields = fields.All,
        };

    private static void Check(JsonProperty one, string at, DraftFields fields)
    {
        switch (one.Name)
        {
            case "partId" or "blobId" or "size" or "charset" or "subParts":
                return;
            case "type" or "name":
                fields.Claim(one, "Content-Type", shared: true);
                return;
            case "disposition":
                fields.Claim(one, "Content-Disposition", shared: true);
                return;
            case "cid":
                fields.Claim(one, "Content-ID");
                return;
            case "language":
                fields.Claim(one, "Content-Language");
                return;
            case "location":
                fields.Claim(one, "Content-Location");
                return;
            default:
                if (!one.Name.StartsWith("header:", StringComparison.Ordinal))
                    throw DraftException.Invalid($"{at}/{one.Name}", "not a property that can be set");
                fields.Add(one);
                return;
        }
    }

    private static Dictionary<string, string> Values(JsonElement email)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Member(email, "bodyValues") is not { } map) return values;
        if (map.ValueKind != JsonValueKind.Object) throw DraftException.Invalid("bodyValues", "no object");
        foreach (var one in map.EnumerateObject())
        {
            if (one.Value.ValueKind != JsonValueKind.Object) throw DraftException.Invalid("bodyValues", $"{one.Name} is no object");
            string? text = null;
            foreach (var member in one.Value.EnumerateObject())
            {
                if (member.Name == "value" && member.Value.ValueKind == JsonValueKind.String) text = member.Value.GetString();
                else if (member.Name is not ("isEncodingProblem" or "isTruncated") || member.Value.ValueKind != JsonValueKind.False)
                    throw DraftException.Invalid($"bodyValues/{one.Name}/{member.Name}", "a value has its text and no fault");
            }
            values[one.Name] = text ?? throw DraftException.Invalid($"bodyValues/{one.Name}/value", "missing");
        }
        return values;
    }

    private static bool IsType(string type) =>
        type.Split('/') is [{ Length: > 0 } major, { Length: > 0 } minor] && IsToken(major) && IsToken(minor);

    // RFC 2045 §5.1: tspecials; "/" parts type and subtype.
    private static readonly System.Buffers.SearchValues<char> Specials = System.Buffers.SearchValues.Create("()<>@,;:\\\"[]?=");

    private static bool IsToken(string text) =>
        text.Length < 128 && !text.AsSpan().ContainsAnyExceptInRange('!', '~') && !text.AsSpan().ContainsAny(Specials);

    /// <summary>Null where it is absent or null.</summary>
    public static JsonElement? Member(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement of, string name, string at) => Member(of, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw DraftException.Invalid($"{at}/{name}", "no string");

    private static string? Token(JsonElement of, string name, string at) =>
        Text(of, name, at) is not { } text ? null : text.Length > 0 && IsToken(text) ? text
        : throw DraftException.Invalid($"{at}/{name}", "no token");

    /// <summary>What stands in a header as it is: no spaces, nothing beyond ASCII, no brackets.</summary>
    private static string? Printable(JsonElement of, string name, string at) => Text(of, name, at) switch
    {
        null => null,
        { Length: > 0 } text when !text.AsSpan().ContainsAnyExceptInRange('!', '~') && !text.AsSpan().ContainsAny('<', '>') => text,
        _ => throw DraftException.Invalid($"{at}/{name}", "it cannot stand in a header"),
    };

    private static List<string> Languages(JsonElement of, string at)
    {
        if (Member(of, "language") is not { } list) return [];
        if (list.ValueKind != JsonValueKind.Array) throw DraftException.Invalid($"{at}/language", "no list");
        var languages = new List<string>();
        foreach (var one in list.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.String || one.GetString() is not { Length: > 0 } text || !IsToken(text))
                throw DraftException.Invalid($"{at}/language", "not a list of language tags");
            languages.Add(text);
        }
        return languages;
    }
}
