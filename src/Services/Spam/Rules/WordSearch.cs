namespace Aviso.Spam;

/// <summary>
/// Finds many phrases in one pass over a text (Aho and Corasick, 1975), without regard to case. The automaton is made whole at build, so a
/// character costs one look-up whatever the phrases are. Immutable.
/// </summary>
public sealed class WordSearch
{
    private const int MostStates = 500_000;
    private readonly ushort[] _classes = new ushort[char.MaxValue + 1];
    private readonly int _width;
    private readonly int[] _next;
    private readonly int[][] _found;
    private readonly int[] _lengths;
    private readonly bool[] _wholeStart;
    private readonly bool[] _wholeEnd;

    /// <summary>
    /// Each phrase begins and ends at the bounds of words, unless "*" stands there ("verif*", "*coin"). White space is one space.
    /// </summary>
    /// <exception cref="ArgumentException">A phrase is empty, or they are too many.</exception>
    public WordSearch(IReadOnlyList<string> phrases)
    {
        Count = phrases.Count;
        _lengths = new int[phrases.Count];
        _wholeStart = new bool[phrases.Count];
        _wholeEnd = new bool[phrases.Count];
        var texts = new string[phrases.Count];
        var width = 1;
        for (var i = 0; i < phrases.Count; i++)
        {
            var text = phrases[i].Trim();
            _wholeStart[i] = !text.StartsWith('*');
            _wholeEnd[i] = !text.EndsWith('*');
            text = text.Trim('*').ToLowerInvariant();
            if (text.Length == 0) throw new ArgumentException("a phrase is empty", nameof(phrases));
            _wholeStart[i] &= char.IsLetterOrDigit(text[0]);
            _wholeEnd[i] &= char.IsLetterOrDigit(text[^1]);
            texts[i] = text;
            _lengths[i] = text.Length;
            foreach (var c in text)
            {
                if (_classes[c] == 0) _classes[c] = (ushort)width++;
            }
        }
        _width = width;
        for (var c = 0; c <= char.MaxValue; c++)
        {
            var lower = char.ToLowerInvariant((char)c);
            if (lower != c && _classes[lower] != 0) _classes[c] = _classes[lower];
        }
        (_next, _found) = Build(texts);
    }

    /// <summary>How many phrases there are.</summary>
    public int Count { get; }

    /// <summary>Calls <paramref name="hit"/> with the phrase's number and where it ends; true ends the search.</summary>
    public void Search<T>(ReadOnlySpan<char> text, ref T hit) where T : struct, IPhraseHit, allows ref struct
    {
        var next = _next;
        var width = _width;
        var state = 0;
        for (var i = 0; i < text.Length; i++)
        {
            state = next[(state * width) + _classes[text[i]]];
            if (_found[state] is not { } found) continue;
            foreach (var phrase in found)
            {
                var start = i + 1 - _lengths[phrase];
                if (_wholeStart[phrase] && start > 0 && char.IsLetterOrDigit(text[start - 1])) continue;
                if (_wholeEnd[phrase] && i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1])) continue;
                hit.At(phrase, i + 1);
            }
        }
    }

    private (int[] Next, int[][] Found) Build(string[] texts)
    {
        var next = new List<int>(new int[_width]);
        var found = new List<List<int>?> { null };
        for (var i = 0; i < texts.Length; i++)
        {
            var state = 0;
            foreach (var c in texts[i])
            {
                var at = (state * _width) + _classes[c];
                if (next[at] == 0)
                {
                    if (found.Count == MostStates) throw new ArgumentException("the phrases are too many", nameof(texts));
                    next[at] = found.Count;
                    found.Add(null);
                    next.AddRange(new int[_width]);
                }
                state = next[at];
            }
            (found[state] ??= []).Add(i);
        }
        var table = next.ToArray();
        Link(table, found);
        return (table, [.. found.Select(f => f?.ToArray()!)]);
    }

    // Breadth first: where a state has no way on, it goes where its longest proper suffix goes.
    private void Link(int[] table, List<List<int>?> found)
    {
        var suffix = new int[found.Count];
        var queue = new Queue<int>();
        for (var c = 0; c < _width; c++)
        {
            if (table[c] != 0) queue.Enqueue(table[c]);
        }
        while (queue.TryDequeue(out var state))
        {
            if (found[suffix[state]] is { } more) (found[state] ??= []).AddRange(more);
            for (var c = 0; c < _width; c++)
            {
                var at = (state * _width) + c;
                var shorter = table[(suffix[state] * _width) + c];
                if (table[at] == 0) table[at] = shorter;
                else
                {
                    suffix[table[at]] = shorter;
                    queue.Enqueue(table[at]);
                }
            }
        }
    }
}

/// <summary>Takes the hits of a <see cref="WordSearch"/>.</summary>
public interface IPhraseHit
{
    /// <param name="end">The index after the phrase's last character.</param>
    void At(int phrase, int end);
}
