using System.Globalization;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>A DMARC policy record (RFC 7489 §6.3, with np=, psd= and t= of RFC 9989).</summary>
public sealed record DmarcRecord
{
    private const int MostReportUris = 20;

    public DmarcPolicy Policy { get; init; }

    /// <summary>sp=, or p= when absent.</summary>
    public DmarcPolicy SubdomainPolicy { get; init; }

    /// <summary>np=, or sp= when absent.</summary>
    public DmarcPolicy NonexistentPolicy { get; init; }

    /// <summary>adkim=s</summary>
    public bool StrictDkim { get; init; }

    /// <summary>aspf=s</summary>
    public bool StrictSpf { get; init; }

    /// <summary>pct=, 0 to 100.</summary>
    public int Percent { get; init; } = 100;

    /// <summary>t=y: one step less than the policy (RFC 9989 §4.7).</summary>
    public bool Testing { get; init; }

    /// <summary>psd=: 'y', 'n' or 'u'.</summary>
    public char PublicSuffix { get; init; } = 'u';

    /// <summary>rua= addresses as written, with their size limits.</summary>
    public IReadOnlyList<string> AggregateReports { get; init; } = [];

    /// <summary>ruf= addresses as written.</summary>
    public IReadOnlyList<string> FailureReports { get; init; } = [];

    /// <summary>ri=, seconds.</summary>
    public long ReportInterval { get; init; } = 86_400;

    /// <summary>
    /// Null when the text is no DMARC record, or one whose policy cannot be read and that asks for no reports (RFC 7489 §6.6.3).
    /// </summary>
    public static DmarcRecord? Parse(string text)
    {
        var tags = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var first = true;
        foreach (var part in text.Split(';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                if (first) return null;
                continue;
            }
            var (name, value) = (part[..equals].Trim(), part[(equals + 1)..].Trim());
            // RFC 7489 §6.3: v comes first, its value is compared with case.
            if (first && !(name.Equals("v", StringComparison.OrdinalIgnoreCase) && value == "DMARC1")) return null;
            first = false;
            tags.TryAdd(name, value);
        }
        if (first) return null;
        var reports = Uris("rua");
        // RFC 7489 §6.6.3 item 6, RFC 9989 §4.10.1: without p=, or with a policy that is no word of it, the whole counts as p=none,
        // and only when it has somewhere to report to.
        var isReadable = Word("p") is not null && IsGood("sp") && IsGood("np");
        if (!isReadable && !reports.Any(IsUri)) return null;
        var policy = isReadable ? Word("p")!.Value : DmarcPolicy.None;
        var sub = isReadable ? Word("sp") ?? policy : policy;
        return new()
        {
            Policy = policy,
            SubdomainPolicy = sub,
            NonexistentPolicy = isReadable ? Word("np") ?? sub : sub,
            StrictDkim = Is("adkim", "s"),
            StrictSpf = Is("aspf", "s"),
            Percent = int.TryParse(tags.GetValueOrDefault("pct"), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent <= 100 ? percent : 100,
            Testing = Is("t", "y"),
            PublicSuffix = Is("psd", "y") ? 'y' : Is("psd", "n") ? 'n' : 'u',
            AggregateReports = reports,
            FailureReports = Uris("ruf"),
            ReportInterval = long.TryParse(tags.GetValueOrDefault("ri"), NumberStyles.None, CultureInfo.InvariantCulture, out var interval) ? interval : 86_400,
        };

        bool IsGood(string name) => !tags.ContainsKey(name) || Word(name) is not null;
        bool Is(string name, string value) => tags.TryGetValue(name, out var given) && given.Equals(value, StringComparison.OrdinalIgnoreCase);
        IReadOnlyList<string> Uris(string name) => [.. tags.GetValueOrDefault(name, "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(MostReportUris)];
        DmarcPolicy? Word(string name) => tags.GetValueOrDefault(name, "").ToLowerInvariant() switch
        {
            "none" => DmarcPolicy.None,
            "quarantine" => DmarcPolicy.Quarantine,
            "reject" => DmarcPolicy.Reject,
            _ => null,
        };
    }

    // RFC 7489 §6.2: dmarc-uri = URI [ "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ]; of mailto what stands behind must be addresses.
    private static bool IsUri(string text)
    {
        var size = text.LastIndexOf('!');
        if (!Uri.TryCreate(size < 0 ? text : text[..size], UriKind.Absolute, out var uri)) return false;
        return uri.Scheme != Uri.UriSchemeMailto
            || Uri.UnescapeDataString(text[(text.IndexOf(':') + 1)..(size < 0 ? text.Length : size)].Split('?')[0]).Split(',')
                .All(a => MailAddress.TryParse(a, out _));
    }
}
