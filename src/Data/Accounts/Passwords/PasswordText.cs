namespace Aviso.Accounts;

/// <summary>How declared secrets and typed passwords are read.</summary>
public static class PasswordText
{
    private static readonly string[] Crypt = ["$2a$", "$2b$", "$2y$", "$2x$", "$6$", "$5$", "$1$", "$y$", "$gy$", "$7$", Argon2Hash.Prefix];

    /// <summary>Characters of a new password that a person chooses (NIST SP 800-63B-4 §3.1.1.2 asks for 8 beside a second factor, 15 alone; between
    /// them stands the limit on guessing). What old systems and settings have goes on working.</summary>
    public const int Shortest = 10;

    /// <summary>What is wrong with a password that somebody chooses, or null.</summary>
    public static string? Problem(string chosen) => Prepare(chosen) is null ? "the password is empty, too long or has control characters"
        : chosen.EnumerateRunes().Count() < Shortest ? $"a new password has at least {Shortest} characters" : null;

    private static readonly string[] Clear = ["{PLAIN}", "{PLAINTEXT}", "{CLEAR}", "{CLEARTEXT}"];

    /// <summary>Schemes of Dovecot's notation that hold a crypt(5) string.</summary>
    private static readonly string[] CryptSchemes = ["{CRYPT}", "{BLF-CRYPT}", "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{MD5-CRYPT}", "{YESCRYPT}", "{ARGON2ID}"];

    /// <summary>Reads a secret of a list, where nothing says whether it is a password or a hash.</summary>
    public static DeclaredSecret Declared(string text)
    {
        foreach (var scheme in Clear)
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return new(text[scheme.Length..], IsHash: false);
        }
        return new(text, LooksHashed(text));
    }

    /// <summary>A {SCHEME}, a crypt(5) prefix or our own record.</summary>
    public static bool LooksHashed(string text) =>
        (text.StartsWith('{') && text.IndexOf('}') is > 1 and < 24) || Array.Exists(Crypt, p => text.StartsWith(p, StringComparison.Ordinal))
        || text.StartsWith(ScramRecord.Scheme + "$", StringComparison.Ordinal);

    /// <summary>The crypt(5) string of a declared hash (of Dovecot's digests the whole of it), or null for a scheme that we cannot
    /// verify.</summary>
    public static string? CryptString(string hash)
    {
        if (SaltedHash.IsOne(hash)) return hash;
        foreach (var scheme in CryptSchemes)
        {
            if (hash.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) hash = hash[scheme.Length..];
        }
        return Array.Exists(Crypt, p => hash.StartsWith(p, StringComparison.Ordinal)) ? hash : null;
    }

    /// <summary>
    /// RFC 4013 SASLprep as far as the runtime goes without ICU: other spaces become a space, invisible characters go, controls
    /// are refused (null). NFKC is not applied: passwords that are not ASCII must come in the form they were set in.
    /// </summary>
    public static string? Prepare(string password)
    {
        if (password.Length is 0 or > 1024) return null;
        if (System.Text.Ascii.IsValid(password)) return password.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && !password.Contains('\x7f') ? password : null;
        var text = new System.Text.StringBuilder(password.Length);
        foreach (var c in password)
        {
            if (char.IsControl(c)) return null;
            // RFC 3454 tables C.1.2 and B.1
            if (char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.SpaceSeparator) text.Append(' ');
            else if (c is not ('\u00ad' or '\u034f' or '\u1806' or (>= '\u180b' and <= '\u180d') or (>= '\u200b' and <= '\u200d')
                or '\u2060' or (>= '\ufe00' and <= '\ufe0f') or '\ufeff')) text.Append(c);
        }
        return text.Length == 0 ? null : text.ToString();
    }
}
