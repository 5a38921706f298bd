using System.Text;

namespace Aviso.Store.Search;

/// <summary>
/// Cuts what a person looks for into pieces that the index must hold within words if the text holds what they look for. The
/// index folds and splits by Unicode 6.1; a character on which it and we might disagree only ends a piece, so no
/// message is missed.
/// </summary>
internal static class SearchWords
{
    /// <summary>Shorter pieces are in too many words to narrow anything.</summary>
    private const int Shortest = 3;

    // Letters with more than one lower-case form, or whose folding differs between tables.
    private static readonly System.Buffers.SearchValues<char> Unsure = System.Buffers.SearchValues.Create(
        "\u00b5\u00df\u0130\u0131\u0149\u017f\u01c4\u01c5\u01c6\u01c7\u01c8\u01c9\u01ca\u01cb\u01cc\u01f0\u01f1\u01f2\u01f3\u0345\u0390\u03a3\u03b0\u03c2\u03c3\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f4\u03f5");

    // Marks that the index keeps within words (the diacritics its tokenizer knows).
    private static readonly System.Buffers.SearchValues<char> Marks = System.Buffers.SearchValues.Create(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331");

    /// <summary>Of a text in form KD, as the index has it: pieces in lower case, longest first; empty when the text cannot narrow.</summary>
    public static IReadOnlyList<string> Pieces(string text)
    {
        var pieces = new List<string>();
        var piece = new StringBuilder();
        foreach (var c in text)
        {
            if (IsSure(c))
            {
                piece.Append(char.ToLowerInvariant(c));
                continue;
            }
            Keep(pieces, piece);
        }
        Keep(pieces, piece);
        pieces.Sort(static (a, b) => b.Length.CompareTo(a.Length));
        return pieces;
    }

    private static void Keep(List<string> pieces, StringBuilder piece)
    {
        if (piece.Length >= Shortest && !pieces.Contains(piece.ToString())) pieces.Add(piece.ToString());
        piece.Clear();
    }

    private static bool IsSure(char c) =>
        char.IsAsciiLetterOrDigit(c) || Marks.Contains(c)
        || (c is >= '\u00c0' and <= '\u0481' && char.IsLetter(c) && !Unsure.Contains(c))
        || c is (>= '\u3041' and <= '\u3096') or (>= '\u30a1' and <= '\u30fa') or (>= '\u4e00' and <= '\u9fcc') or (>= '\uac00' and <= '\ud7a3') or (>= '\u1100' and <= '\u11ff');
}
