using System.Text;

namespace Aviso.Mime;

/// <summary>One mailbox or one group of an address field (RFC 5322 §3.4).</summary>
public sealed record MailAddress
{
    /// <summary>The phrase, or the last comment when there is none, unquoted, encoded words as sent; may be empty.</summary>
    public string RawName { get; init; } = "";

    /// <summary>Unquoted; empty for a group, and for a broken address without one.</summary>
    public string LocalPart { get; init; } = "";

    /// <summary>As sent, without white space; "[...]" for a literal; empty when the address has none.</summary>
    public string Domain { get; init; } = "";

    /// <summary>RFC 5322 §4.4 obsolete route, such as "@a,@b"; null for nearly all.</summary>
    public string? Route { get; init; }

    /// <summary>The mailboxes of a group; null for a mailbox. Groups do not nest.</summary>
    public IReadOnlyList<MailAddress>? Members { get; init; }

    public bool IsGroup => Members is not null;

    /// <summary>The name for people: encoded words decoded; may be empty.</summary>
    public string DisplayName => EncodedWord.Decode(RawName);

    /// <summary>"local@domain" with the local part quoted where RFC 5322 §3.4.1 wants it; empty for a group.</summary>
    public string Address => IsGroup ? "" : Domain.Length == 0 ? Quoted(LocalPart) : $"{Quoted(LocalPart)}@{Domain}";

    public static MailAddress Of(string displayName, string localPart, string domain) =>
        new() { RawName = displayName, LocalPart = localPart, Domain = domain };

    internal static string Quoted(string local)
    {
        if (IsDotAtom(local)) return local;
        var text = new StringBuilder(local.Length + 2).Append('"');
        foreach (var c in local)
        {
            if (c is '"' or '\\') text.Append('\\');
            text.Append(c);
        }
        return text.Append('"').ToString();
    }

    internal static bool IsDotAtom(string text)
    {
        var afterDot = true;
        foreach (var c in text)
        {
            if (c == '.' ? afterDot : !IsAtomText(c)) return false;
            afterDot = c == '.';
        }
        return !afterDot;
    }

    // RFC 5322 §3.2.3, RFC 6532 §3.2
    internal static bool IsAtomText(char c) =>
        char.IsAsciiLetterOrDigit(c) || c > 127 || "!#$%&'*+-/=?^_`{|}~".Contains(c, StringComparison.Ordinal);
}
