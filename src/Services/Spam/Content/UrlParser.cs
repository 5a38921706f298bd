using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Aviso.Base;
using Aviso.Dns;

namespace Aviso.Spam;

/// <summary>Takes an http or https URL apart as browsers do (WHATWG URL §4.4), kindly; never throws.</summary>
public static class UrlParser
{
    private static readonly System.Buffers.SearchValues<char> NoHost = System.Buffers.SearchValues.Create(" \t\r\n<>\"@");

    /// <summary>False for other schemes, relative references and what has no host.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, UrlSource source, string linkText, [NotNullWhen(true)] out FoundUrl? url)
    {
        url = null;
        var rest = text.Trim();
        if (rest.Length > 2000) rest = rest[..2000];
        var raw = rest;
        var scheme = "http";
        if (rest.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            scheme = "https";
            rest = rest[6..];
        }
        else if (rest.StartsWith("http:", StringComparison.OrdinalIgnoreCase)) rest = rest[5..];
        else if (rest.StartsWith("//")) scheme = "https";
        else if (!rest.StartsWith("www.", StringComparison.OrdinalIgnoreCase)) return false;
        rest = rest.TrimStart("/\\");
        var end = rest.IndexOfAny("/\\?#");
        var authority = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..];
        string? user = null;
        if (authority.LastIndexOf('@') is var at and >= 0)
        {
            user = authority[..at].ToString();
            authority = authority[(at + 1)..];
        }
        var port = 0;
        if (authority.LastIndexOf(':') is var colon and >= 0 && !authority.EndsWith("]"))
        {
            _ = int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port);
            authority = authority[..colon];
        }
        if (!TryHost(authority, out var host, out var shown, out var isAddress, out var isOdd)) return false;
        url = new(raw.ToString(), scheme, host, port, rest.ToString(), source, linkText)
        {
            UserInfo = user,
            IsAddress = isAddress,
            IsOddAddress = isOdd,
            ShownHost = shown,
            Domain = isAddress ? host : Organization.Of(host),
        };
        return true;
    }

    private static bool TryHost(ReadOnlySpan<char> text, out string host, out string shown, out bool isAddress, out bool isOdd)
    {
        (host, shown, isAddress, isOdd) = ("", "", false, false);
        if (text.IsEmpty || text.Length > 512) return false;
        if (text[0] == '[' && text[^1] == ']') return isAddress = Literal(text[1..^1], out host, out shown);
        var name = text.Contains('%') ? WebUtility.UrlDecode(text.ToString()) : text.ToString();
        name = WithoutInvisible(name).TrimEnd('.').ToLowerInvariant();
        if (name.Length == 0) return false;
        if (TryNumeric(name, out var address, out isOdd))
        {
            (host, shown, isAddress) = (address, name, true);
            return true;
        }
        shown = name;
        if (DomainName.TryParse(name, out var domain)) (name, shown) = (domain.Ascii, Ascii.IsValid(name) ? domain.Unicode : name);
        host = name;
        return name.Contains('.', StringComparison.Ordinal) && name.AsSpan().IndexOfAny(NoHost) < 0 && DnsName.Normalize(name) is not null;
    }

    private static bool Literal(ReadOnlySpan<char> text, out string host, out string shown)
    {
        host = shown = IPAddress.TryParse(text, out var address) ? address.ToString() : "";
        return host.Length > 0;
    }

    // 3232235777, 0xC0.0xA8.1.1 and 0300.0250.1.1 are addresses to a browser (WHATWG URL §3.5).
    private static bool TryNumeric(string name, out string address, out bool isOdd)
    {
        (address, isOdd) = ("", false);
        if (!char.IsAsciiHexDigit(name[^1]) || !char.IsAsciiDigit(name[0])) return false;
        var parts = name.Split('.');
        if (parts.Length > 4) return false;
        ulong number = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!TryPart(parts[i], out var value, ref isOdd)) return false;
            var last = i == parts.Length - 1;
            var most = last ? (1UL << (8 * (5 - parts.Length))) - 1 : 255;
            if (value > most) return false;
            number |= last ? value : value << (8 * (3 - i));
        }
        isOdd |= parts.Length < 4;
        address = new IPAddress(new[] { (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number }).ToString();
        return true;
    }

    private static bool TryPart(string part, out ulong value, ref bool isOdd)
    {
        value = 0;
        if (part.Length is 0 or > 20) return false;
        if (part.StartsWith("0x", StringComparison.Ordinal))
        {
            isOdd = true;
            return ulong.TryParse(part.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        }
        if (part.Length > 1 && part[0] == '0')
        {
            isOdd = true;
            foreach (var c in part)
            {
                if (c is < '0' or > '7') return false;
                value = (value << 3) | (uint)(c - '0');
            }
            return true;
        }
        return ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private static string WithoutInvisible(string name)
    {
        foreach (var c in name)
        {
            if (c > 127) return new([.. name.Where(x => !PlainText.IsInvisible(x)).Select(x => x is >= '\uFF01' and <= '\uFF5E' ? (char)(x - 0xFEE0) : x is '\u3002' or '\uFF61' ? '.' : x)]);
        }
        return name;
    }
}
