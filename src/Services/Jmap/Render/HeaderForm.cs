using System.Collections.Frozen;

namespace Aviso.Jmap;

/// <summary>The forms in which the value of a header field can be asked for (RFC 8621 §4.1.2).</summary>
internal enum HeaderForm : byte
{
    Raw, Text, Addresses, GroupedAddresses, MessageIds, Date, Urls,
}

/// <summary>Which form is allowed for which field.</summary>
internal static class HeaderForms
{
    // Fields of RFC 5322 and RFC 2369 have the forms of their grammar; all others, List-Id among them, have every one.
    private static readonly FrozenDictionary<string, HeaderForm[]> Defined = new Dictionary<string, HeaderForm[]>
    {
        ["Subject"] = [HeaderForm.Text],
        ["Comments"] = [HeaderForm.Text],
        ["Keywords"] = [HeaderForm.Text],
        ["From"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Sender"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Reply-To"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["To"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Cc"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Bcc"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-From"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-Sender"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-Reply-To"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-To"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-Cc"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Resent-Bcc"] = [HeaderForm.Addresses, HeaderForm.GroupedAddresses],
        ["Message-ID"] = [HeaderForm.MessageIds],
        ["In-Reply-To"] = [HeaderForm.MessageIds],
        ["References"] = [HeaderForm.MessageIds],
        ["Resent-Message-ID"] = [HeaderForm.MessageIds],
        ["Date"] = [HeaderForm.Date],
        ["Resent-Date"] = [HeaderForm.Date],
        ["List-Help"] = [HeaderForm.Urls],
        ["List-Unsubscribe"] = [HeaderForm.Urls],
        ["List-Subscribe"] = [HeaderForm.Urls],
        ["List-Post"] = [HeaderForm.Urls],
        ["List-Owner"] = [HeaderForm.Urls],
        ["List-Archive"] = [HeaderForm.Urls],
        ["Return-Path"] = [],
        ["Received"] = [],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static bool Allows(string field, HeaderForm form) =>
        form == HeaderForm.Raw || !Defined.TryGetValue(field, out var allowed) || allowed.Contains(form);

    /// <summary>The form by its name after "as"; false for another word.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out HeaderForm form)
    {
        form = name switch
        {
            "Raw" => HeaderForm.Raw,
            "Text" => HeaderForm.Text,
            "Addresses" => HeaderForm.Addresses,
            "GroupedAddresses" => HeaderForm.GroupedAddresses,
            "MessageIds" => HeaderForm.MessageIds,
            "Date" => HeaderForm.Date,
            "URLs" => HeaderForm.Urls,
            _ => (HeaderForm)byte.MaxValue,
        };
        return form <= HeaderForm.Urls;
    }
}
