namespace Aviso.Imap;

internal enum SortKey
{
    Arrival, Cc, Date, From, Size, Subject, To, DisplayFrom, DisplayTo,
}

internal readonly record struct SortCriterion(SortKey Key, bool Reverse);

internal enum ThreadAlgorithm
{
    OrderedSubject, References,
}

internal ref partial struct Grammar
{
    // RFC 5256 §5: sort = "SORT" SP sort-criteria SP search-criteria ; RFC 5267 §3.4: RETURN options before them
    public bool SortRequest(out List<SortCriterion> criteria, out SearchRequest request)
    {
        criteria = [];
        request = new(null, new(SearchKind.All), false);
        SearchReturn? wanted = null;
        if (!Sp()) return false;
        if (Word("RETURN"u8) && (!Sp() || !SearchReturn(out wanted) || !Sp())) return false;
        if (!Char((byte)'(')) return false;
        do
        {
            var reverse = Word("REVERSE"u8);
            if ((reverse && !Sp()) || !SortKey(out var key) || criteria.Count == 50) return false;
            criteria.Add(new(key, reverse));
        }
        while (Sp());
        return Char((byte)')') && Sp() && SearchProgram(wanted, out request);
    }

    private bool SortKey(out SortKey key)
    {
        key = Imap.SortKey.Arrival;
        if (!Atom(out var name)) return false;
        switch (AsAscii(name).ToUpperInvariant())
        {
            case "ARRIVAL": key = Imap.SortKey.Arrival; break;
            case "CC": key = Imap.SortKey.Cc; break;
            case "DATE": key = Imap.SortKey.Date; break;
            case "FROM": key = Imap.SortKey.From; break;
            case "SIZE": key = Imap.SortKey.Size; break;
            case "SUBJECT": key = Imap.SortKey.Subject; break;
            case "TO": key = Imap.SortKey.To; break;
            case "DISPLAYFROM": key = Imap.SortKey.DisplayFrom; break;
            case "DISPLAYTO": key = Imap.SortKey.DisplayTo; break;
            default: return false;
        }
        return true;
    }

    // thread = "THREAD" SP thread-alg SP search-criteria
    public bool ThreadRequest(out ThreadAlgorithm algorithm, out SearchRequest request)
    {
        algorithm = ThreadAlgorithm.References;
        request = new(null, new(SearchKind.All), false);
        if (!Sp()) return false;
        if (Word("ORDEREDSUBJECT"u8)) algorithm = ThreadAlgorithm.OrderedSubject;
        else if (!Word("REFERENCES"u8)) return false;
        return Sp() && SearchProgram(null, out request);
    }
}
