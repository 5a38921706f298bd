using System.Text;
using Aviso.Base;

namespace Aviso.Mime;

/// <summary>
/// A header of ASCII in place of one with other octets (RFC 6532, or raw octets of old programs), for a reader that did not ask for UTF-8
/// (RFC 6855 §7, RFC 6856 §2.1). Words become encoded words, domains A-labels; a mailbox whose local part is not ASCII becomes an empty
/// group of that name, since nobody could answer to it without SMTPUTF8. Fields of ASCII stay as they are.
/// </summary>
public static class SurrogateHeader
{
    private static readonly string[] AddressFields =
        ["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc"];

    /// <param name="header">With or without the empty line that ends it; what stands there is kept.</param>
    public static byte[] Of(ReadOnlySpan<byte> header)
    {
        var result = new List<byte>(header.Length * 2);
        var end = 0;
        foreach (var field in new HeaderFields(header))
        {
            end = field.Offset + field.Length;
            var octets = header.Slice(field.Offset, field.Length);
            if (Ascii.IsValid(octets)) result.AddRange(octets);
            else result.AddRange(Field(Encoding.ASCII.GetString(field.Name), field.Value));
        }
        result.AddRange(header[end..]);
        return [.. result];
    }

    private static byte[] Field(string name, ReadOnlySpan<byte> value)
    {
        // A line that is no field says nothing to anybody.
        if (name.Length == 0) return [];
        var writer = new HeaderWriter();
        if (AddressFields.Contains(name, StringComparer.OrdinalIgnoreCase))
            return writer.Addresses(name, AddressList.Parse(value).Select(InAscii)).ToArray();
        var text = HeaderText.Raw(value);
        // Encoded words inside a parameter are no grammar of RFC 2045, and what mail programs read.
        return (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
            ? writer.Raw(name, ByRuns(text)) : writer.Text(name, text)).ToArray();
    }

    private static HeaderAddress InAscii(HeaderAddress address)
    {
        if (address.Members is { } members) return address with { Members = [.. members.Select(InAscii)] };
        if (!Ascii.IsValid(address.LocalPart))
            return new() { RawName = Named(address.DisplayName, address.Address), Members = [] };
        if (Ascii.IsValid(address.Domain)) return address;
        return DomainName.TryParse(address.Domain, out var domain)
            ? address with { Domain = domain.Ascii } : new() { RawName = Named(address.DisplayName, address.Address), Members = [] };
    }

    private static string Named(string name, string address) => name.Length == 0 ? address : $"{name} {address}";

    // Each run of characters between specials and spaces by itself.
    private static string ByRuns(string text)
    {
        var result = new StringBuilder(text.Length * 2);
        for (var at = 0; at < text.Length;)
        {
            var length = text.AsSpan(at).IndexOfAny(" \t;=\"");
            var run = length < 0 ? text[at..] : text.Substring(at, length);
            result.Append(EncodedWord.IsNeeded(run) ? EncodedWord.EncodePhrase(run) : run);
            at += run.Length;
            if (at < text.Length) result.Append(text[at++]);
        }
        return result.ToString();
    }
}
