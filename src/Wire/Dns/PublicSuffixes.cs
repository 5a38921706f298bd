using System.IO.Compression;
using System.Text;
using Aviso.Base;

namespace Aviso.Dns;

/// <summary>
/// The public suffix list: below which names anybody may register. DMARC asks the DNS first (RFC 9989); this is for domains that
/// say nothing there, and for telling whose a host in a URL is.
/// </summary>
public sealed class PublicSuffixes
{
    private const string SystemFile = "/usr/share/publicsuffix/public_suffix_list.dat";

    private static readonly Lazy<PublicSuffixes> Shipped = new(LoadShipped);

    private readonly HashSet<string> _rules = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wildcards = new(StringComparer.Ordinal);
    private readonly HashSet<string> _exceptions = new(StringComparer.Ordinal);

    private PublicSuffixes(TextReader list)
    {
        while (list.ReadLine() is { } line)
        {
            // A rule ends at the first white space.
            var rule = line.Split((char[])[' ', '\t'], 2)[0];
            if (rule.Length == 0 || rule.StartsWith("//", StringComparison.Ordinal)) continue;
            var (set, name) = rule[0] == '!' ? (_exceptions, rule[1..]) : rule.StartsWith("*.", StringComparison.Ordinal) ? (_wildcards, rule[2..]) : (_rules, rule);
            if (ToAscii(name) is { } ascii) set.Add(ascii);
        }
    }

    /// <summary>The system's list when it has one, else the one that came with this program.</summary>
    public static PublicSuffixes Embedded => Shipped.Value;

    public static PublicSuffixes Read(TextReader list) => new(list);

    /// <summary>One label more than the public suffix, lower case A-labels; null for a public suffix itself and for what is no name.</summary>
    public string? RegistrableDomain(string domain)
    {
        if (ToAscii(domain) is not { } name) return null;
        // From the shortest name to the longest: the last rule that fits is the longest one.
        var (suffix, at) = (-1, name.Length);
        while (at >= 0)
        {
            at = name.LastIndexOf('.', at - 1);
            var candidate = name[(at + 1)..];
            var dot = candidate.IndexOf('.', StringComparison.Ordinal);
            var parent = dot < 0 ? "" : candidate[(dot + 1)..];
            if (_exceptions.Contains(candidate))
            {
                suffix = at + 1 + dot + 1;
                break;
            }
            // "If no rules match, the prevailing rule is *."
            if (suffix < 0 || _rules.Contains(candidate) || _wildcards.Contains(parent)) suffix = at + 1;
            if (at <= 0) break;
        }
        if (suffix <= 0) return null;
        var before = name.LastIndexOf('.', suffix - 2);
        return name[(before + 1)..];
    }

    /// <summary>RFC 7489 §3.2: the registrable domain, or the name itself when it is a public suffix.</summary>
    public string OrganizationalDomain(string domain) =>
        RegistrableDomain(domain) ?? ToAscii(domain) ?? domain.TrimEnd('.').ToLowerInvariant();

    private static string? ToAscii(string name)
    {
        name = name.TrimEnd('.');
        if (name.Length is 0 or > 253 || name[0] == '.' || name.Contains("..", StringComparison.Ordinal)) return null;
        if (Ascii.IsValid(name)) return name.ToLowerInvariant();
        return DomainName.TryParse(name, out var domain) ? domain.Ascii : null;
    }

    private static PublicSuffixes LoadShipped()
    {
        if (File.Exists(SystemFile))
        {
            using var file = new StreamReader(SystemFile);
            return new(file);
        }
        using var packed = typeof(PublicSuffixes).Assembly.GetManifestResourceStream("public_suffix_list.gz")!;
        using var list = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        return new(list);
    }
}
