using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Dns;

/// <summary>
/// What a record says as text, as it stands in a zone file (RFC 1035 §5.1): "10 mail.example.org.", "0 issue \"ca.example\"". TXT is the
/// exception: its strings stand joined and bare, for where they are cut means nothing (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
/// </summary>
public static class RecordText
{
    public static string Of(DnsRecord record) => record switch
    {
        ARecord a => a.Address.ToString(),
        AaaaRecord a => a.Address.ToString(),
        NsRecord ns => Name(ns.Target),
        CnameRecord cname => Name(cname.Target),
        PtrRecord ptr => Name(ptr.Target),
        MxRecord mx => $"{mx.Preference} {Name(mx.Exchange)}",
        SrvRecord srv => $"{srv.Priority} {srv.Weight} {srv.Port} {Name(srv.Target)}",
        TxtRecord txt => txt.Text,
        TlsaRecord t => $"{t.Usage} {t.Selector} {t.MatchingType} {Convert.ToHexStringLower(t.Data)}",
        CaaRecord caa => $"{caa.Flags} {caa.Tag} {Quote(Encoding.Latin1.GetString(caa.Value))}",
        RawRecord raw => $"\\# {raw.Data.Length} {Convert.ToHexStringLower(raw.Data)}",
        SoaRecord soa => $"{Name(soa.PrimaryServer)} {Name(soa.Mailbox)} {soa.Serial}",
        _ => "",
    };

    /// <summary>The record that a text of this type is; null when it is none, or of a type that is not written.</summary>
    public static DnsRecord? Parse(string name, uint ttl, DnsType type, string text)
    {
        if (DnsName.Normalize(name) is not { } at) return null;
        var words = text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        switch (type)
        {
            case DnsType.A when words.Length == 1 && Address(words[0], AddressFamily.InterNetwork) is { } four:
                return new ARecord(at, ttl, four);
            case DnsType.Aaaa when words.Length == 1 && Address(words[0], AddressFamily.InterNetworkV6) is { } six:
                return new AaaaRecord(at, ttl, six);
            case DnsType.Cname when words.Length == 1 && DnsName.Normalize(words[0]) is { } target: return new CnameRecord(at, ttl, target);
            case DnsType.Ns when words.Length == 1 && DnsName.Normalize(words[0]) is { } server: return new NsRecord(at, ttl, server);
            case DnsType.Ptr when words.Length == 1 && DnsName.Normalize(words[0]) is { } host: return new PtrRecord(at, ttl, host);
            case DnsType.Mx when words is [var preference, var exchange] && Number(preference) is { } p
                && DnsName.Normalize(exchange) is { } x:
                return new MxRecord(at, ttl, p, x);
            case DnsType.Srv when words is [var priority, var weight, var port, var host] && Number(priority) is { } first
                && Number(weight) is { } share && Number(port) is { } door && DnsName.Normalize(host) is { } to:
                return new SrvRecord(at, ttl, first, share, door, to);
            case DnsType.Tlsa: return Tlsa(at, ttl, words);
            case DnsType.Caa: return Caa(at, ttl, text);
            case DnsType.Txt when text.Length <= 60_000 && text.All(c => c < 256):
                return new TxtRecord(at, ttl, [.. Encoding.Latin1.GetBytes(text).Chunk(255).DefaultIfEmpty([])]);
            default: return null;
        }
    }

    /// <summary>One spelling for all texts that are the same record; the text itself when it is none.</summary>
    public static string Canonical(DnsType type, string text) => type == DnsType.Txt ? text : Parse("x", 0, type, text) switch
    {
        // RFC 8659 §4.2: the authority's name is compared without case, spaces around its parameters are none.
        CaaRecord { Tag: "issue" or "issuewild" } caa =>
            Of(caa with { Value = Encoding.Latin1.GetBytes(Authority(Encoding.Latin1.GetString(caa.Value))) }),
        { } record => Of(record),
        null => text.Trim(),
    };

    /// <summary>A TXT value as providers and zone files write it, "one" "two" or bare, joined.</summary>
    public static string Unquote(string text)
    {
        if (!text.TrimStart().StartsWith('"')) return text;
        var joined = new StringBuilder(text.Length);
        var inside = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') inside = !inside;
            else if (inside && text[i] == '\\' && i + 1 < text.Length) joined.Append(Escaped(text, ref i));
            else if (inside) joined.Append(text[i]);
        }
        return joined.ToString();
    }

    /// <summary>A TXT value as character-strings of at most 255 octets in quotes.</summary>
    public static string Quoted(string text) => string.Join(' ', text.Chunk(255).Select(c => Quote(new(c))).DefaultIfEmpty("\"\""));

    private static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c is < ' ' or > '~') quoted.Append('\\').Append(((int)c).ToString("D3", CultureInfo.InvariantCulture));
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    // RFC 1035 §5.1: \DDD is an octet, \X is X.
    private static char Escaped(string text, ref int i)
    {
        if (i + 3 < text.Length && int.TryParse(text.AsSpan(i + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var octet)
            && octet < 256)
        {
            i += 3;
            return (char)octet;
        }
        return text[++i];
    }

    private static TlsaRecord? Tlsa(string name, uint ttl, string[] words)
    {
        if (words.Length < 4 || Octet(words[0]) is not { } usage || Octet(words[1]) is not { } selector
            || Octet(words[2]) is not { } matching) return null;
        var hex = string.Concat(words[3..]);
        return hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit) ? new(name, ttl, usage, selector, matching, Convert.FromHexString(hex))
            : null;
    }

    private static CaaRecord? Caa(string name, uint ttl, string text)
    {
        var words = text.Trim().Split((char[])[' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length < 3 || Octet(words[0]) is not { } flags || words[1].Length > 15 || !words[1]
            .All(char.IsAsciiLetterOrDigit)) return null;
        var value = Unquote(words[2]);
        return value.All(c => c < 256) ? new(name, ttl, flags, words[1].ToLowerInvariant(), Encoding.Latin1.GetBytes(value)) : null;
    }

    private static string Authority(string value)
    {
        var parts = value.Split(';', StringSplitOptions.TrimEntries);
        return string.Join(';', parts.Select((p, i) => i == 0 ? p.TrimEnd('.').ToLowerInvariant() : p)
            .Where((p, i) => i == 0 || p.Length > 0));
    }

    private static IPAddress? Address(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == family
            && address is not { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 }
            && (family == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3) ? address : null;

    private static ushort? Number(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n
        : null;

    private static byte? Octet(string text) => byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;

    private static string Name(string name) => name == "." ? "." : name + ".";
}
