using System.Net;
using System.Net.Sockets;

namespace Aviso.MailAuth;

internal enum SpfMechanism
{
    All, Include, A, Mx, Ptr, Ip4, Ip6, Exists,
}

/// <param name="Result">What a match means.</param>
/// <param name="Domain">The domain-spec, not expanded; empty for the current domain.</param>
/// <param name="Prefix4">CIDR length for IPv4, 0 to 32.</param>
/// <param name="Prefix6">CIDR length for IPv6, 0 to 128.</param>
internal sealed record SpfDirective(SpfResult Result, SpfMechanism Mechanism, string Domain, int Prefix4, int Prefix6, IPAddress? Address);

/// <summary>A parsed SPF record (RFC 7208 §4.5 to 6). Any syntax error anywhere is a PermError (§4.6), so there is no half of one.</summary>
internal sealed record SpfRecord(IReadOnlyList<SpfDirective> Directives, string? Redirect, string? Explanation)
{
    /// <summary>RFC 7208 §4.5: version = "v=spf1", then a space or the end.</summary>
    public static bool IsSpf(string text) =>
        text.StartsWith("v=spf1", StringComparison.OrdinalIgnoreCase) && (text.Length == 6 || text[6] == ' ');

    /// <param name="problem">The term that is wrong.</param>
    public static SpfRecord? Parse(string text, out string problem)
    {
        problem = "";
        var directives = new List<SpfDirective>();
        string? redirect = null, explanation = null;
        foreach (var term in text[6..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            problem = term;
            if (ModifierName(term) is { } name)
            {
                var value = term[(name.Length + 1)..];
                switch (name.ToLowerInvariant())
                {
                    // RFC 7208 §6: each of these at most once.
                    case "redirect" when redirect is null && SpfMacro.IsDomainSpec(value): redirect = value; break;
                    case "exp" when explanation is null && SpfMacro.IsDomainSpec(value): explanation = value; break;
                    case "redirect" or "exp": return null;
                    default:
                        if (!SpfMacro.IsMacroString(value)) return null;
                        break;
                }
            }
            else if (Directive(term) is { } directive) directives.Add(directive);
            else return null;
        }
        problem = "";
        return new(directives, redirect, explanation);
    }

    // modifier = name "=" macro-string; name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
    private static string? ModifierName(string term)
    {
        var equals = term.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1 || !char.IsAsciiLetter(term[0])) return null;
        foreach (var c in term.AsSpan(0, equals))
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) return null;
        return term[..equals];
    }

    // directive = [ qualifier ] mechanism
    private static SpfDirective? Directive(string term)
    {
        var result = term[0] switch
        {
            '+' => SpfResult.Pass,
            '-' => SpfResult.Fail,
            '~' => SpfResult.SoftFail,
            '?' => SpfResult.Neutral,
            _ => (SpfResult?)null,
        };
        var rest = result is null ? term : term[1..];
        var end = rest.AsSpan().IndexOfAny(':', '/');
        var argument = end < 0 ? "" : rest[end..];
        var mechanism = (end < 0 ? rest : rest[..end]).ToLowerInvariant() switch
        {
            "all" when end < 0 => Make(SpfMechanism.All),
            "include" => WithDomain(SpfMechanism.Include, argument),
            "exists" => WithDomain(SpfMechanism.Exists, argument),
            "ptr" => end < 0 ? Make(SpfMechanism.Ptr) : WithDomain(SpfMechanism.Ptr, argument),
            "a" => Hosts(SpfMechanism.A, argument),
            "mx" => Hosts(SpfMechanism.Mx, argument),
            "ip4" => Network(SpfMechanism.Ip4, argument, AddressFamily.InterNetwork, 32),
            "ip6" => Network(SpfMechanism.Ip6, argument, AddressFamily.InterNetworkV6, 128),
            _ => null,
        };
        return mechanism is null ? null : mechanism with { Result = result ?? SpfResult.Pass };
    }

    // "+" is the default qualifier.
    private static SpfDirective Make(
        SpfMechanism mechanism, string domain = "", int prefix4 = 32, int prefix6 = 128, IPAddress? address = null) =>
        new(SpfResult.Pass, mechanism, domain, prefix4, prefix6, address);

    // ":" domain-spec
    private static SpfDirective? WithDomain(SpfMechanism mechanism, string argument) =>
        argument.StartsWith(':') && SpfMacro.IsDomainSpec(argument[1..]) ? Make(mechanism, argument[1..]) : null;

    // [ ":" domain-spec ] [ "/" ip4-cidr ] [ "//" ip6-cidr ]
    private static SpfDirective? Hosts(SpfMechanism mechanism, string argument)
    {
        var (prefix4, prefix6) = (32, 128);
        var domain = argument;
        if (domain.LastIndexOf("//", StringComparison.Ordinal) is var six and >= 0)
        {
            if (!Prefix(domain[(six + 2)..], 128, out prefix6)) return null;
            domain = domain[..six];
        }
        // What is no number behind a slash belongs to the domain (a slash is a delimiter in macros, too).
        if (domain.LastIndexOf('/') is var four and >= 0 && !domain.AsSpan(four + 1).ContainsAnyExceptInRange('0', '9'))
        {
            if (!Prefix(domain[(four + 1)..], 32, out prefix4)) return null;
            domain = domain[..four];
        }
        if (domain.Length == 0) return Make(mechanism, "", prefix4, prefix6);
        return domain[0] == ':' && SpfMacro.IsDomainSpec(domain[1..]) ? Make(mechanism, domain[1..], prefix4, prefix6) : null;
    }

    // ":" ip4-network [ ip4-cidr-length ], ":" ip6-network [ ip6-cidr-length ]
    private static SpfDirective? Network(SpfMechanism mechanism, string argument, AddressFamily family, int bits)
    {
        if (!argument.StartsWith(':')) return null;
        var text = argument[1..];
        var prefix = bits;
        if (text.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0)
        {
            if (!Prefix(text[(slash + 1)..], bits, out prefix)) return null;
            text = text[..slash];
        }
        // IPAddress takes shortened and octal forms that qnum "." qnum "." qnum "." qnum does not.
        var isWritten = family == AddressFamily.InterNetwork ? IsDottedQuad(text)
            : text.Contains(':', StringComparison.Ordinal) && text.AsSpan().IndexOfAny('%', '[') < 0;
        return isWritten && IPAddress.TryParse(text, out var address) && address.AddressFamily == family
            ? Make(mechanism, "", prefix, prefix, address) : null;
    }

    // ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT)
    private static bool Prefix(string digits, int most, out int prefix)
    {
        prefix = 0;
        if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0')) return false;
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c)) return false;
            prefix = (prefix * 10) + c - '0';
        }
        return prefix <= most;
    }

    private static bool IsDottedQuad(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 4 && Array.TrueForAll(parts, p => p.Length is > 0 and <= 3 && p.All(char.IsAsciiDigit)
            && (p.Length == 1 || p[0] != '0') && int.Parse(p, System.Globalization.CultureInfo.InvariantCulture) <= 255);
    }
}
