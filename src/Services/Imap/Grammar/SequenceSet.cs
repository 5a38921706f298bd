using Aviso.Store;

namespace Aviso.Imap;

/// <summary>Inclusive range; from 1 to 2^32-1, <see cref="uint.MaxValue"/> may stand for "*".</summary>
internal readonly record struct NumberRange(uint First, uint Last);

/// <summary>
/// RFC 9051 §9 sequence-set: numbers or UIDs as sorted ranges that do not overlap, or "$" (RFC 5182). Work done with a set
/// is proportional to its ranges and to the messages it meets, never to the numbers it spans.
/// </summary>
internal sealed class SequenceSet
{
    /// <summary>More ranges than this is refused: a line of 64 KiB holds no more anyway.</summary>
    public const int MaxRanges = 100_000;

    private readonly List<NumberRange> _ranges;

    private SequenceSet(List<NumberRange> ranges, bool hasStar)
    {
        _ranges = ranges;
        HasStar = hasStar;
    }

    public static SequenceSet Saved { get; } = new([], false);

    public static SequenceSet Everything { get; } = new([new(1, uint.MaxValue)], true);

    public bool IsSaved => ReferenceEquals(this, Saved);

    /// <summary>A "*" stands somewhere: "n:*" also means the last message when n is beyond it.</summary>
    public bool HasStar { get; }

    /// <summary>Lowest number of the ranges that "*" ends, when <see cref="HasStar"/>.</summary>
    public IReadOnlyList<NumberRange> Ranges => _ranges;

    public static SequenceSet Of(List<NumberRange> ranges, bool hasStar = false)
    {
        ranges.Sort(static (a, b) => a.First.CompareTo(b.First));
        var kept = 0;
        for (var i = 1; i < ranges.Count; i++)
        {
            var last = ranges[kept];
            if (ranges[i].First <= last.Last || ranges[i].First == last.Last + 1)
                ranges[kept] = new(last.First, Math.Max(last.Last, ranges[i].Last));
            else ranges[++kept] = ranges[i];
        }
        if (ranges.Count > 0) ranges.RemoveRange(kept + 1, ranges.Count - kept - 1);
        return new(ranges, hasStar);
    }

    /// <summary>From UIDs in growing order.</summary>
    public static SequenceSet OfSorted(IEnumerable<uint> numbers)
    {
        var ranges = new List<NumberRange>();
        foreach (var n in numbers)
        {
            if (ranges.Count > 0 && ranges[^1].Last + 1 == n) ranges[^1] = ranges[^1] with { Last = n };
            else ranges.Add(new(n, n));
        }
        return new(ranges, false);
    }

    public bool Contains(uint number)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var range = _ranges[middle];
            if (number < range.First) high = middle - 1;
            else if (number > range.Last) low = middle + 1;
            else return true;
        }
        return false;
    }

    /// <summary>True when a plain number lies beyond the last message (RFC 9051 §9 seq-number: answer BAD).</summary>
    public bool ExceedsCount(int count) =>
        !IsSaved && _ranges.Count > 0 && _ranges[^1].Last > (uint)count && !HasStar;

    /// <summary>Index ranges (0-based, inclusive, sorted) of the messages in the view that the set names.</summary>
    public List<(int First, int Last)> Resolve(MailboxView view, bool uid)
    {
        var found = new List<(int First, int Last)>();
        if (view.Count == 0) return found;
        foreach (var range in _ranges)
        {
            var (first, last) = uid ? ByUid(view, range) : ByNumber(view, range);
            Add(found, first, last);
        }
        // RFC 9051 §9: "*" is the largest number in use, so "559:*" names it although 559 is larger.
        if (HasStar) Add(found, view.Count - 1, view.Count - 1);
        return found;
    }

    private static (int First, int Last) ByNumber(MailboxView view, NumberRange range) =>
        range.First > (uint)view.Count ? (0, -1) : ((int)range.First - 1, (int)Math.Min(range.Last, (uint)view.Count) - 1);

    private static (int First, int Last) ByUid(MailboxView view, NumberRange range)
    {
        var first = view.IndexOf(range.First);
        if (first < 0) first = ~first;
        var last = range.Last == range.First ? first : view.IndexOf(range.Last);
        if (range.Last == range.First)
            return first < view.Count && view[first].Uid == range.First ? (first, first) : (0, -1);
        if (last < 0) last = ~last - 1;
        return (first, last);
    }

    private static void Add(List<(int First, int Last)> found, int first, int last)
    {
        if (first > last) return;
        if (found.Count > 0 && first <= found[^1].Last + 1)
            found[^1] = (found[^1].First, Math.Max(found[^1].Last, last));
        else found.Add((first, last));
    }
}
