using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Aviso.Store.Commit;

namespace Aviso.Store.Views;

/// <summary>An entry in 40 octets; keywords stand beside the chunk, since most messages have none.</summary>
internal readonly record struct CompactEntry(
    long ModSeq, long Email, long InternalDate, uint Uid, uint SaveDate, uint Size, SystemFlags Flags);

/// <summary>
/// Up to <see cref="Most"/> entries. The array may be longer than the chunk: the one writer adds behind the end, where no older
/// chunk looks. Everything else copies.
/// </summary>
internal sealed class ViewChunk(CompactEntry[] entries, UInt128[]? keywords, int count, long maxModSeq)
{
    public const int Most = 1024;

    public int Count => count;

    public long MaxModSeq => maxModSeq;

    public uint FirstUid => entries[0].Uid;

    public uint LastUid => entries[count - 1].Uid;

    public int Octets => 64 + (entries.Length * 40) + (keywords is null ? 0 : keywords.Length * 16);

    public Entry this[int index]
    {
        get
        {
            ref readonly var entry = ref entries[index];
            return new(
                entry.Uid, new(entry.Flags, keywords is null ? 0 : keywords[index]), entry.ModSeq, new(entry.Email),
                entry.InternalDate, entry.SaveDate, entry.Size);
        }
    }

    /// <summary>How many entries both have in common at their beginning, as far as one look tells: the array is shared while nothing but
    /// new entries came.</summary>
    public int Shared(ViewChunk other) => ReferenceEquals(entries, other.Entries) ? Math.Min(count, other.Count) : 0;

    private CompactEntry[] Entries => entries;

    /// <summary>Octets of <see cref="Store"/>.</summary>
    public int StoredLength => 8 + (count * (Unsafe.SizeOf<CompactEntry>() + (keywords is null ? 0 : 16)));

    /// <summary>As it stands in memory, for <see cref="ViewFiles"/>: count, whether there are keywords, entries, keywords.</summary>
    public void Store(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, count);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], keywords is null ? 0 : 1);
        var octets = MemoryMarshal.AsBytes(entries.AsSpan(0, count));
        octets.CopyTo(to[8..]);
        if (keywords is not null) MemoryMarshal.AsBytes(keywords.AsSpan(0, count)).CopyTo(to[(8 + octets.Length)..]);
    }

    /// <summary>What <see cref="Store"/> wrote; null when it does not fit.</summary>
    public static ViewChunk? Load(ReadOnlySpan<byte> from)
    {
        if (from.Length < 8) return null;
        var (stored, hasWords) = (BinaryPrimitives.ReadInt32LittleEndian(from), BinaryPrimitives.ReadInt32LittleEndian(from[4..]) != 0);
        if (stored is < 1 or > Most || from.Length < 8 + (stored * (Unsafe.SizeOf<CompactEntry>() + (hasWords ? 16 : 0)))) return null;
        var loaded = new CompactEntry[stored];
        from.Slice(8, stored * Unsafe.SizeOf<CompactEntry>()).CopyTo(MemoryMarshal.AsBytes(loaded.AsSpan()));
        UInt128[]? words = null;
        if (hasWords)
        {
            words = new UInt128[stored];
            from.Slice(8 + (stored * Unsafe.SizeOf<CompactEntry>()), stored * 16).CopyTo(MemoryMarshal.AsBytes(words.AsSpan()));
        }
        long highest = 0;
        foreach (ref readonly var entry in loaded.AsSpan()) highest = Math.Max(highest, entry.ModSeq);
        return new(loaded, words, stored, highest);
    }

    public int FirstWithout(SystemFlags flag)
    {
        for (var i = 0; i < count; i++)
        {
            if ((entries[i].Flags & flag) == 0) return i;
        }
        return -1;
    }

    /// <summary>Index of the UID, or the complement of where it would stand.</summary>
    public int IndexOf(uint uid)
    {
        int low = 0, high = count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var there = entries[middle].Uid;
            if (there == uid) return middle;
            if (there < uid) low = middle + 1;
            else high = middle - 1;
        }
        return ~low;
    }

    public static ViewChunk Of(ReadOnlySpan<Entry> from)
    {
        var chunk = Empty(from.Length);
        foreach (ref readonly var entry in from) chunk = chunk.With(entry);
        return chunk;
    }

    public static ViewChunk Empty(int room) => new(new CompactEntry[room], null, 0, 0);

    /// <summary>With one more entry at the end. Only ever called on the newest version of a chunk.</summary>
    public ViewChunk With(in Entry entry)
    {
        var array = entries;
        var words = keywords;
        if (count == array.Length)
        {
            Array.Resize(ref array, Math.Min(Most, Math.Max(8, count * 2)));
            if (words is not null) Array.Resize(ref words, array.Length);
        }
        if (words is null && entry.Flags.Keywords != 0) words = new UInt128[array.Length];
        array[count] = Compact(entry);
        if (words is not null) words[count] = entry.Flags.Keywords;
        return new(array, words, count + 1, Math.Max(maxModSeq, entry.ModSeq));
    }

    /// <summary>With these entries' flags (all in this chunk) and without those removed; null when nothing is left.</summary>
    public ViewChunk? With(IReadOnlyDictionary<uint, Entry> changed, IReadOnlySet<uint> removed)
    {
        var kept = new List<Entry>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = this[i];
            if (removed.Contains(entry.Uid)) continue;
            kept.Add(changed.TryGetValue(entry.Uid, out var now) ? now : entry);
        }
        return kept.Count == 0 ? null : Of(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept));
    }

    private static CompactEntry Compact(in Entry entry) => new(
        entry.ModSeq, entry.Email.Value, entry.InternalDate, entry.Uid, (uint)Math.Clamp(entry.SaveDate, 0, uint.MaxValue),
        (uint)Math.Min(entry.Size, uint.MaxValue), entry.Flags.System);
}

