using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace Aviso.Web;

/// <summary>The web client's files as the build left them (web/Spa.targets), each plain and, where it helps, brotli and gzip.</summary>
/// <param name="names">Paths below the root, without a slash in front.</param>
internal sealed class WebmailFiles(IEnumerable<string> names, Func<string, Stream> open)
{
    private const string Embedding = "spa/";

    private readonly FrozenSet<string> _names = names.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Those within this assembly; read from its pages in memory, never copied to the heap.</summary>
    public static WebmailFiles Embedded { get; } = Of(typeof(WebmailFiles).Assembly);

    /// <summary>False: the server was built without the web client.</summary>
    public bool AreThere => _names.Contains("index.html");

    public IEnumerable<string> Names => _names;

    public bool Has(string name) => _names.Contains(name);

    public Stream Open(string name) => open(name);

    /// <summary>The encoding to send this file in, the smallest that is taken: "br", "gzip" or none.</summary>
    public string? EncodingOf(string name, string accepted) =>
        Takes(accepted, "br") && Has(name + ".br") ? "br" : Takes(accepted, "gzip") && Has(name + ".gz") ? "gzip" : null;

    /// <summary>A strong validator of the content, of each encoding its own (RFC 9110 §8.8.3).</summary>
    public string TagOf(string name)
    {
        using var content = open(name);
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..20]}\"";
    }

    private static WebmailFiles Of(Assembly assembly) => new(
        assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Embedding, StringComparison.Ordinal)).Select(n => n[Embedding.Length..]),
        name => assembly.GetManifestResourceStream(Embedding + name) ?? throw new FileNotFoundException(name));

    // RFC 9110 §12.5.3: a weight of zero is a refusal.
    private static bool Takes(string accepted, string coding) => accepted.Split(',').Select(one => one.Split(';')).Any(one =>
        one[0].Trim().Equals(coding, StringComparison.OrdinalIgnoreCase)
        && !one.Skip(1).Any(p => p.Trim() is ['q' or 'Q', '=', '0', .. var rest] && rest.Trim('.', '0', ' ').Length == 0));
}
