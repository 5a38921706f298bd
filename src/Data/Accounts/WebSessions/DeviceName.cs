namespace Aviso.Accounts;

/// <summary>A browser in words, such as "Firefox on Linux", so that its owner knows it again. What browsers say of themselves is no grammar
/// anybody keeps to (RFC 9110 §10.1.5): the first word that fits counts.</summary>
internal static class DeviceName
{
    private const int MostLength = 60;

    // What others are built on and name as well comes last.
    private static readonly (string Word, string Name)[] Browsers =
    [
        ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"),
        ("Vivaldi/", "Vivaldi"), ("SamsungBrowser/", "Samsung Internet"), ("DuckDuckGo/", "DuckDuckGo"), ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"), ("Chrome/", "Chrome"), ("Epiphany/", "Web"), ("Safari/", "Safari"),
    ];

    private static readonly (string Word, string Name)[] Systems =
    [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
        ("Mac OS X", "Mac"), ("Macintosh", "Mac"), ("FreeBSD", "FreeBSD"), ("OpenBSD", "OpenBSD"), ("Linux", "Linux"),
    ];

    /// <param name="userAgent">Of a stranger; may be empty.</param>
    public static string Of(string userAgent)
    {
        var (browser, system) = (Find(Browsers, userAgent), Find(Systems, userAgent));
        return (browser, system) switch
        {
            ({ } b, { } s) => $"{b} on {s}",
            ({ } b, null) => b,
            (null, { } s) => $"a program on {s}",
            _ => FirstProduct(userAgent) is { Length: > 0 } product ? product : "an unknown program",
        };
    }

    private static string? Find((string Word, string Name)[] table, string text) =>
        Array.Find(table, row => text.Contains(row.Word, StringComparison.Ordinal)).Name;

    // curl/8.14.1 is curl; only what can be a token of ours to show.
    private static string FirstProduct(string text) =>
        new([.. text.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_').Take(MostLength)]);
}