/// <summary>One version of a mailbox; shares the chunks that did not change with the versions before it.</summary>
internal sealed class ViewSnapshot : MailboxView
{
    private readonly ViewChunk[] _chunks;
    private readonly int[] _starts;
    private readonly string[] _keywords;

    public ViewSnapshot(
        long account, long mailbox, uint uidValidity, uint uidNext, long highestModSeq, uint firstRecent, string[] keywords,
        ViewChunk[] chunks)
    {
        (Account, Mailbox, UidValidity, UidNext) = (account, new(mailbox), uidValidity, uidNext);
        (HighestModSeq, FirstRecentUid, _keywords, _chunks) = (highestModSeq, firstRecent, keywords, chunks);
        _starts = new int[chunks.Length];
        for (var i = 0; i < chunks.Length; i++)
        {
            _starts[i] = Count;
            Count += chunks[i].Count;
        }
    }

    public long Account { get; }

    public IReadOnlyList<ViewChunk> Chunks => _chunks;

    public override MailboxId Mailbox { get; }

    public override uint UidValidity { get; }

    public override uint UidNext { get; }

    public override long HighestModSeq { get; }

    public override int Count { get; }

    public override uint FirstRecentUid { get; }

    public override IReadOnlyList<string> Keywords => _keywords;

    /// <summary>About what it holds on the heap.</summary>
    public long Octets => 256 + _chunks.Sum(chunk => (long)chunk.Octets + 12);

