using System.Text;
using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>
/// Text to be searched: compared by i;unicode-casemap (RFC 5051), white space of any kind and length being one space, and every found place
/// known in the text as it was.
/// </summary>
internal sealed class FoldedText
{
    private readonly string _folded;
    private readonly int[] _places;

    public FoldedText(string text)
    {
        Text = text;
        var folded = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        for (var at = 0; at < text.Length;)
        {
            var length = char.IsSurrogatePair(text, at) ? 2 : 1;
            Fold(text.AsSpan(at, length), folded);
            while (places.Count < folded.Length) places.Add(at);
            at += length;
        }
        places.Add(text.Length);
        (_folded, _places) = (folded.ToString(), [.. places]);
    }

    public string Text { get; }

    public bool Has(SearchTerm term) => Find(Key(term.Text), term.IsPhrase, 0) >= 0;

    /// <summary>Where the terms stand in <see cref="Text"/>, first place first, none within another.</summary>
    public IReadOnlyList<(int Start, int End)> Places(IEnumerable<SearchTerm> terms, int most)
    {
        var found = new List<(int Start, int End)>();
        foreach (var term in terms)
        {
            var key = Key(term.Text);
            if (key.Length == 0) continue;
            for (var at = Find(key, term.IsPhrase, 0); at >= 0 && found.Count < most; at = Find(key, term.IsPhrase, at + key.Length))
                found.Add((_places[at], End(at + key.Length)));
        }
        found.Sort();
        return Joined(found);
    }

    // A character that is several when folded belongs to a match as a whole.
    private int End(int folded)
    {
        while (folded < _folded.Length && _places[folded] == _places[folded - 1]) folded++;
        return _places[folded];
    }

    private int Find(string key, bool isPhrase, int from)
    {
        for (var at = from; at <= _folded.Length - key.Length; at++)
        {
            at = _folded.IndexOf(key, at, StringComparison.Ordinal);
            if (at < 0 || !isPhrase || (IsEdge(at, key[0]) && IsEdge(at + key.Length, key[^1]))) return at;
        }
        return -1;
    }

    // No word goes on over this place; what is beside a sign is no part of it.
    private bool IsEdge(int at, char inside)
    {
        if (!IsWord(inside) || at == 0 || at == _folded.Length) return true;
        return !IsWord(_folded[at]) || !IsWord(_folded[at - 1]);
    }

    private static bool IsWord(char c) =>
        char.IsLetterOrDigit(c) || c == '_' || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.NonSpacingMark;

    private static List<(int Start, int End)> Joined(List<(int Start, int End)> found)
    {
        var joined = new List<(int Start, int End)>(found.Count);
        foreach (var (start, end) in found)
        {
            if (joined.Count > 0 && start < joined[^1].End) joined[^1] = (joined[^1].Start, Math.Max(end, joined[^1].End));
            else joined.Add((start, end));
        }
        return joined;
    }

    private static string Key(string text)
    {
        var folded = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var length = char.IsSurrogatePair(text, at) ? 2 : 1;
            Fold(text.AsSpan(at, length), folded);
            at += length;
        }
        return folded.ToString();
    }

    private static void Fold(ReadOnlySpan<char> character, StringBuilder into)
    {
        var c = character[0];
        if (c < 128 && !char.IsWhiteSpace(c)) into.Append(char.ToUpperInvariant(c));
        else if (char.IsWhiteSpace(c))
        {
            if (into.Length == 0 || into[^1] != ' ') into.Append(' ');
        }
        else into.Append(UnicodeCasemap.Key(character.ToString()));
    }
}
