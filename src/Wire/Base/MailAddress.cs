using System.Buffers;
using System.Text;

namespace Aviso.Base;

/// <summary>
/// An address of the envelope: a local part without quoting, and a domain in both its forms. It is text only when it is written:
/// <see cref="Wire"/> for commands, trace fields and rows, <see cref="Shown"/> for people. The default value is no address.
/// </summary>
/// <param name="LocalPart">As its host wrote it, case and all (RFC 5321 §2.4), unquoted; no control characters.</param>
/// <param name="Domain">None only for the bare postmaster of RFC 5321 §4.5.1.</param>
public readonly record struct MailAddress(string LocalPart, DomainName Domain)
{
    /// <summary>RFC 5321 §4.5.3.1.1: octets of a local part as it is written, quotes and backslashes counted.</summary>
    public const int LongestLocalPart = 64;

    /// <summary>RFC 5321 §4.5.3.1.3 has 256 for a path with its brackets.</summary>
    public const int LongestAddress = 254;

    private static readonly SearchValues<char> AtomText =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~");

    // Only a quoted local part holds these.
    private static readonly SearchValues<char> Special = SearchValues.Create(" ,;:<>()[]\\\"@");

    private readonly string? _localPart = LocalPart;

    public string LocalPart
    {
        get => _localPart ?? "";
        init => _localPart = value;
    }

    public bool Equals(MailAddress other) => LocalPart == other.LocalPart && Domain == other.Domain;

    public override int GetHashCode() => HashCode.Combine(LocalPart.GetHashCode(StringComparison.Ordinal), Domain);

    public bool IsNone => LocalPart.Length == 0 && Domain.IsNone;

    /// <summary>RFC 6531 §3.2: only the local part asks for SMTPUTF8; the domain has an ASCII form that every host takes.</summary>
    public bool NeedsUtf8 => !Ascii.IsValid(LocalPart);

    /// <summary>
    /// Without brackets, empty for none: the local part quoted where it must be, the domain as A-labels unless the local part needs
    /// SMTPUTF8 anyway.
    /// </summary>
    public string Wire => Text(NeedsUtf8 ? Domain.Unicode : Domain.Ascii);

    /// <summary>The form for people.</summary>
    public string Shown => Text(Domain.Unicode);

    public override string ToString() => Shown;

    /// <summary>
    /// Reads "local@domain" as commands, rows, settings and lists write it: a quoted local part (RFC 5321 §4.1.2), or one without
    /// quotes that holds nothing which needs them; dots may stand anywhere in it, since carriers hand out such addresses.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MailAddress address)
    {
        address = default;
        if (!TryCut(text, out var local, out var domain) || local.IsEmpty) return false;
        return TryUnquote(local, out var plain) && TryMake(plain, domain, out address);
    }

    /// <summary>Puts parts together that a grammar has read; false when the domain is none or the local part has controls.</summary>
    /// <param name="localPart">Unquoted.</param>
    /// <param name="domain">Any spelling, or a literal.</param>
    public static bool TryMake(string localPart, ReadOnlySpan<char> domain, out MailAddress address)
    {
        address = default;
        if (HasControls(localPart) || !DomainName.TryParseOrLiteral(domain, out var name)) return false;
        address = new(localPart, name);
        return true;
    }

    /// <summary>The bare postmaster (RFC 5321 §4.1.1.3).</summary>
    public static MailAddress Postmaster { get; } = new("postmaster", default);

    /// <summary>
    /// The two sides of the last "@" outside quotes, as they are written; false without one. For patterns ("*@example.org",
    /// "@example.org") and what is shown; addresses are read by <see cref="TryParse"/>.
    /// </summary>
    public static bool TryCut(ReadOnlySpan<char> text, out ReadOnlySpan<char> local, out ReadOnlySpan<char> domain)
    {
        local = domain = default;
        var at = text.LastIndexOf('@');
        if (at < 0) return false;
        local = text[..at];
        domain = text[(at + 1)..];
        return true;
    }

    /// <summary>What stands behind the last "@" as it is written; empty without one.</summary>
    public static string DomainOf(string text) => TryCut(text, out _, out var domain) ? domain.ToString() : "";

    /// <summary>The local part as a command writes it: RFC 5321 §4.1.2, quotes only where they are needed.</summary>
    public static string Quoted(string localPart)
    {
        if (IsDotString(localPart)) return localPart;
        var text = new StringBuilder(localPart.Length + 2).Append('"');
        foreach (var c in localPart)
        {
            if (c is '"' or '\\') text.Append('\\');
            text.Append(c);
        }
        return text.Append('"').ToString();
    }

    /// <summary>True for RFC 5321 §4.1.2 Dot-string, with the UTF-8 of RFC 6531 §3.3.</summary>
    public static bool IsDotString(ReadOnlySpan<char> text)
    {
        var afterDot = true;
        foreach (var c in text)
        {
            if (c == '.' ? afterDot : !IsAtomText(c)) return false;
            afterDot = c == '.';
        }
        return !afterDot;
    }

    /// <summary>RFC 5322 §3.2.3 atext, with the UTF-8 of RFC 6532 §3.2.</summary>
    public static bool IsAtomText(char c) => c >= 0x80 || AtomText.Contains(c);

    /// <summary>
    /// Reads a local part as it is written. False when a character stands in the open that needs quotes, or a quote does not end.
    /// </summary>
    public static bool TryUnquote(ReadOnlySpan<char> written, out string localPart)
    {
        localPart = "";
        if (written is not ['"', ..])
        {
            if (written.ContainsAny(Special)) return false;
            localPart = written.ToString();
            return true;
        }
        var text = new StringBuilder(written.Length);
        for (var i = 1; i < written.Length - 1; i++)
        {
            if (written[i] == '"' || (written[i] == '\\' && ++i == written.Length - 1)) return false;
            text.Append(written[i]);
        }
        localPart = text.ToString();
        return written.Length >= 2 && written[^1] == '"';
    }

    private string Text(string domain) => IsNone ? "" : Domain.IsNone ? Quoted(LocalPart) : $"{Quoted(LocalPart)}@{domain}";

    private static bool HasControls(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c) || c is '\u2028' or '\u2029') return true;
        }
        return false;
    }
}
