namespace Aviso.Jmap;

/// <summary>Slots in one order, four octets each, in pieces that versions share until something in them changes.</summary>
internal sealed class SlotOrder
{
    private const int Most = 1024;

    private readonly int[][] _pieces;
    private readonly int[] _starts;

    private SlotOrder(int[][] pieces)
    {
        _pieces = pieces;
        _starts = new int[pieces.Length];
        for (var i = 0; i < pieces.Length; i++)
        {
            _starts[i] = Count;
            Count += pieces[i].Length;
        }
    }

    public static SlotOrder Empty { get; } = new([]);

    public int Count { get; }

    public long Octets => (Count * 4L) + (_pieces.Length * 36L);

    public int this[int place]
    {
        get
        {
            var piece = Array.BinarySearch(_starts, place);
            if (piece < 0) piece = ~piece - 1;
            return _pieces[piece][place - _starts[piece]];
        }
    }

    /// <summary>Slots from a place on; backwards towards the first.</summary>
    public IEnumerable<int> From(int place, bool backwards = false)
    {
        if (place < 0 || place >= Count) yield break;
        var piece = Array.BinarySearch(_starts, place);
        if (piece < 0) piece = ~piece - 1;
        var index = place - _starts[piece];
        while (true)
        {
            yield return _pieces[piece][index];
            index += backwards ? -1 : 1;
            if (index >= 0 && index < _pieces[piece].Length) continue;
            piece += backwards ? -1 : 1;
            if (piece < 0 || piece == _pieces.Length) yield break;
            index = backwards ? _pieces[piece].Length - 1 : 0;
        }
    }

    /// <summary>The first place whose slot is not before what is looked for; <see cref="Count"/> when all are.</summary>
    /// <param name="compare">How a slot stands to what is looked for: below 0 before it.</param>
    public int Find(Func<int, int> compare)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (compare(this[middle]) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>The next version.</summary>
    /// <param name="removed">Slots of this version, with the rows they have in it.</param>
    /// <param name="added">Slots with the rows they have in the next; one may be in both.</param>
    /// <param name="before">Compares slots by rows of this version.</param>
    /// <param name="after">Compares slots by rows of the next; those that stay stand to one another as before.</param>
    public SlotOrder With(IReadOnlyCollection<int> removed, List<int> added, Comparison<int> before, Comparison<int> after)
    {
        if (removed.Count == 0 && added.Count == 0) return this;
        added.Sort(after);
        var gone = removed.ToHashSet();
        var touched = new bool[_pieces.Length];
        foreach (var slot in removed) touched[PieceOf(slot, before)] = true;
        var pieces = new List<int[]>(_pieces.Length + 1);
        var at = 0;
        for (var i = 0; i < _pieces.Length; i++)
        {
            // What comes before the next piece belongs to this one.
            var end = at;
            var next = at < added.Count ? FirstKept(i + 1, gone) : null;
            while (end < added.Count && (next is null || after(added[end], next.Value) < 0)) end++;
            if (end == at && !touched[i]) pieces.Add(_pieces[i]);
            else Merge(_pieces[i], gone, added, at, end, after, pieces);
            at = end;
        }
        if (at < added.Count) Merge([], gone, added, at, added.Count, after, pieces);
        return new([.. pieces]);
    }

    private int? FirstKept(int piece, HashSet<int> gone)
    {
        for (; piece < _pieces.Length; piece++)
            foreach (var slot in _pieces[piece])
                if (!gone.Contains(slot)) return slot;
        return null;
    }

    private int PieceOf(int slot, Comparison<int> before)
    {
        int low = 0, high = _pieces.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) >> 1;
            if (before(_pieces[middle][0], slot) <= 0) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private static void Merge(
        int[] piece, HashSet<int> gone, List<int> added, int at, int end, Comparison<int> after, List<int[]> into)
    {
        var merged = new List<int>(piece.Length + end - at);
        foreach (var slot in piece)
        {
            if (gone.Contains(slot)) continue;
            while (at < end && after(added[at], slot) < 0) merged.Add(added[at++]);
            merged.Add(slot);
        }
        while (at < end) merged.Add(added[at++]);
        Split(merged, into);
    }

    /// <summary>Pieces that are neither too long to copy nor so short that there are many.</summary>
    private static void Split(List<int> merged, List<int[]> into)
    {
        if (merged.Count == 0) return;
        if (into.Count > 0 && into[^1].Length + merged.Count <= Most / 2)
        {
            merged.InsertRange(0, into[^1]);
            into.RemoveAt(into.Count - 1);
        }
        var count = (merged.Count + Most - 1) / Most;
        for (var i = 0; i < count; i++)
        {
            var (from, to) = ((int)((long)merged.Count * i / count), (int)((long)merged.Count * (i + 1) / count));
            into.Add([.. merged.GetRange(from, to - from)]);
        }
    }
}
