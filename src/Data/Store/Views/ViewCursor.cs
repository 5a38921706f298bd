namespace Aviso.Store.Views;

/// <summary>A place in the entries of a view.</summary>
internal struct ViewCursor(ViewChunk[] chunks)
{
    private int _chunk;
    private int _index;

    public readonly bool AtEnd => _chunk == chunks.Length;

    public readonly uint Uid => chunks[_chunk][_index].Uid;

    /// <summary>The entry here; the place moves on.</summary>
    public Entry Take()
    {
        var entry = chunks[_chunk][_index];
        Skip(1);
        return entry;
    }

    /// <summary>Moves both over what two views share; false when nothing is shared here.</summary>
    public bool SkipShared(ref ViewCursor other)
    {
        if (AtEnd || other.AtEnd || _index != 0 || other._index != 0) return false;
        var (mine, theirs) = (chunks[_chunk], other.Chunk);
        var shared = ReferenceEquals(mine, theirs) ? mine.Count : mine.Shared(theirs);
        if (shared == 0) return false;
        Skip(shared);
        other.Skip(shared);
        return true;
    }

    private readonly ViewChunk Chunk => chunks[_chunk];

    private void Skip(int entries)
    {
        _index += entries;
        if (_index < chunks[_chunk].Count) return;
        (_chunk, _index) = (_chunk + 1, 0);
    }
}
