using System.Text;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Imap;

internal ref partial struct Grammar
{
    // Clients chain OR key after key: deep, not wide.
    public const int MaxSearchDepth = 500;
    public const int MaxSearchKeys = 2000;

    // search = "SEARCH" [search-return-opts] SP search-program
    public bool SearchRequest(out SearchRequest request)
    {
        request = new(null, new(SearchKind.All), false);
        SearchReturn? wanted = null;
        if (!Sp()) return false;
        if (Word("RETURN"u8) && (!Sp() || !SearchReturn(out wanted) || !Sp())) return false;
        var (bad, hasCharset) = (false, false);
        if (Word("CHARSET"u8))
        {
            hasCharset = true;
            if (!Sp() || !SearchCharset(out bad)) return false;
            if (bad) return BadCharset(wanted, out request);
            if (!Sp()) return false;
        }
        if (!SearchKeys(out var key)) return false;
        request = new(wanted, key, false) { HasCharset = hasCharset };
        return true;
    }

    private bool BadCharset(SearchReturn? wanted, out SearchRequest request)
    {
        _at = _octets.Length;
        request = new(wanted, new(SearchKind.All), true);
        return true;
    }

    /// <summary>For SORT and THREAD: charset SP search-key *(SP search-key).</summary>
    public bool SearchProgram(SearchReturn? wanted, out SearchRequest request)
    {
        request = new(wanted, new(SearchKind.All), false);
        if (!SearchCharset(out var bad)) return false;
        if (bad) return BadCharset(wanted, out request);
        if (!Sp() || !SearchKeys(out var key)) return false;
        request = new(wanted, key, false);
        return true;
    }

    private bool SearchCharset(out bool bad)
    {
        bad = false;
        if (!AString(out var charset)) return false;
        bad = !Ascii.EqualsIgnoreCase(charset, "UTF-8"u8) && !Ascii.EqualsIgnoreCase(charset, "US-ASCII"u8);
        return true;
    }

    public bool SearchReturn(out SearchReturn? wanted)
    {
        var options = Imap.SearchReturn.Nothing;
        wanted = null;
        if (!Char((byte)'(')) return false;
        var hinted = false;
        for (var first = true; !Char((byte)')'); first = false)
        {
            if (!first && !Sp()) return false;
            // RFC 5267 §4.2: a hint that the search will come again.
            if (Word("CONTEXT"u8))
            {
                hinted = true;
                continue;
            }
            if (Word("MIN"u8)) options = options with { Min = true };
            else if (Word("MAX"u8)) options = options with { Max = true };
            else if (Word("ALL"u8)) options = options with { All = true };
            else if (Word("COUNT"u8)) options = options with { Count = true };
            else if (Word("SAVE"u8)) options = options with { Save = true };
            else if (Word("UPDATE"u8)) options = options with { Update = true };
            else if (Word("PARTIAL"u8))
            {
                if (!Sp() || !PartialRange(out var range) || options.Partial is not null) return false;
                options = options with { Partial = range };
            }
            else return false;
        }
        // RFC 9051 §6.4.4: "RETURN ()" means ALL. RFC 9394 §3.1: PARTIAL and ALL exclude each other.
        if (options == Imap.SearchReturn.Nothing && !hinted) options = options with { All = true };
        wanted = options;
        return options.Partial is null || !options.All;
    }

    public bool SearchKeys(out SearchKey key)
    {
        var keys = new List<SearchKey>();
        key = new(SearchKind.All);
        do
        {
            if (!SearchKey(0, out var one)) return false;
            keys.Add(one);
        }
        while (Sp());
        key = keys.Count == 1 ? keys[0] : new(SearchKind.And) { Keys = keys };
        return true;
    }

    private bool SearchKey(int depth, out SearchKey key)
    {
        key = new(SearchKind.All);
        if (depth > MaxSearchDepth || ++_searchKeys > MaxSearchKeys)
        {
            TooComplex = true;
            return false;
        }
        if (Char((byte)'(')) return SearchList(depth, out key);
        if (Peek is >= (byte)'0' and <= (byte)'9' or (byte)'*' or (byte)'$')
        {
            if (!Sequence(out var set)) return false;
            key = new(SearchKind.Numbers) { Set = set };
            return true;
        }
        return Atom(out var word) && SearchWord(word, depth, out key);
    }

    private bool SearchList(int depth, out SearchKey key)
    {
        var keys = new List<SearchKey>();
        key = new(SearchKind.And) { Keys = keys };
        do
        {
            if (!SearchKey(depth + 1, out var one)) return false;
            keys.Add(one);
        }
        while (Sp());
        return Char((byte)')');
    }

    // Keys that are one word: no argument follows.
    private static SearchKey? PlainKey(string word) => word switch
    {
        "ALL" => new(SearchKind.All),
        "ANSWERED" => Has(SystemFlags.Answered, true),
        "DELETED" => Has(SystemFlags.Deleted, true),
        "DRAFT" => Has(SystemFlags.Draft, true),
        "FLAGGED" => Has(SystemFlags.Flagged, true),
        "SEEN" => Has(SystemFlags.Seen, true),
        "UNANSWERED" => Has(SystemFlags.Answered, false),
        "UNDELETED" => Has(SystemFlags.Deleted, false),
        "UNDRAFT" => Has(SystemFlags.Draft, false),
        "UNFLAGGED" => Has(SystemFlags.Flagged, false),
        "UNSEEN" => Has(SystemFlags.Seen, false),
        "RECENT" => new(SearchKind.Recent),
        "OLD" => new(SearchKind.Old),
        "NEW" => new(SearchKind.New),
        "SAVEDATESUPPORTED" => new(SearchKind.SaveDateSupported),
        _ => null,
    };

    private bool SearchWord(ReadOnlySpan<byte> word, int depth, out SearchKey key)
    {
        var name = AsAscii(word).ToUpperInvariant();
        if (PlainKey(name) is { } plain)
        {
            key = plain;
            return true;
        }
        switch (name)
        {
            case "KEYWORD": return KeywordKey(true, out key);
            case "UNKEYWORD": return KeywordKey(false, out key);
            case "BEFORE": return Day(SearchKind.Before, out key);
            case "ON": return Day(SearchKind.On, out key);
            case "SINCE": return Day(SearchKind.Since, out key);
            case "SENTBEFORE": return Day(SearchKind.SentBefore, out key);
            case "SENTON": return Day(SearchKind.SentOn, out key);
            case "SENTSINCE": return Day(SearchKind.SentSince, out key);
            case "SAVEDBEFORE": return Day(SearchKind.SavedBefore, out key);
            case "SAVEDON": return Day(SearchKind.SavedOn, out key);
            case "SAVEDSINCE": return Day(SearchKind.SavedSince, out key);
            case "LARGER": return Numeric(SearchKind.Larger, out key);
            case "SMALLER": return Numeric(SearchKind.Smaller, out key);
            case "OLDER": return Numeric(SearchKind.Older, out key) && key.Number > 0;
            case "YOUNGER": return Numeric(SearchKind.Younger, out key) && key.Number > 0;
            case "FROM": return Words(SearchKind.From, out key);
            case "TO": return Words(SearchKind.To, out key);
            case "CC": return Words(SearchKind.Cc, out key);
            case "BCC": return Words(SearchKind.Bcc, out key);
            case "SUBJECT": return Words(SearchKind.Subject, out key);
            case "BODY": return Words(SearchKind.Body, out key);
            case "TEXT": return Words(SearchKind.Text, out key);
            case "HEADER": return HeaderKey(out key);
            case "UID": return UidKey(out key);
            case "MODSEQ": return ModSeqKey(out key);
            case "EMAILID": return IdKey(SearchKind.EmailId, out key);
            case "THREADID": return IdKey(SearchKind.ThreadId, out key);
            // RFC 6203: FUZZY may match more; the exact key is one way to answer it.
            case "FUZZY":
                key = new(SearchKind.All);
                return Sp() && SearchKey(depth + 1, out key);
            case "NOT":
                key = new(SearchKind.All);
                if (!Sp() || !SearchKey(depth + 1, out var not)) return false;
                key = new(SearchKind.Not) { Keys = [not] };
                return true;
            case "OR":
                key = new(SearchKind.All);
                if (!Sp() || !SearchKey(depth + 1, out var left) || !Sp() || !SearchKey(depth + 1, out var right)) return false;
                key = new(SearchKind.Or) { Keys = [left, right] };
                return true;
            default:
                key = new(SearchKind.All);
                return false;
        }
    }

    private static SearchKey Has(SystemFlags flag, bool set)
    {
        var key = new SearchKey(SearchKind.System) { Flag = flag };
        return set ? key : new(SearchKind.Not) { Keys = [key] };
    }

    private bool KeywordKey(bool set, out SearchKey key)
    {
        key = new(SearchKind.All);
        if (!Sp() || !Atom(out var name)) return false;
        key = new(SearchKind.Keyword) { Value = AsText(name) };
        if (!set) key = new(SearchKind.Not) { Keys = [key] };
        return true;
    }

    private bool Day(SearchKind kind, out SearchKey key)
    {
        key = new(kind);
        if (!Sp() || !Date(out var day)) return false;
        key = key with { Number = day };
        return true;
    }

    private bool Numeric(SearchKind kind, out SearchKey key)
    {
        key = new(kind);
        if (!Sp() || !Number64(out var number)) return false;
        key = key with { Number = number };
        return true;
    }

    private bool Words(SearchKind kind, out SearchKey key)
    {
        key = new(kind);
        if (!Sp() || !AString(out var text)) return false;
        key = key with { Value = AsText(text) };
        return true;
    }

    private bool HeaderKey(out SearchKey key)
    {
        key = new(SearchKind.Header);
        if (!Sp() || !AString(out var field) || !Sp() || !AString(out var text)) return false;
        key = key with { Field = AsAscii(field), Value = AsText(text) };
        return true;
    }

    private bool UidKey(out SearchKey key)
    {
        key = new(SearchKind.Uids);
        if (!Sp() || !Sequence(out var set)) return false;
        key = key with { Set = set };
        return true;
    }

    // RFC 7162 §3.1.5: "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer
    private bool ModSeqKey(out SearchKey key)
    {
        key = new(SearchKind.ModSeq);
        if (!Sp()) return false;
        if (Peek == '"' && (!Quoted(out _) || !Sp() || !Atom(out _) || !Sp())) return false;
        if (!Number64(out var modSeq)) return false;
        key = key with { Number = modSeq };
        return true;
    }

    private bool IdKey(SearchKind kind, out SearchKey key)
    {
        key = new(kind);
        if (!Sp() || !AString(out var text)) return false;
        // An id that nobody has matches nothing.
        key = key with { Number = IdText.TryParse(AsAscii(text), out var id) ? id : -1 };
        return true;
    }
}
