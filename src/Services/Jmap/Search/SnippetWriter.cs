using System.Text;

namespace Aviso.Jmap;

/// <summary>Text with what was found in it marked, as HTML (RFC 8621 §5).</summary>
internal static class SnippetWriter
{
    /// <summary>§5: "MUST NOT be bigger than 255 octets".</summary>
    private const int MostOctets = 255;

    private const int MostMarks = 1_000;

    // Octets of what stands before the first word found.
    private const int Before = 80;

    private const string Mark = "<mark>", EndMark = "</mark>";
    private const char Cut = '…';

    /// <summary>All of a text, or null when nothing of it is found.</summary>
    public static string? Whole(string text, IReadOnlyList<SearchTerm> terms)
    {
        var folded = new FoldedText(text);
        var places = folded.Places(terms, MostMarks);
        return places.Count == 0 ? null : Write(text, places, 0, int.MaxValue);
    }

    /// <summary>What stands around the first word found, or null when there is none.</summary>
    public static string? Section(string text, IReadOnlyList<SearchTerm> terms)
    {
        var places = new FoldedText(text).Places(terms, MostMarks);
        if (places.Count == 0) return null;
        var start = Beginning(text, places[0].Start);
        // From the beginning of a word.
        if (start > 0 && text.AsSpan(start, places[0].Start - start).IndexOfAny(' ', '\n', '\t') is var blank and >= 0) start += blank + 1;
        // A word longer than all there is room for leaves no section of it.
        return Write(text, places, start, MostOctets);
    }

    // As far back as there is room for what it will be written as.
    private static int Beginning(string text, int found)
    {
        var start = found;
        for (var room = Before; start > 0;)
        {
            var previous = start > 1 && char.IsSurrogatePair(text, start - 2) ? start - 2 : start - 1;
            room -= Encoding.UTF8.GetByteCount(Escaped(text, previous, isBounded: false, out _));
            if (room < 0) break;
            start = previous;
        }
        return start;
    }

    private static string Write(string text, IReadOnlyList<(int Start, int End)> places, int start, int most)
    {
        var into = new StringBuilder(start > 0 ? Cut.ToString() : "");
        var octets = Encoding.UTF8.GetByteCount(into.ToString());
        var (place, isOpen) = (0, false);
        for (var at = start; at < text.Length;)
        {
            while (place < places.Count && places[place].End <= at) place++;
            var isMarked = place < places.Count && places[place].Start <= at;
            var piece = Escaped(text, at, isBounded: most != int.MaxValue, out var length);
            if (isMarked != isOpen) piece = (isMarked ? Mark : EndMark) + piece;
            var size = Encoding.UTF8.GetByteCount(piece);
            // There is always room to close a mark and to say that the text goes on.
            var reserve = (isMarked ? EndMark.Length : 0) + (at + length < text.Length ? 3 : 0);
            if (octets + size + reserve > most)
            {
                if (isOpen) into.Append(EndMark);
                return into.Append(Cut).ToString();
            }
            into.Append(piece);
            (octets, isOpen) = (octets + size, isMarked);
            at += length;
        }
        return (isOpen ? into.Append(EndMark) : into).ToString();
    }

    // One character; of white space, where the text is only a section of another, all of it as one space.
    private static string Escaped(string text, int at, bool isBounded, out int length)
    {
        length = char.IsSurrogatePair(text, at) ? 2 : 1;
        if (isBounded && char.IsWhiteSpace(text[at]))
        {
            while (at + length < text.Length && char.IsWhiteSpace(text[at + length])) length++;
            return " ";
        }
        return text[at] switch
        {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => text.Substring(at, length),
        };
    }
}
