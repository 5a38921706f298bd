namespace Aviso.Net;

/// <summary>A browser, a proxy scan or a script of an attacker that was pointed at a mail port: nothing of our protocols follows.</summary>
public static class HttpLine
{
    // RFC 9110 §9.3, RFC 5789 §2, and the preface of RFC 9113 §3.4.
    private static readonly string[] Methods = ["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"];

    /// <summary>RFC 9112 §3: method SP request-target SP HTTP-version; the version may lack, as in HTTP/0.9.</summary>
    public static bool IsOne(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        if (space <= 0 || !IsMethod(line[..space])) return false;
        var rest = line[(space + 1)..];
        return rest.StartsWith("/"u8) || rest.IndexOf(" HTTP/"u8) > 0;
    }

    private static bool IsMethod(ReadOnlySpan<byte> word)
    {
        foreach (var method in Methods)
            if (System.Text.Ascii.Equals(word, method)) return true;
        return false;
    }
}
