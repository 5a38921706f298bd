using System.Collections;

namespace Aviso.Imap;

[Flags]
internal enum ListMatch
{
    No = 0,

    /// <summary>The name matches.</summary>
    Yes = 1,

    /// <summary>A name below this one could match.</summary>
    Children = 2,

    /// <summary>A name above this one matches.</summary>
    Parent = 4,
}

/// <summary>
/// RFC 9051 §6.3.9.1: '*' matches anything, '%' anything but '/'. All positions of the pattern that a name can have
/// reached are followed at once, so no pattern makes the work grow beyond name times pattern.
/// </summary>
internal sealed class ListPattern
{
    public const int MaxLength = 1000;

    private readonly string _pattern;
    private readonly bool _inboxAnyCase;

    /// <param name="pattern">With wildcards.</param>
    /// <param name="inboxAnyCase">A first level that spells INBOX matches in any case.</param>
    public ListPattern(string pattern, bool inboxAnyCase = true)
    {
        _pattern = Collapse(pattern);
        _inboxAnyCase = inboxAnyCase;
    }

    public ListMatch Match(string name)
    {
        var anyCaseUntil = _inboxAnyCase && IsInbox(name) ? 5 : 0;
        var now = new BitArray(_pattern.Length + 1);
        var next = new BitArray(_pattern.Length + 1);
        now[0] = true;
        Skip(now);
        var result = ListMatch.No;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '/' && i > 0 && now[_pattern.Length]) result |= ListMatch.Parent;
            if (!Step(now, next, name[i], i < anyCaseUntil)) return result;
            (now, next) = (next, now);
        }
        if (now[_pattern.Length]) return ListMatch.Yes;
        if (name.EndsWith('/') ? now.HasAnySet() : Step(now, next, '/', false)) result |= ListMatch.Children;
        return result;
    }

    private bool Step(BitArray now, BitArray next, char c, bool anyCase)
    {
        next.SetAll(false);
        var any = false;
        for (var p = 0; p < _pattern.Length; p++)
        {
            if (!now[p]) continue;
            var want = _pattern[p];
            if (want == '*' || (want == '%' && c != '/')) next[p] = any = true;
            else if (want == c || (anyCase && char.ToUpperInvariant(want) == char.ToUpperInvariant(c))) next[p + 1] = any = true;
        }
        if (any) Skip(next);
        return any;
    }

    // A wildcard may match nothing.
    private void Skip(BitArray states)
    {
        for (var p = 0; p < _pattern.Length; p++)
        {
            if (states[p] && _pattern[p] is '*' or '%' && states[p]) states[p + 1] = true;
        }
    }

    private static bool IsInbox(string name) =>
        name.StartsWith("INBOX", StringComparison.OrdinalIgnoreCase) && (name.Length == 5 || name[5] == '/');

    private static string Collapse(string pattern)
    {
        var text = new System.Text.StringBuilder(pattern.Length);
        foreach (var c in pattern)
        {
            var last = text.Length > 0 ? text[^1] : '\0';
            if (c is '*' or '%' && last == '*') continue;
            if (c == '%' && last == '%') continue;
            if (c == '*' && last == '%') text.Length--;
            text.Append(c);
        }
        return text.ToString();
    }
}
