namespace Aviso.Spam;

/// <summary>What HTML and text hide or pretend: see the reasons.</summary>
public sealed class TextCheck : ISpamCheck
{
    public string Name => "text";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var tricks = context.Content.Tricks;
        if (tricks.MixedWords >= 3) context.Add("TEXT_DISGUISED", 2, $"{tricks.MixedWords} words of look-alike letters");
        if (tricks.ZeroWidth >= 5) context.Add("TEXT_INVISIBLE", 1.5, $"{tricks.ZeroWidth} words with invisible characters inside");
        if (tricks.FancyLetters >= 30) context.Add("TEXT_FANCY", 0.7, "letters in fancy forms");
        foreach (var text in context.Content.Texts)
        {
            if (text.Page is { } page) Page(context, page);
        }
        foreach (var attached in context.Content.Pages)
        {
            Page(context, attached.Page);
            if (!attached.IsWhole) context.LimitHit($"{attached.File.Name} is longer than what is looked at", 0.5);
        }
        return default;
    }

    private static void Page(SpamContext context, HtmlPage page)
    {
        if (page.PasswordFields > 0) context.Add("HTML_PASSWORD", 2.5, "asks for a password in the message");
        else if (page.Forms.Count > 0) context.Add("HTML_FORM", 0.5, "has a form");
        if (page.Scripts > 0) context.Add("HTML_SCRIPT", 0.7, "has a script");
        if (page.DecodingScripts > 0) context.Add("HTML_SCRIPT_DECODES", 1.8, "has a script that makes what it shows");
        if (page.LeadingScripts > 0) context.Add("HTML_REFRESH", 2, "has a script that leads elsewhere by itself");
        if (page.Handlers > 0) context.Add("HTML_HANDLER", 0.7, "has attributes that run script");
        if (page.Frames > 0) context.Add("HTML_FRAME", 0.5, "has frames or objects");
        if (page.Refresh.Length > 0) context.Add("HTML_REFRESH", 2, "leads elsewhere by itself");
        if (page.Base.Length > 0 && !page.Base.StartsWith("http", StringComparison.OrdinalIgnoreCase)) context.Add(
            "HTML_BASE", 0.5, "turns its links by a base that is none");
        // A line for the list of messages stands hidden at the top of much good mail: only much hidden text counts.
        if (page.HiddenLetters > 400 && page.HiddenLetters > page.VisibleLetters) context.Add(
            "HTML_HIDDEN", 1.0, $"hides {page.HiddenLetters} letters, shows {page.VisibleLetters}");
        if (page.InkLetters > 100 && page.InkLetters > page.VisibleLetters / 4) context.Add(
            "HTML_INK", 1.2, $"{page.InkLetters} letters in the colour of their ground");
        if (page.TinyLetters > 200 && page.TinyLetters > page.VisibleLetters / 4) context.Add(
            "HTML_TINY", 1.0, $"{page.TinyLetters} letters too small to read");
        if (page.SplitWords >= 5) context.Add("HTML_SPLIT", 1.5, $"{page.SplitWords} words cut by comments or unknown tags");
        if (page.Images.Count > 0 && page.VisibleLetters < 50 && page.Links.Count > 0) context.Add(
            "HTML_IMAGE_ONLY", 0.8, "a picture with a link and hardly a word");
        if (page.UnknownTags > 20 && page.UnknownTags > page.Tags / 4) context.Add(
            "HTML_NONSENSE", 0.8, $"{page.UnknownTags} tags that do not exist");
    }
}
