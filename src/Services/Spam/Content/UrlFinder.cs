namespace Aviso.Spam;

/// <summary>Finds http and https URLs.</summary>
public static class UrlFinder
{
    /// <summary>URLs in readable text, in order, until the list holds <paramref name="most"/>.</summary>
    public static void InText(ReadOnlySpan<char> text, int most, List<FoundUrl> into)
    {
    }

    /// <summary>Links, pictures and forms of a page, and what stands in its text.</summary>
    public static void InPage(HtmlPage page, int most, List<FoundUrl> into)
    {
    }
}
