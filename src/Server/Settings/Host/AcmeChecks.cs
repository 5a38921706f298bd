using System.Buffers.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Settings;

/// <summary>What the keys below <c>tls.acme</c> must agree on.</summary>
internal static class AcmeChecks
{
    public static void Run(ServerSettings settings, Problems problems)
    {
        var acme = settings.Tls.Acme;
        AuthoritiesAreWhole(acme, problems);
        foreach (var (section, key, names, method) in Wanted(settings)) MethodFits(settings, section, key, names, method, problems);
        if (Wanted(settings).Any(w => w.Method == AcmeMethod.Dns01)) DnsIsWhole(acme, problems);
        foreach (var twice in Wanted(settings).GroupBy(w => w.Names is [var first, ..] ? first : "").Where(g => g.Count() > 1))
            Say(problems, acme, "more", $"{twice.Key} begins two certificates; begin each with another name");
    }

    /// <summary>Every wanted certificate with the place it stands at.</summary>
    public static IEnumerable<(SettingsSection Section, string Key, IReadOnlyList<string> Names, AcmeMethod Method)> Wanted(
        ServerSettings settings)
    {
        var acme = settings.Tls.Acme;
        var first = Labels(acme.Names.Count > 0 ? acme.Names : [settings.HostName]);
        yield return (acme, acme.Has("names") ? "names" : "challenge", first, acme.Challenge);
        foreach (var more in acme.More)
            yield return (more, "names", Labels(more.Names), more.Has("challenge") ? more.Challenge : acme.Challenge);
        // Each by itself: a policy host that does not lead here yet must not cost the certificate of the mail host.
        foreach (var host in PolicyHosts(settings)) yield return (settings.MtaSts, "publish", [host], acme.Challenge);
    }

    // What a certificate of the settings covers needs no other.
    private static IEnumerable<string> PolicyHosts(ServerSettings settings)
    {
        if (!settings.MtaSts.Has("publish")) return [];
        var named = Labels(settings.Tls.Acme.Names.Concat(settings.Tls.Acme.More.SelectMany(m => m.Names)))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return Labels(settings.Domains.Select(d => d.Name)).Where(d => !named.Contains("mta-sts." + d) && !named.Contains("*." + d))
            .Select(d => "mta-sts." + d);
    }

    // RFC 8555 §7.1.3: an identifier is A-labels; and U-labels of the same name are no other name.
    private static List<string> Labels(IEnumerable<string> names) => [.. names.Select(Label)];

    private static string Label(string name) => name.StartsWith("*.", StringComparison.Ordinal) ? "*." + Label(name[2..])
        : DomainName.TryParse(name, out var read) ? read.Ascii : name;

    private static void AuthoritiesAreWhole(AcmeSection acme, Problems problems)
    {
        if (acme.Has("directory") && acme.Has("authorities")) Say(problems, acme, "directory", "contradicts `authorities`; name it there");
        if (!IsHttps(acme.Directory)) Say(problems, acme, "directory", "must be an https URL");
        foreach (var authority in acme.Authorities)
        {
            if (authority.Directory.Length > 0 && !IsHttps(authority.Directory)) Say(
                problems, authority, "directory", "must be an https URL");
            if (authority.EabKeyId is null != authority.EabKey is null)
                Say(problems, authority, authority.Has("eab_key") ? "eab_key" : "eab_key_id", "`eab_key_id` and `eab_key` come together");
            if (authority.EabKey is { } key && !Base64Url.IsValid(key.Reveal())) Say(problems, authority, "eab_key", "is no base64url");
        }
    }

    private static void MethodFits(
        ServerSettings settings, SettingsSection section, string key, IReadOnlyList<string> names, AcmeMethod method, Problems problems)
    {
        if (names.Count == 0) Say(problems, section, key, "is empty");
        if (names.FirstOrDefault(n => n.StartsWith("*.", StringComparison.Ordinal)) is { } wildcard && method != AcmeMethod.Dns01)
            Say(problems, section, key, $"{wildcard} needs `challenge: dns-01`: nothing else proves a wildcard");
        else if (method == AcmeMethod.Http01 && settings.Listeners.All(l => l.Kind != ListenerKind.Http))
            Say(problems, section, key, "http-01 needs a listener: add `{ kind: http, address: \"[::]:80\" }`");
        else if (method == AcmeMethod.TlsAlpn01 && settings.Listeners.All(l => l.Kind != ListenerKind.Https))
            Say(problems, section, key, "tls-alpn-01 needs a listener: add `{ kind: https, address: \"[::]:443\" }`");
    }

    private static void DnsIsWhole(AcmeSection acme, Problems problems)
    {
        if (!acme.Has("dns")) Say(problems, acme, "challenge", "dns-01 needs `dns`: who changes the records");
        else DnsProviderChecks.ProviderIsWhole(acme.Dns, problems);
    }

    private static void Say(Problems problems, SettingsSection section, string key, string text) =>
        SettingsChecks.Say(problems, section, key, text);

    private static bool IsHttps(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps;
}
