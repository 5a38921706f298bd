namespace Aviso.Spam;

/// <summary>Reads HTML in one pass.</summary>
public static class HtmlScanner
{
    /// <summary>Never throws; looks at every character a bounded number of times.</summary>
    public static HtmlPage Scan(string html) => new() { Visible = Mime.HtmlText.Convert(html, 64 * 1024) };
}
