using System.Buffers;
using System.Globalization;

namespace Aviso.Accounts;

/// <summary>
/// An address as addresses are compared: local part in lower case and unquoted, domain in lower-case ASCII (A-labels). RFC 5321
/// §2.4 leaves the case of local parts to the host that owns them: here it never matters.
/// </summary>
public readonly record struct AddressKey(string LocalPart, string Domain)
{
    /// <summary>RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain.</summary>
    public const int MaxLength = 320;

    private static readonly SearchValues<char> NotPlain = SearchValues.Create(" ,;:<>()[]\\\"@\t\r\n");

    public override string ToString() => $"{(IsPlain(LocalPart) ? LocalPart : Quoted(LocalPart))}@{Domain}";

    /// <summary>Normalises parts that a protocol has read already. False when the domain is none.</summary>
    public static bool TryMake(string localPart, string domain, out AddressKey key)
    {
        key = default;
        if (localPart.Length == 0 || !TryDomain(domain, out var ascii)) return false;
        key = new(Lower(localPart), ascii);
        return true;
    }

    /// <summary>Reads "local@domain" as people write it in settings and lists; the local part may be quoted.</summary>
    public static bool TryParse(string text, out AddressKey key)
    {
        key = default;
        var at = text.LastIndexOf('@');
        if (at < 1 || text.Length > MaxLength || !TryMake(Unquoted(text[..at]), text[(at + 1)..], out key)) return false;
        // Only a quoted local part holds such characters, and no address that people write has white space or controls.
        return text[0] == '"' || text.AsSpan(0, at).IndexOfAny(NotPlain) < 0;
    }

    /// <summary>Lower-case ASCII form of a domain (RFC 5890 A-labels). False for what is no domain name, literals among it.</summary>
    public static bool TryDomain(string domain, out string ascii)
    {
        ascii = "";
        if (domain.Length is 0 or > 255) return false;
        if (!System.Text.Ascii.IsValid(domain))
        {
            try
            {
                // The mapping refuses what RFC 3490 does not allow; without ICU it wants lower case first.
                domain = new IdnMapping().GetAscii(domain.ToLowerInvariant());
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
        var name = domain.AsSpan();
        if (name.EndsWith(".")) name = name[..^1];
        if (name.IsEmpty || !HasLabels(name)) return false;
        ascii = name.Length == domain.Length ? Lower(domain) : Lower(name.ToString());
        return true;
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

    private static bool HasLabels(ReadOnlySpan<char> name)
    {
        var label = 0;
        foreach (var c in name)
        {
            if (c == '.' && label == 0) return false;
            if (c != '.' && !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return false;
            label = c == '.' ? 0 : label + 1;
            if (label > 63) return false;
        }
        return label > 0;
    }

    private static string Unquoted(string local)
    {
        if (local.Length < 2 || local[0] != '"' || local[^1] != '"') return local;
        var text = new System.Text.StringBuilder(local.Length);
        for (var i = 1; i < local.Length - 1; i++)
        {
            if (local[i] == '\\' && i + 1 < local.Length - 1) i++;
            text.Append(local[i]);
        }
        return text.ToString();
    }

    // RFC 5322 §3.2.3 dot-atom, near enough to know when quotes are needed.
    private static bool IsPlain(string local) => local.AsSpan().IndexOfAny(NotPlain) < 0
        && local is not ['.', ..] and not [.., '.'] && !local.Contains("..", StringComparison.Ordinal);

    private static string Quoted(string local) =>
        $"\"{local.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
