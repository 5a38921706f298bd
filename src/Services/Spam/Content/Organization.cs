using System.Collections.Concurrent;
using Aviso.Dns;

namespace Aviso.Spam;

/// <summary>The part of a host name that somebody registered, by the public suffix list.</summary>
public static class Organization
{
    // The same few thousand names come again and again; beyond that everything is asked anew.
    private const int MostKept = 8192;

    // Under these anybody gets a name too, and the list does not say so.
    private static readonly string[] Hosts =
    [
        "weebly.com", "square.site", "webflow.io", "godaddysites.com", "web.app", "firebaseapp.com", "herokuapp.com", "netlify.app",
            "vercel.app", "pages.dev",
        "workers.dev", "r2.dev", "cloudfront.net", "glitch.me", "repl.co", "onrender.com", "fly.dev", "surge.sh", "ngrok.io",
            "ngrok-free.app", "trycloudflare.com", "appspot.com",
        "web.core.windows.net", "blob.core.windows.net",
    ];

    private static readonly ConcurrentDictionary<string, string> Kept = new(StringComparer.Ordinal);

    /// <summary>"b.co.uk" of "a.b.co.uk"; the host itself when it has too few labels.</summary>
    public static string Of(string host)
    {
        if (Kept.TryGetValue(host, out var known)) return known;
        if (Kept.Count >= MostKept) Kept.Clear();
        return Kept[host] = Find(host);
    }

    private static string Find(string host)
    {
        var domain = PublicSuffixes.Embedded.OrganizationalDomain(host);
        foreach (var shared in Hosts)
        {
            if (domain.Length != shared.Length || domain != shared || host.Length <= shared.Length + 1) continue;
            var before = host.LastIndexOf('.', host.Length - shared.Length - 2);
            return host[(before + 1)..];
        }
        return domain;
    }
}
