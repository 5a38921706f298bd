using System.Text;
using System.Text.Json;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>Writes values of header fields in the forms of RFC 8621 §4.1.2.</summary>
internal static class HeaderValues
{
    /// <summary>§4.1.3: the property with the field's last instance, or with all in the order of the message.</summary>
    public static void Property(Utf8JsonWriter into, HeaderProperty property, ReadOnlySpan<byte> header)
    {
        into.WritePropertyName(property.Name);
        if (property.IsAll) into.WriteStartArray();
        var isFound = false;
        ReadOnlySpan<byte> last = default;
        foreach (var field in new HeaderFields(header))
        {
            if (!field.Is(property.FieldOctets)) continue;
            if (property.IsAll) Value(into, property.Form, field.Value);
            else
            {
                isFound = true;
                last = field.Value;
            }
        }
        if (property.IsAll) into.WriteEndArray();
        else if (isFound) Value(into, property.Form, last);
        else into.WriteNullValue();
    }

    /// <summary>EmailHeader[]: every field, raw.</summary>
    public static void All(Utf8JsonWriter into, ReadOnlySpan<byte> header)
    {
        into.WriteStartArray();
        foreach (var field in new HeaderFields(header))
        {
            if (field.Name.IsEmpty) continue;
            into.WriteStartObject();
            into.WriteString("name"u8, field.Name);
            into.WriteString("value"u8, Raw(field.Value));
            into.WriteEndObject();
        }
        into.WriteEndArray();
    }

    /// <summary>One instance of a field.</summary>
    public static void Value(Utf8JsonWriter into, HeaderForm form, ReadOnlySpan<byte> value)
    {
        switch (form)
        {
            case HeaderForm.Text:
                into.WriteStringValue(HeaderText.Strict(value));
                break;
            case HeaderForm.Addresses:
                Addresses(into, AddressList.Parse(value));
                break;
            case HeaderForm.GroupedAddresses:
                GroupedAddresses(into, AddressList.Parse(value));
                break;
            case HeaderForm.MessageIds:
                Strings(into, MessageIds.Parse(value));
                break;
            case HeaderForm.Date:
                Date(into, MailDate.TryParse(value, out var date) ? date : null);
                break;
            case HeaderForm.Urls:
                Strings(into, UrlList.Parse(value));
                break;
            default:
                into.WriteStringValue(Raw(value));
                break;
        }
    }

    // §4.1.2.1: NUL is dropped, what is not UTF-8 becomes U+FFFD.
    private static string Raw(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(HeaderText.WithoutNul(value));

    /// <summary>EmailAddress[]: every mailbox, those of groups among them.</summary>
    public static void Addresses(Utf8JsonWriter into, IReadOnlyList<HeaderAddress> list)
    {
        into.WriteStartArray();
        foreach (var address in list)
        {
            if (address.Members is { } members) foreach (var member in members) Address(into, member);
            else Address(into, address);
        }
        into.WriteEndArray();
    }

    // EmailAddressGroup[]: mailboxes side by side outside of groups are one without a name.
    private static void GroupedAddresses(Utf8JsonWriter into, IReadOnlyList<HeaderAddress> list)
    {
        into.WriteStartArray();
        for (var i = 0; i < list.Count; i++)
        {
            into.WriteStartObject();
            Name(into, list[i].IsGroup ? list[i].RawName : "");
            into.WritePropertyName("addresses"u8);
            if (list[i].Members is { } members) Addresses(into, members);
            else
            {
                into.WriteStartArray();
                Address(into, list[i]);
                while (i + 1 < list.Count && !list[i + 1].IsGroup) Address(into, list[++i]);
                into.WriteEndArray();
            }
            into.WriteEndObject();
        }
        into.WriteEndArray();
    }

    private static void Address(Utf8JsonWriter into, HeaderAddress address)
    {
        into.WriteStartObject();
        Name(into, address.RawName);
        into.WriteString("email"u8, address.Address);
        into.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter into, string rawName)
    {
        var name = HeaderText.Strict(rawName).Trim();
        if (name.Length == 0) into.WriteNull("name"u8);
        else into.WriteString("name"u8, name);
    }

    /// <summary>String[], or null when nothing could be read.</summary>
    public static void Strings(Utf8JsonWriter into, IReadOnlyList<string> strings)
    {
        if (strings.Count == 0)
        {
            into.WriteNullValue();
            return;
        }
        into.WriteStartArray();
        foreach (var text in strings) into.WriteStringValue(text);
        into.WriteEndArray();
    }

    /// <summary>RFC 8620 §1.4 Date: RFC 3339 with the sender's zone.</summary>
    public static void Date(Utf8JsonWriter into, DateTimeOffset? date)
    {
        if (date is { } some) into.WriteStringValue(JsonDates.Date(some));
        else into.WriteNullValue();
    }
}
