using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;

namespace Aviso.Doctor;

/// <summary>
/// What a record's text means: two texts of one type mean the same exactly when their meanings are equal. How a provider cuts a TXT record,
/// in which order it keeps tags, how it spaces, quotes and writes letters, and last dots do not count.
/// </summary>
public static class RecordMeaning
{
    public static bool AreSame(DnsPurpose purpose, DnsType type, string one, string other) =>
        Of(purpose, type, one) == Of(purpose, type, other);

    /// <summary>One spelling for everything that means the same.</summary>
    public static string Of(DnsPurpose purpose, DnsType type, string value) => type != DnsType.Txt ? RecordText.Canonical(type, value)
        : purpose switch
        {
            DnsPurpose.Spf => SpfText.Parse(value).Meaning,
            DnsPurpose.Dkim => TagText.Parse(value).Meaning(DkimTag),
            DnsPurpose.Dmarc => TagText.Parse(value).Meaning(DmarcTag),
            DnsPurpose.MtaSts => TagText.Parse(value).Meaning(static (name, tag) => name == "v" ? tag.ToLowerInvariant() : tag),
            DnsPurpose.TlsReports => TagText.Parse(value).Meaning(static (name, tag) => name == "rua" ? Uris(tag) : tag.ToLowerInvariant()),
            _ => value,
        };

    // RFC 6376 §3.6.1: k=rsa, s=* and v=DKIM1 are what holds without them; white space within p= is none; n= is for people.
    private static string? DkimTag(string name, string value) => (name, value) switch
    {
        ("v", _) or ("n", _) => null,
        ("p", _) => string.Concat(value.Where(c => !char.IsWhiteSpace(c))),
        ("k", _) when value.Equals("rsa", StringComparison.OrdinalIgnoreCase) => null,
        ("s", "*") => null,
        ("h" or "s" or "t", _) => string.Join(':', value.ToLowerInvariant().Split(':', StringSplitOptions.TrimEntries)
            .Order(StringComparer.Ordinal)),
        _ => value.ToLowerInvariant(),
    };

    private static string? DmarcTag(string name, string value) => name is "rua" or "ruf" ? Uris(value) : value.ToLowerInvariant();

    private static string Uris(string list) => string.Join(',', ReportUris.Of(list).Select(ReportUris.Meaning).Distinct()
        .Order(StringComparer.Ordinal));
}

/// <summary>Addresses that reports go to, as rua= lists them.</summary>
internal static class ReportUris
{
    public static IReadOnlyList<string> Of(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Scheme and host of an address are compared without case; a size limit behind "!" is part of it.</summary>
    public static string Meaning(string uri)
    {
        return uri.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
            && MailAddress.TryCut(uri.AsSpan(7), out var local, out var domain)
            ? $"mailto:{local}@{domain.ToString().ToLowerInvariant()}" : uri;
    }

    /// <summary>The address of a mailto URI in lower case, without its size limit; null for another scheme.</summary>
    public static string? Address(string uri) => !uri.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) ? null
        : Uri.UnescapeDataString(uri[7..].Split('!')[0].Split('?')[0]).ToLowerInvariant();
}
