using System.Text;

namespace Aviso.Jmap;

/// <summary>A property of Email or EmailBodyPart that is a header field by name (RFC 8621 §4.1.3).</summary>
/// <param name="Name">The property as the client wrote it, which is how it is answered.</param>
/// <param name="Field">The field's name.</param>
/// <param name="IsAll">Every instance of the field, not the last one.</param>
internal sealed record HeaderProperty(string Name, string Field, HeaderForm Form, bool IsAll)
{
    private const string Prefix = "header:";

    /// <summary>The field's name as octets of a header.</summary>
    public byte[] FieldOctets { get; } = Encoding.ASCII.GetBytes(Field);

    /// <summary>"header:" name [":as" form] [":all"]; null for anything else, and for a form that the field must not have.</summary>
    public static HeaderProperty? Parse(string property)
    {
        if (!property.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var rest = property.AsSpan(Prefix.Length);
        var field = Next(ref rest);
        // Printable ASCII except the colon.
        if (field.IsEmpty || field.ContainsAnyExceptInRange('!', '~')) return null;
        var form = HeaderForm.Raw;
        if (rest.StartsWith(":as", StringComparison.Ordinal))
        {
            rest = rest[3..];
            if (!HeaderForms.TryParse(Next(ref rest), out form)) return null;
        }
        var isAll = rest is ":all";
        if (!isAll && !rest.IsEmpty) return null;
        var name = field.ToString();
        return HeaderForms.Allows(name, form) ? new(property, name, form, isAll) : null;
    }

    // What stands before the next colon, which stays.
    private static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOf(':');
        var word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }
}
