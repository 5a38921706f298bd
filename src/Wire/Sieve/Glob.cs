namespace Aviso.Sieve;

/// <summary>
/// :matches (RFC 5228 §2.7.1): "*" any characters, "?" one, a backslash takes the next as it is. Every wildcard takes as little as
/// it can, from the left (RFC 5229 §3.2). The stretches between stars are looked for one after the other, each at its first place:
/// no backtracking, so the work is at most pattern times text and usually their sum.
/// </summary>
internal sealed class Glob
{
    private readonly List<Stretch> _stretches = [];
    private readonly int _wildcards;

    private Glob(string pattern)
    {
        var text = new List<char>();
        var any = new List<bool>();
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c is '*' or '?') _wildcards++;
            if (c == '*')
            {
                _stretches.Add(new(text.ToArray(), any.ToArray()));
                text.Clear();
                any.Clear();
                continue;
            }
            if (c == '\\' && i + 1 < pattern.Length) text.Add(pattern[++i]);
            else text.Add(c);
            any.Add(c == '?');
        }
        _stretches.Add(new(text.ToArray(), any.ToArray()));
    }

    /// <summary>Characters between two stars; where <see cref="Any"/>, one code point of any kind.</summary>
    private readonly record struct Stretch(char[] Text, bool[] Any)
    {
        public readonly char? First = Text.Length > 0 && !Any[0] ? Text[0] : null;
    }

    public static Glob Compile(string foldedPattern) => new(foldedPattern);

    /// <summary>
    /// True when the whole of <paramref name="folded"/> matches. <paramref name="captures"/>: [start, end) of each wildcard in order.
    /// <paramref name="work"/> loses what was compared; below zero the answer is false and means nothing.
    /// </summary>
    public bool IsMatch(string folded, ref long work, List<(int Start, int End)>? captures)
    {
        var starts = new int[_stretches.Count];
        var ends = new int[_stretches.Count];
        if (!TryAt(_stretches[0], folded, 0, ref work, out ends[0])) return false;
        var last = _stretches.Count - 1;
        if (last == 0)
        {
            if (ends[0] != folded.Length) return false;
        }
        else
        {
            for (var i = 1; i < last; i++)
            {
                if (!TryFind(_stretches[i], folded, ends[i - 1], ref work, out starts[i], out ends[i])) return false;
            }
            if (!TryAtEnd(_stretches[last], folded, ends[last - 1], ref work, out starts[last])) return false;
            ends[last] = folded.Length;
        }
        if (captures is not null && _wildcards > 0) Capture(folded, starts, ends, captures);
        return work >= 0;
    }

    private static bool TryFind(Stretch stretch, string text, int from, ref long work, out int start, out int end)
    {
        for (start = from; work >= 0; start++)
        {
            if (stretch.First is { } first)
            {
                var next = text.AsSpan(start).IndexOf(first);
                if (next < 0) break;
                start += next;
            }
            if (TryAt(stretch, text, start, ref work, out end)) return true;
            if (start >= text.Length) break;
            if (char.IsHighSurrogate(text[start])) start++;
        }
        end = start;
        return false;
    }

    private static bool TryAt(Stretch stretch, string text, int at, ref long work, out int end)
    {
        end = at;
        for (var i = 0; i < stretch.Text.Length; i++)
        {
            work--;
            if (end >= text.Length) return false;
            if (stretch.Any[i]) end += IsPair(text, end) ? 2 : 1;
            else if (text[end] == stretch.Text[i]) end++;
            else return false;
        }
        return true;
    }

    private static bool TryAtEnd(Stretch stretch, string text, int from, ref long work, out int start)
    {
        start = text.Length;
        for (var i = stretch.Text.Length - 1; i >= 0; i--)
        {
            work--;
            if (start <= from) return false;
            if (stretch.Any[i]) start -= start - 2 >= from && IsPair(text, start - 2) ? 2 : 1;
            else if (text[start - 1] == stretch.Text[i]) start--;
            else return false;
        }
        return true;
    }

    private void Capture(string text, int[] starts, int[] ends, List<(int, int)> captures)
    {
        for (var i = 0; i < _stretches.Count; i++)
        {
            if (i > 0) captures.Add((ends[i - 1], starts[i]));
            var at = starts[i];
            for (var j = 0; j < _stretches[i].Text.Length; j++)
            {
                var length = _stretches[i].Any[j] && IsPair(text, at) ? 2 : 1;
                if (_stretches[i].Any[j]) captures.Add((at, at + length));
                at += length;
            }
        }
    }

    private static bool IsPair(string text, int at) =>
        at + 1 < text.Length && char.IsHighSurrogate(text[at]) && char.IsLowSurrogate(text[at + 1]);
}
