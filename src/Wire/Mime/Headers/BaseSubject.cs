using System.Text;

namespace Aviso.Mime;

/// <summary>RFC 5256 §2.1: the subject without reply and forward marks, for SORT and THREAD.</summary>
public static class BaseSubject
{
    /// <summary>Takes the decoded subject; compare the result without regard to case.</summary>
    public static (string Base, bool IsReplyOrForward) Of(string decodedSubject)
    {
        var text = Collapse(decodedSubject);
        var marked = false;
        while (true)
        {
            text = WithoutTrailers(text, ref marked);
            text = WithoutLeaders(text, ref marked);
            // (6) "[fwd:" ... "]": the inside is the subject.
            if (!(text.StartsWith("[fwd:", StringComparison.OrdinalIgnoreCase) && text.EndsWith(']'))) break;
            text = text[5..^1];
            marked = true;
        }
        return (text.ToString(), marked);
    }

    // (1) tabs and continuations become a space, several spaces one.
    private static ReadOnlySpan<char> Collapse(string subject)
    {
        var text = new StringBuilder(subject.Length);
        foreach (var c in subject)
        {
            var space = c is ' ' or '\t' or '\r' or '\n';
            if (!space) text.Append(c);
            else if (text.Length == 0 || text[^1] != ' ') text.Append(' ');
        }
        return text.ToString();
    }

    // (2) subj-trailer = "(fwd)" / WSP
    private static ReadOnlySpan<char> WithoutTrailers(ReadOnlySpan<char> text, scoped ref bool marked)
    {
        while (true)
        {
            text = text.TrimEnd(' ');
            if (!text.EndsWith("(fwd)", StringComparison.OrdinalIgnoreCase)) return text;
            text = text[..^5];
            marked = true;
        }
    }

    // (3)-(5) subj-leader = (*subj-blob subj-refwd) / WSP, then a blob alone if something is left after it.
    private static ReadOnlySpan<char> WithoutLeaders(ReadOnlySpan<char> text, scoped ref bool marked)
    {
        while (true)
        {
            text = text.TrimStart(' ');
            var blobs = 0;
            var refwd = -1;
            while ((refwd = Refwd(text[blobs..])) < 0 && Blob(text[blobs..]) is var blob and > 0) blobs += blob;
            if (refwd > 0)
            {
                text = text[(blobs + refwd)..];
                marked = true;
                continue;
            }
            var one = Blob(text);
            if (one == 0 || one == text.Length) return text;
            // No leader follows these blobs: each goes while a base remains.
            while (Blob(text) is var next and > 0 && next < text.Length) text = text[next..];
            return text;
        }
    }

    // subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
    private static int Refwd(ReadOnlySpan<char> text)
    {
        var at = text.StartsWith("re", StringComparison.OrdinalIgnoreCase) ? 2
            : text.StartsWith("fwd", StringComparison.OrdinalIgnoreCase) ? 3
            : text.StartsWith("fw", StringComparison.OrdinalIgnoreCase) ? 2 : -1;
        if (at < 0) return -1;
        while (at < text.Length && text[at] == ' ') at++;
        at += Blob(text[at..]);
        return at < text.Length && text[at] == ':' ? at + 1 : -1;
    }

    // subj-blob = "[" *BLOBCHAR "]" *WSP
    private static int Blob(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != '[') return 0;
        var end = text[1..].IndexOfAny('[', ']');
        if (end < 0 || text[end + 1] != ']') return 0;
        var at = end + 2;
        while (at < text.Length && text[at] == ' ') at++;
        return at;
    }
}
