namespace Aviso.Spam;

/// <summary>Where links lead, and whether that is what they say.</summary>
public sealed class UrlCheck : ISpamCheck
{
    private static readonly HashSet<string> Shorteners = new(StringComparer.Ordinal)
    {
        "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "shorturl.at", "rb.gy", "t.ly",
            "tiny.cc", "v.gd", "s.id",
        "qrco.de", "tny.im", "bl.ink", "lnkd.in", "urlz.fr", "x.gd", "n9.cl", "da.gd", "t.me",
    };

    private static readonly string[] FreeHosts =
    [
        ".blogspot.com", ".weebly.com", ".wixsite.com", ".web.app", ".firebaseapp.com", ".herokuapp.com", ".netlify.app", ".vercel.app",
            ".pages.dev", ".workers.dev", ".r2.dev",
        ".glitch.me", ".repl.co", ".onrender.com", ".fly.dev", ".surge.sh", ".webflow.io", ".square.site", ".godaddysites.com",
            ".duckdns.org", ".ngrok.io", ".trycloudflare.com",
        ".web.core.windows.net", ".000webhostapp.com", ".ipfs.io", ".dweb.link",
    ];

    public string Name => "url";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        foreach (var url in context.Content.Urls)
        {
            if (url.Source != UrlSource.Image) One(context, url);
        }
        return default;
    }

    private static void One(SpamContext context, FoundUrl url)
    {
        if (url.IsOddAddress) context.Add("URL_ODD_ADDRESS", 2.5, $"{url.ShownHost} is an address written so that nobody sees it");
        else if (url.IsAddress) context.Add("URL_ADDRESS", 1.5, $"leads to the bare address {url.Host}");
        if (url.UserInfo is { } user && user.Contains('.', StringComparison.Ordinal)) ShownUser(context, url, user);
        if (url.Port is not (0 or 80 or 443 or 8080 or 8443)) context.Add("URL_PORT", 0.7, $"port {url.Port} at {url.Host}");
        if (IsLookAlike(url.ShownHost)) context.Add("URL_LOOKALIKE", 2.5, $"{url.Host} mixes look-alike letters");
        if (Shorteners.Contains(url.Host)) context.Add("URL_SHORTENER", 0.4, $"hides its end behind {url.Host}");
        if (Array.Exists(FreeHosts, url.Host.EndsWith)) context.Add(
            "URL_FREE_HOST", 0.8, $"leads to a page anybody can make at {url.Host}");
        if (url.Host.AsSpan().Count('.') > 5) context.Add("URL_MANY_LABELS", 0.6, $"many labels in {url.Host}");
        if (url.Source == UrlSource.Link) ShownElsewhere(context, url);
    }

    // "http://first.last@firm.example" is an address somebody turned into a link by mistake: it has no path, and no host of another shown.
    private static void ShownUser(SpamContext context, FoundUrl url, string user)
    {
        var name = user.Split(':')[0];
        if (HeaderCheck.SameOrganization(name, url.Host)) return;
        var isAddress = url.Rest is "" or "/" && name.AsSpan().Count('.') == 1
            && !name.StartsWith("www.", StringComparison.OrdinalIgnoreCase);
        context.Add("URL_USERINFO", isAddress ? 0.8 : 2.5, $"shows {user} before the @ and leads to {url.Host}");
    }

    // "www.one.example" as the text of a link to two.example. Links that count clicks lead through other hosts too, so the
    // score is small where the sender is who the text names.
    private static void ShownElsewhere(SpamContext context, FoundUrl url)
    {
        var text = url.LinkText;
        if (text.Length is 0 or > 200 || text.Contains(' ', StringComparison.Ordinal)
            || text.Contains('@', StringComparison.Ordinal)) return;
        if (!text.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            && !text.StartsWith("www.", StringComparison.OrdinalIgnoreCase)) return;
        if (!UrlParser.TryParse(text, UrlSource.Text, "", out var shown) || shown.Domain == url.Domain) return;
        var ours = HeaderCheck.SameOrganization(shown.Host, context.Content.Header.FromDomain);
        context.Add("URL_TEXT_DIFFERS", ours ? 0.3 : 1.3, $"shows {shown.Host} and leads to {url.Host}");
    }

    /// <summary>A label whose letters are Latin and look-alikes of another script, or all look-alikes under a Latin top domain.</summary>
    internal static bool IsLookAlike(string host)
    {
        foreach (var c in host)
        {
            if (c <= 127) continue;
            foreach (var label in host.Split('.'))
            {
                var (latin, alike, other) = (0, 0, 0);
                foreach (var letter in label.Where(char.IsLetter))
                {
                    if (letter < '\u0370') latin++;
                    else if (PlainText.LooksLatin(letter)) alike++;
                    else other++;
                }
                if (alike > 0 && other == 0 && (latin > 0 || alike > 2) && !host.EndsWith(".рф", StringComparison.Ordinal)) return true;
            }
            return false;
        }
        return false;
    }
}