    public override Entry this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            // A mailbox that lost nothing has full chunks: look there first.
            var chunk = index / ViewChunk.Most;
            if (_starts[chunk] != chunk * ViewChunk.Most || index - _starts[chunk] >= _chunks[chunk].Count)
            {
                chunk = Array.BinarySearch(_starts, index);
                if (chunk < 0) chunk = ~chunk - 1;
            }
            return _chunks[chunk][index - _starts[chunk]];
        }
    }

    public override IReadOnlyList<EntryNews> NewsSince(MailboxView? older)
    {
        if (older is not null && older.Mailbox != Mailbox) throw new ArgumentException("a view of another mailbox", nameof(older));
        var news = new List<EntryNews>();
        var (mine, theirs) = (new ViewCursor(_chunks), new ViewCursor(older is ViewSnapshot before ? before._chunks : []));
        while (!mine.AtEnd || !theirs.AtEnd)
        {
            if (mine.SkipShared(ref theirs)) continue;
            if (theirs.AtEnd || (!mine.AtEnd && mine.Uid < theirs.Uid)) news.Add(new(mine.Take(), IsGone: false));
            else if (mine.AtEnd || theirs.Uid < mine.Uid) news.Add(new(theirs.Take(), IsGone: true));
            else
            {
                // Every change of an entry gave it a new modseq.
                var (now, then) = (mine.Take(), theirs.Take());
                if (now.ModSeq != then.ModSeq) news.Add(new(now, IsGone: false));
            }
        }
        return news;
    }

    public override int FirstWithout(SystemFlags flag)
    {
        for (var i = 0; i < _chunks.Length; i++)
        {
            if (_chunks[i].FirstWithout(flag) is >= 0 and var at) return _starts[i] + at;
        }
        return -1;
    }

    public override int IndexOf(uint uid)
    {
        var chunk = ChunkOf(uid);
        if (chunk < 0) return ~0;
        var at = _chunks[chunk].IndexOf(uid);
        return at >= 0 ? _starts[chunk] + at : ~(_starts[chunk] + ~at);
    }

    /// <summary>Entries with a higher modseq; chunks without one are not looked into.</summary>
    public List<Entry> ChangedSince(long modSeq)
    {
        var changed = new List<Entry>();
        foreach (var chunk in _chunks)
        {
            if (chunk.MaxModSeq <= modSeq) continue;
            for (var i = 0; i < chunk.Count; i++)
                if (chunk[i] is var entry && entry.ModSeq > modSeq) changed.Add(entry);
        }
        return changed;
    }

    /// <summary>All UIDs below UIDNEXT that no entry has: what may have been expunged before the log begins.</summary>
    public List<uint> Missing()
    {
        var gone = new List<uint>();
        uint expected = 1;
        foreach (var chunk in _chunks)
        {
            for (var i = 0; i < chunk.Count; i++, expected++)
                for (var live = chunk[i].Uid; expected < live; expected++) gone.Add(expected);
        }
        for (; expected < UidNext; expected++) gone.Add(expected);
        return gone;
    }

    /// <summary>The next version. A delta that this one already has (it was read after the commit) changes nothing.</summary>
    public ViewSnapshot With(MailboxDelta delta)
    {
        var news = delta.HighestModSeq > HighestModSeq;
        if (!news && delta.FirstRecent <= FirstRecentUid && delta.Keywords is null) return this;
        var keywords = delta.Keywords is { } names && names.Length > _keywords.Length ? names : _keywords;
        return new(
            Account, Mailbox.Value, UidValidity, Math.Max(UidNext, delta.UidNext), Math.Max(HighestModSeq, delta.HighestModSeq),
            Math.Max(FirstRecentUid, delta.FirstRecent), keywords, news ? Follow(delta) : _chunks);
    }

    private ViewChunk[] Follow(MailboxDelta delta)
    {
        var chunks = new List<ViewChunk>(_chunks.Length + 1);
        chunks.AddRange(_chunks);
        // One commit may add an entry and change it: added first, then changed, then removed.
        foreach (var entry in delta.Added)
        {
            if (chunks.Count == 0 || chunks[^1].Count >= ViewChunk.Most) chunks.Add(ViewChunk.Empty(8));
            chunks[^1] = chunks[^1].With(entry);
        }
        if (delta.Changed.Count + delta.Removed.Count > 0) Rewrite(chunks, delta);
        return [.. chunks];
    }

    private static void Rewrite(List<ViewChunk> chunks, MailboxDelta delta)
    {
        var changed = new Dictionary<uint, Entry>();
        foreach (var entry in delta.Changed) changed[entry.Uid] = entry;
        var removed = new HashSet<uint>(delta.Removed);
        var uids = changed.Keys.Concat(removed).Order().ToArray();
        var at = 0;
        for (var i = 0; i < chunks.Count; i++)
        {
            while (at < uids.Length && uids[at] < chunks[i].FirstUid) at++;
            if (at == uids.Length) break;
            if (uids[at] > chunks[i].LastUid) continue;
            chunks[i] = chunks[i].With(changed, removed)!;
        }
        chunks.RemoveAll(chunk => chunk is null);
        MergeSmall(chunks);
    }

    /// <summary>Expunges leave small chunks; two neighbours that fit into half a chunk become one.</summary>
    private static void MergeSmall(List<ViewChunk> chunks)
    {
        for (var i = chunks.Count - 1; i > 0; i--)
        {
            if (chunks[i].Count + chunks[i - 1].Count > ViewChunk.Most / 2) continue;
            var merged = ViewChunk.Empty(chunks[i].Count + chunks[i - 1].Count);
            for (var n = 0; n < chunks[i - 1].Count; n++) merged = merged.With(chunks[i - 1][n]);
            for (var n = 0; n < chunks[i].Count; n++) merged = merged.With(chunks[i][n]);
            chunks[i - 1] = merged;
            chunks.RemoveAt(i);
        }
    }

    private int ChunkOf(uint uid)
    {
        int low = 0, high = _chunks.Length - 1, found = _chunks.Length == 0 ? -1 : 0;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            if (_chunks[middle].FirstUid <= uid)
            {
                found = middle;
                low = middle + 1;
            }
            else high = middle - 1;
        }
        return found;
    }
}
