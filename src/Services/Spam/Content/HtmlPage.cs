namespace Aviso.Spam;

/// <summary>A link of a page.</summary>
/// <param name="Href">Character references undone, as sent otherwise; at most 2,000 characters.</param>
/// <param name="Text">What is shown for it, collapsed, at most 200 characters.</param>
/// <param name="HasImage">It holds a picture.</param>
public sealed record HtmlLink(string Href, string Text, bool HasImage);

/// <summary>A picture of a page; sizes in pixels or -1.</summary>
public sealed record HtmlImage(string Source, int Width, int Height);

/// <summary>What HTML holds, as far as checks ask: see <see cref="HtmlScanner"/>.</summary>
public sealed class HtmlPage
{
    /// <summary>What a reader sees: references undone, blocks divided by a line feed, else white space as it stands.</summary>
    public string Visible { get; internal set; } = "";

    /// <summary>What stands there unseen: display:none, size 0, the colour of the ground; not comments, scripts or styles.</summary>
    public string Hidden { get; internal set; } = "";

    /// <summary>The title of the page, "" without one.</summary>
    public string Title { get; internal set; } = "";

    public List<HtmlLink> Links { get; } = [];

    public List<HtmlImage> Images { get; } = [];

    /// <summary>The action of each form, "" for one without.</summary>
    public List<string> Forms { get; } = [];

    /// <summary>Where meta refresh leads, "" without one.</summary>
    public string Refresh { get; internal set; } = "";

    /// <summary>The href of base, "" without one.</summary>
    public string Base { get; internal set; } = "";

    public int Scripts { get; internal set; }

    /// <summary>Scripts that decode or write what they show (atob, unescape, eval...).</summary>
    public int DecodingScripts { get; internal set; }

    /// <summary>Scripts that lead elsewhere by themselves.</summary>
    public int LeadingScripts { get; internal set; }

    /// <summary>Attributes that run script (onload, onerror...), and javascript: links.</summary>
    public int Handlers { get; internal set; }

    /// <summary>iframe, object, embed, applet.</summary>
    public int Frames { get; internal set; }

    public int PasswordFields { get; internal set; }

    /// <summary>Letters and digits shown.</summary>
    public int VisibleLetters { get; internal set; }

    /// <summary>Letters and digits not shown by display, visibility, opacity or size 0.</summary>
    public int HiddenLetters { get; internal set; }

    /// <summary>Letters and digits in the colour of their ground.</summary>
    public int InkLetters { get; internal set; }

    /// <summary>Letters and digits shown at 1 to 3 pixels.</summary>
    public int TinyLetters { get; internal set; }

    /// <summary>There are more links or pictures than are listed.</summary>
    public bool IsCut { get; internal set; }

    public int Comments { get; internal set; }

    /// <summary>Tags seen; those HTML does not know among them.</summary>
    public int Tags { get; internal set; }

    public int UnknownTags { get; internal set; }

    /// <summary>Words cut in two by a comment, an unknown tag or an empty element.</summary>
    public int SplitWords { get; internal set; }
}
