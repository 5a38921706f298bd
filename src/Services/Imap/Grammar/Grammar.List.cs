namespace Aviso.Imap;

internal sealed record ListRequest(string Reference, IReadOnlyList<string> Patterns)
{
    public bool Extended { get; init; }

    public bool SelectSubscribed { get; init; }

    public bool SelectSpecialUse { get; init; }

    public bool RecursiveMatch { get; init; }

    public bool ReturnSubscribed { get; init; }

    public bool ReturnChildren { get; init; }

    public StatusItems Status { get; init; }
}

internal ref partial struct Grammar
{
    public const int MaxPatterns = 100;

    // list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
    public bool ListRequest(out ListRequest request)
    {
        request = new("", []);
        if (!Sp()) return false;
        if (Peek == '(' && (!ListSelect(ref request) || !Sp())) return false;
        if (!ListMailbox(out var reference) || !Sp() || !Patterns(out var patterns, ref request)) return false;
        request = request with { Reference = reference ?? "", Patterns = patterns };
        return AtEnd || (Sp() && Word("RETURN"u8) && Sp() && ListReturn(ref request));
    }

    private bool Patterns(out List<string> patterns, ref ListRequest request)
    {
        patterns = [];
        if (Peek != '(')
        {
            // What is no name matches none; what is too long to be matched is refused.
            if (!ListMailbox(out var one) || one is { Length: > ListPattern.MaxLength }) return false;
            if (one is not null) patterns.Add(one);
            return true;
        }
        request = request with { Extended = true };
        Char((byte)'(');
        do
        {
            if (!ListMailbox(out var pattern) || pattern is { Length: > ListPattern.MaxLength }) return false;
            if (patterns.Count == MaxPatterns) return false;
            if (pattern is not null) patterns.Add(pattern);
        }
        while (Sp());
        return Char((byte)')');
    }

    private bool ListSelect(ref ListRequest request)
    {
        request = request with { Extended = true };
        Char((byte)'(');
        for (var first = true; !Char((byte)')'); first = false)
        {
            if (!first && !Sp()) return false;
            if (Word("SUBSCRIBED"u8)) request = request with { SelectSubscribed = true, ReturnSubscribed = true };
            else if (Word("SPECIAL-USE"u8)) request = request with { SelectSpecialUse = true };
            else if (Word("RECURSIVEMATCH"u8)) request = request with { RecursiveMatch = true };
            else if (!Word("REMOTE"u8)) return false;
        }
        // RFC 9051 §6.3.9.1: RECURSIVEMATCH needs another selection option.
        return !request.RecursiveMatch || request.SelectSubscribed || request.SelectSpecialUse;
    }

    private bool ListReturn(ref ListRequest request)
    {
        request = request with { Extended = true };
        if (!Char((byte)'(')) return false;
        for (var first = true; !Char((byte)')'); first = false)
        {
            if (!first && !Sp()) return false;
            if (Word("SUBSCRIBED"u8)) request = request with { ReturnSubscribed = true };
            else if (Word("CHILDREN"u8)) request = request with { ReturnChildren = true };
            else if (Word("STATUS"u8))
            {
                if (!Sp() || !StatusItems(out var items)) return false;
                request = request with { Status = items };
            }
            else if (!Word("SPECIAL-USE"u8)) return false;
        }
        return true;
    }
}
