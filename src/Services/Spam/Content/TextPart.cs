using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>One text part, decoded.</summary>
/// <param name="Text">As sent, charset and transfer encoding undone; of a long one the beginning.</param>
/// <param name="Page">What its HTML holds; null for other text.</param>
/// <param name="IsShown">False for the text alternative that a reader of HTML never sees.</param>
/// <param name="IsWhole">False when the text was longer than what is looked at.</param>
public sealed record TextPart(MimePart Part, string Text, HtmlPage? Page, bool IsShown, bool IsWhole);

/// <summary>How text hides its words from filters; all counts.</summary>
public record struct TextTricks
{
    /// <summary>Invisible characters between two letters of a word.</summary>
    public int ZeroWidth { get; set; }

    /// <summary>Words that mix Latin letters with look-alikes of another script.</summary>
    public int MixedWords { get; set; }

    /// <summary>Letters in mathematical, circled and other fancy forms.</summary>
    public int FancyLetters { get; set; }

    /// <summary>Marks that turn the reading direction (RLO and its kin).</summary>
    public int Overrides { get; set; }
}
