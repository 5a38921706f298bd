using System.Globalization;
using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>
/// The header fields of an Email or part to be created, each from one property (RFC 8621 §4.6: no two for one field, no form that the
/// field does not have, Content- fields on parts only).
/// </summary>
internal sealed class DraftFields(string at, bool isRoot)
{
    private static readonly string[] OfServer = ["Content-Transfer-Encoding", "MIME-Version"];

    private readonly Dictionary<string, string> _claimed = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<DraftField> _fields = [];

    public IReadOnlyList<DraftField> All => _fields;

    public bool Has(string field) => _claimed.ContainsKey(field);

    /// <summary>The property that stands for the field.</summary>
    public string? Of(string field) => _claimed.GetValueOrDefault(field);

    /// <summary>A field that another property stands for.</summary>
    /// <param name="shared">Several properties may be parts of it.</param>
    public void Claim(JsonProperty one, string field, bool shared = false)
    {
        if (one.Value.ValueKind == JsonValueKind.Null) return;
        if (_claimed.TryGetValue(field, out var other) && !(shared && !other.StartsWith("header:", StringComparison.Ordinal)))
        {
            throw new DraftException(
                new("invalidProperties", $"{other} and {one.Name} are one header field") { Properties = [Name(other), Name(one.Name)] });
        }
        _claimed[field] = one.Name;
    }

    /// <summary>A property "header:...".</summary>
    public void Add(JsonProperty one)
    {
        Add(one, HeaderProperty.Parse(one.Name) ?? throw DraftException.Invalid(Name(one.Name), "no header field, or not in that form"));
    }

    /// <summary>A property that stands for a field in one form.</summary>
    public void Add(JsonProperty one, HeaderProperty property)
    {
        var field = property.Field;
        if (isRoot && field.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            throw DraftException.Invalid(Name(one.Name), "a field of body parts");
        if (OfServer.Contains(field, StringComparer.OrdinalIgnoreCase)) throw DraftException.Invalid(Name(one.Name), "the server sets it");
        if (one.Value.ValueKind == JsonValueKind.Null) return;
        Claim(one, field);
        if (!property.IsAll) _fields.Add(new(field, Octets(one.Name, field, property.Form, one.Value)));
        else if (one.Value.ValueKind != JsonValueKind.Array) throw DraftException.Invalid(Name(one.Name), "no list");
        else
        {
            foreach (var value in one.Value.EnumerateArray()) _fields.Add(new(field, Octets(one.Name, field, property.Form, value)));
        }
    }

    private string Name(string property) => isRoot ? property : $"{at}/{property}";

    private byte[] Octets(string name, string field, HeaderForm form, JsonElement value)
    {
        var octets = form switch
        {
            HeaderForm.Raw => Raw(field, value),
            HeaderForm.Text => String(value) is { } text ? new HeaderWriter().Text(field, text).ToArray() : null,
            HeaderForm.Addresses => AddressList(value) is { } list ? Addresses(field, list) : null,
            HeaderForm.GroupedAddresses => Groups(value) is { } groups ? Addresses(field, groups) : null,
            HeaderForm.MessageIds => InBrackets(value) is { } ids ? new HeaderWriter().Ids(field, ids).ToArray() : null,
            HeaderForm.Date => Date(value) is { } date ? new HeaderWriter().Date(field, date).ToArray() : null,
            _ => InBrackets(value) is { } urls
                ? new HeaderWriter().Raw(field, string.Join(", ", urls.Select(static url => $"<{url}>"))).ToArray() : null,
        };
        return octets ?? throw DraftException.Invalid(Name(name), "not of its form");
    }

    /// <summary>RFC 5322 §2.2.3: a line end only before white space, which makes it a fold.</summary>
    private static byte[]? Raw(string field, JsonElement value)
    {
        if (String(value) is not { } text || !Ascii.IsValid(text) || text.Contains('\0', StringComparison.Ordinal)) return null;
        var lines = text.Split("\r\n");
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].AsSpan().ContainsAny('\r', '\n')) return null;
            if (i > 0 && lines[i] is not [' ' or '\t', ..]) return null;
        }
        return Encoding.ASCII.GetBytes($"{field}:{text}\r\n");
    }

    private static byte[] Addresses(string field, List<HeaderAddress> list)
    {
        // RFC 6532: an address that is not ASCII stands in the header as it is.
        var utf8 = list.Concat(list.SelectMany(static one => one.Members ?? [])).Any(static one => !Ascii.IsValid(one.Address));
        var octets = new HeaderWriter(utf8).Addresses(field, list).ToArray();
        return octets.Length > 0 ? octets : Encoding.ASCII.GetBytes(field + ":\r\n");
    }

    private static List<HeaderAddress>? AddressList(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) return null;
        var list = new List<HeaderAddress>();
        foreach (var one in value.EnumerateArray())
        {
            if (!Has(one, "name", "email") || DraftReader.Member(one, "email") is not { } address) return null;
            if (String(address) is not { } email) return null;
            if (DraftReader.Member(one, "name") is not { } name) list.Add(Address("", email));
            else if (String(name) is { } phrase) list.Add(Address(phrase, email));
            else return null;
        }
        return list;
    }

    /// <summary>Of a draft it need not be whole (RFC 8621 §4.6).</summary>
    private static HeaderAddress Address(string name, string email)
    {
        if (!MailAddress.TryCut(email, out var local, out var domain)) return HeaderAddress.Of(name, email, "");
        return HeaderAddress.Of(name, MailAddress.TryUnquote(local, out var unquoted) ? unquoted : local.ToString(), domain.ToString());
    }

    private static List<HeaderAddress>? Groups(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) return null;
        var list = new List<HeaderAddress>();
        foreach (var one in value.EnumerateArray())
        {
            if (!Has(one, "name", "addresses") || DraftReader.Member(one, "addresses") is not { } addresses) return null;
            if (AddressList(addresses) is not { } members) return null;
            if (DraftReader.Member(one, "name") is not { } name) list.AddRange(members);
            else if (String(name) is { } phrase) list.Add(new() { RawName = phrase, Members = members });
            else return null;
        }
        return list;
    }

    private static bool Has(JsonElement one, string first, string second) =>
        one.ValueKind == JsonValueKind.Object && one.EnumerateObject().All(member => member.Name == first || member.Name == second);

    private static string? String(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Message ids and URLs: printable ASCII that can stand between angle brackets.</summary>
    private static List<string>? InBrackets(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) return null;
        var list = new List<string>();
        foreach (var one in value.EnumerateArray())
        {
            if (String(one) is not { Length: > 0 } text || text.AsSpan().ContainsAnyExceptInRange('!', '~')) return null;
            if (text.AsSpan().ContainsAny('<', '>')) return null;
            list.Add(text);
        }
        return list;
    }

    // RFC 8620 §1.4: RFC 3339 in capital letters.
    private static DateTimeOffset? Date(JsonElement value) => String(value) is { } text
        && DateTimeOffset.TryParseExact(text, Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    private static readonly string[] Rfc3339 = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
}
