namespace Aviso.Net;

/// <summary>
/// What a login is limited to. Who may log in at all (protocol, network, time) is decided before; this is what the session must
/// still look at. Made by Accounts, kept by every protocol for the length of the session.
/// </summary>
public sealed record LoginScope
{
    /// <summary>The name its owner gave the credential, for logs.</summary>
    public string Name { get; init; } = "";

    /// <summary>Nothing may be changed.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Messages may be found and listed (envelope, header, flags), nothing changed and no body read. Implies <see cref="ReadOnly"/>.</summary>
    public bool SearchOnly { get; init; }

    /// <summary>Mailboxes that exist for this login: names, or patterns in which * stands for anything. Empty: all.</summary>
    public IReadOnlyList<string> Mailboxes { get; init; } = [];

    /// <summary>Addresses and patterns it may send as, of those the account may. Empty: all of them.</summary>
    public IReadOnlyList<string> SendAs { get; init; } = [];

    /// <summary>What the credential opens, such as "imap" and "jmap". Empty: all.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    /// <summary>The same credential opens all of the account's mail by JMAP.</summary>
    public bool OpensJmap =>
        Mailboxes.Count == 0 && !SearchOnly && (Protocols.Count == 0 || Protocols.Contains("jmap", StringComparer.Ordinal));

    public bool MayChange => !ReadOnly && !SearchOnly;

    /// <summary>Does this mailbox exist for the login. INBOX in any case (RFC 9051 §5.1), other names as they are written.</summary>
    public bool Sees(string mailbox)
    {
        if (Mailboxes.Count == 0) return true;
        foreach (var pattern in Mailboxes)
        {
            var comparison = IsInbox(pattern) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
            if (Fits(mailbox, pattern, comparison)) return true;
        }
        return false;
    }

    private static bool IsInbox(string pattern) => pattern.Equals("INBOX", StringComparison.OrdinalIgnoreCase);

    // A star that fails later takes one character more: at most length of name times length of pattern steps.
    private static bool Fits(string name, string pattern, StringComparison comparison)
    {
        int n = 0, p = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && name.AsSpan(n, 1).Equals(pattern.AsSpan(p, 1), comparison))
            {
                n++;
                p++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
