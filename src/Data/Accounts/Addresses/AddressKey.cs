using Aviso.Base;

namespace Aviso.Accounts;

/// <summary>
/// An address as addresses are compared: local part in lower case and unquoted, domain in lower-case ASCII (A-labels). RFC 5321
/// §2.4 leaves the case of local parts to the host that owns them: here it never matters.
/// </summary>
public readonly record struct AddressKey(string LocalPart, string Domain)
{
    /// <summary>RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain.</summary>
    public const int MaxLength = 320;

    /// <summary>The address itself, in the spelling that is compared.</summary>
    public MailAddress Address => MailAddress.TryMake(LocalPart, Domain, out var address) ? address : default;

    public override string ToString() => $"{MailAddress.Quoted(LocalPart)}@{Domain}";

    /// <summary>False when the address has no domain name: a literal, or the bare postmaster.</summary>
    public static bool TryMake(MailAddress address, out AddressKey key)
    {
        key = default;
        if (address.LocalPart.Length == 0 || address.Domain.IsNone || address.Domain.IsLiteral) return false;
        key = new(Lower(address.LocalPart), address.Domain.Ascii);
        return true;
    }

    /// <summary>Normalises parts that a protocol has read already. False when the domain is none.</summary>
    public static bool TryMake(string localPart, string domain, out AddressKey key)
    {
        key = default;
        return MailAddress.TryMake(localPart, domain, out var address) && TryMake(address, out key);
    }

    /// <summary>Reads "local@domain" as people write it in settings and lists; the local part may be quoted.</summary>
    public static bool TryParse(string text, out AddressKey key)
    {
        key = default;
        return text.Length <= MaxLength && MailAddress.TryParse(text, out var address) && TryMake(address, out key);
    }

    /// <summary>Lower-case ASCII form of a domain (RFC 5890 A-labels). False for what is no domain name, literals among it.</summary>
    public static bool TryDomain(ReadOnlySpan<char> domain, out string ascii)
    {
        var isName = DomainName.TryParse(domain, out var name);
        ascii = name.Ascii;
        return isName;
    }

    /// <summary>Folds without making a new string when there is nothing to fold.</summary>
    internal static string Lower(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAscii(c) || char.IsAsciiLetterUpper(c)) return text.ToLowerInvariant();
        }
        return text;
    }
}
